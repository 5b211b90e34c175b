// Callers without a name, the most frequent first: named in one line, or found to be somebody already known.

import { grouped } from "../lib/api.js";
import { Pause, button, element, tell } from "./directory-desk.js";
import { said } from "./words.js";

const FEWEST_LETTERS = 3;
const MOST_OFFERED = 3;

export class Unknown {
  #rows = new Map();

  // `named` is told that the directory has changed; `complete` is given a caller whose form is to be shown.
  constructor(desk, { named, complete }) {
    this.desk = desk;
    this.named = named;
    this.list = desk.find("#numbers");
    this.loading = new Pause((signal) => this.#load(signal));
    this.bar = desk.find("#named");
    this.bar.querySelector("button").addEventListener("click", () => complete(this.last));
  }

  load() {
    return this.loading.now();
  }

  async #load(signal) {
    let found = [];
    try {
      found = await this.desk.api.unknown(signal);
    } catch (error) {
      if (error.name === "AbortError") {
        throw error;
      }
      this.desk.trouble(error, () => this.load());
      return;
    }
    if (!signal.aborted) {
      this.#render(found);
    }
  }

  // Rows are kept, and moved only where their order changed: somebody may be typing in one.
  #render(found) {
    const gone = new Set(this.#rows.keys());
    let before = null;
    for (const one of found) {
      gone.delete(one.number);
      const row = this.#rows.get(one.number) ?? this.#row(one);
      row.show(one);
      const place = before ? before.nextElementSibling : this.list.firstElementChild;
      if (row.element !== place && !row.isTyped) {
        this.list.insertBefore(row.element, place);
      }
      before = row.element;
    }
    for (const number of gone) {
      if (!this.#rows.get(number).isTyped) {
        this.#forget(number);
      }
    }
    this.#count();
  }

  #row(one) {
    const row = new UnknownRow(this.desk, one.number, (caller) => this.#done(one.number, caller));
    this.#rows.set(one.number, row);
    this.list.append(row.element);
    return row;
  }

  #forget(number) {
    this.#rows.get(number).element.remove();
    this.#rows.delete(number);
  }

  #count() {
    const count = this.#rows.size;
    const badge = this.desk.find("#unknown-count");
    badge.textContent = count;
    badge.hidden = count === 0;
    this.desk.find("#none-unknown").hidden = count > 0;
    this.desk.find("#unknown-hint").hidden = count === 0;
  }

  #done(number, caller) {
    const { element: row } = this.#rows.get(number);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.#forget(number);
    this.#count();
    this.last = caller;
    this.bar.querySelector("span").textContent = this.desk.words.named(grouped(number), caller.name);
    this.bar.hidden = false;
    (next?.querySelector("input") ?? this.bar.querySelector("button")).focus();
    this.named();
  }
}

class UnknownRow {
  #offered = null;
  #busy = false;

  constructor(desk, number, done) {
    this.desk = desk;
    this.number = number;
    this.done = done;
    this.element = desk.stamp("unknown-row");
    this.input = this.element.querySelector("input");
    this.known = this.element.querySelector(".known");
    this.problem = this.element.querySelector(".problem");
    this.looking = new Pause((signal) => this.#look(signal));
    this.element.querySelector(".number").textContent = grouped(number);
    this.input.setAttribute("aria-label", desk.words.naming_of(grouped(number)));
    this.input.addEventListener("input", () => this.looking.soon());
    this.element.querySelector("form").addEventListener("submit", (event) => this.#submit(event));
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && this.#clear());
  }

  get isTyped() {
    return this.input.value !== "" || this.element.contains(document.activeElement);
  }

  show({ count, last, region, operator }) {
    const { words, language } = this.desk;
    const at = said(last, language);
    const when = `${words.times(count)}, ${count > 1 ? words.last(at) : at}`;
    this.element.querySelector(".calls").textContent = [when, region, operator].filter(Boolean).join(" · ");
  }

  get #name() {
    return this.input.value.trim();
  }

  #clear() {
    this.looking.stop();
    this.input.value = "";
    this.#offer([]);
    tell(this.problem);
  }

  // While a name is typed: the known callers it may be.
  async #look(signal) {
    tell(this.problem);
    if (this.#name.length < FEWEST_LETTERS) {
      this.#offer([]);
      return;
    }
    try {
      const found = await this.desk.api.find(this.#name, MOST_OFFERED, signal);
      this.#offer(found.map((caller) => this.#choice(caller)));
    } catch (error) {
      if (error.name === "AbortError") {
        throw error;
      }
      this.#offer([]);
    }
  }

  #submit(event) {
    event.preventDefault();
    this.looking.stop();
    if (this.#name) {
      this.#work(() => this.#put(this.#name));
    }
  }

  // A name is written down at once, unless the number or the very name is there: then it is asked first.
  async #put(name) {
    if (this.#offered !== name) {
      const choices = await this.#same(name);
      this.#offered = name;
      if (choices.length > 0) {
        this.#offer(choices);
        return null;
      }
    }
    return this.desk.api.add({ numbers: [this.number], name });
  }

  async #same(name) {
    const { api, words } = this.desk;
    const [owners, namesakes] = await Promise.all([
      api.find(this.number, MOST_OFFERED),
      api.find(name, MOST_OFFERED),
    ]);
    const owned = owners.filter((caller) => caller.numbers.includes(this.number));
    const taken = owned.map((caller) => {
      const line = element("span", `${words.taken(grouped(this.number), caller.name)} `);
      line.append(this.#attaching(words.it_is(caller.name), caller));
      return line;
    });
    const alike = namesakes.filter((caller) => folded(caller.name) === folded(name) && !owned.includes(caller));
    return [...taken, ...alike.map((caller) => this.#choice(caller))];
  }

  #choice(caller) {
    const whose = [caller.name, caller.company].filter(Boolean).join(", ");
    return this.#attaching(this.desk.words.belongs_to(whose), caller);
  }

  #attaching(text, caller) {
    return button(text, () => this.#work(() => this.desk.api.attach(caller.id, this.number)), "choice");
  }

  #offer(choices) {
    this.known.replaceChildren(...choices);
  }

  async #work(work) {
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    this.element.ariaBusy = "true";
    tell(this.problem);
    try {
      const caller = await work();
      if (caller) {
        this.done(caller);
      }
    } catch (error) {
      this.desk.explain(error, this.problem);
    } finally {
      this.#busy = false;
      this.element.ariaBusy = null;
    }
  }
}

function folded(text) {
  return text.toLowerCase().replaceAll("ё", "е").split(/\s+/).join(" ");
}
