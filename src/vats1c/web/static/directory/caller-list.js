// The callers of the directory: found as one types, added, and their rows kept while something is done in them.

import { MOST } from "../lib/api.js";
import { Pause } from "./directory-desk.js";
import { CallerForm } from "./caller-form.js";
import { CallerRow } from "./caller-row.js";

const FIRST = 50;
const STEP = 4;

export class CallerList {
  #answered = false;
  #limit = FIRST;
  #rows = [];
  #adding = null;
  #lastRemoved = null;

  constructor(desk, { toImport }) {
    this.desk = desk;
    this.text = desk.find("#text");
    this.held = desk.find("#held");
    this.rows = desk.find("#rows");
    this.searching = new Pause((signal) => this.#search(signal));
    this.text.addEventListener("input", () => {
      this.#limit = FIRST;
      this.searching.soon();
    });
    desk.find("#finder").addEventListener("submit", (event) => {
      event.preventDefault();
      this.search();
    });
    desk.find("#add").addEventListener("click", () => this.add());
    desk.find("#add-this").addEventListener("click", () => this.add(this.#wanted));
    desk.find("#to-import").addEventListener("click", toImport);
    desk.find("#more").addEventListener("click", () => this.#more());
  }

  // Ask for what is in the field now. Returns whether there was an answer.
  async search() {
    this.#answered = false;
    await this.searching.now();
    return this.#answered;
  }

  // Show the form of a new caller, with `text` in the field where it belongs.
  add(text = "") {
    this.#adding ??= this.#newForm();
    if (text && this.#adding.isEmpty) {
      this.#adding.begin(text);
    }
    this.#adding.focus();
  }

  // Show the form of a caller, whatever is searched for.
  edit(caller) {
    let row = this.#rows.find((one) => one.caller.id === caller.id && !one.isRemoved);
    if (!row) {
      row = this.#row(caller);
      this.#rows.unshift(row);
      this.held.prepend(row.element);
      this.#arrange();
    }
    row.edit();
  }

  get #wanted() {
    return this.text.value.trim();
  }

  async #search(signal) {
    const table = this.desk.find("#table");
    table.ariaBusy = "true";
    try {
      const found = await this.desk.api.find(this.#wanted, this.#limit, signal);
      this.#answered = true;
      this.desk.settled();
      this.#render(found);
    } catch (error) {
      if (error.name === "AbortError") {
        throw error;
      }
      this.desk.trouble(error, () => this.search());
    }
    table.ariaBusy = null;
  }

  async #more() {
    const shown = this.#rows.length;
    this.#limit = Math.min(MOST, this.#limit * STEP);
    await this.search();
    if (this.desk.find("#more").hidden) {
      this.#rows[shown]?.element.querySelector(".edit")?.focus();
    }
  }

  #render(found) {
    // A form stays, and so does the last caller removed: a slip is often seen only at the next search.
    const kept = this.#rows.filter((row) => row.form || (row.isRemoved && row === this.#lastRemoved));
    const keptIds = new Set(kept.map((row) => row.caller.id));
    const others = found.filter((caller) => !keptIds.has(caller.id)).map((caller) => this.#row(caller));
    this.held.replaceChildren(...kept.map((row) => row.element));
    this.rows.replaceChildren(...others.map((row) => row.element));
    this.#rows = [...kept, ...others];
    this.#say(found.length);
    this.#arrange();
  }

  #say(count) {
    const { words } = this.desk;
    const full = count === this.#limit;
    const told = full ? words.first : this.#wanted ? words.found : words.all;
    this.desk.find("#found").textContent = full && count === MOST ? words.too_many(count) : count ? told(count) : "";
    this.desk.find("#more").hidden = !full || count === MOST;
    const nobody = this.desk.find("#nobody");
    nobody.hidden = count > 0;
    nobody.querySelector("h2").textContent = this.#wanted ? words.nobody : words.nobody_yet;
    nobody.querySelector("p").textContent = this.#wanted ? "" : words.nobody_yet_hint;
    this.desk.find("#add-this").textContent = this.#wanted ? words.add_this(this.#wanted) : words.add;
    this.desk.find("#to-import").hidden = Boolean(this.#wanted);
    if (count === 0) {
      this.desk.announce(nobody.querySelector("h2").textContent);
    }
  }

  #arrange() {
    this.desk.find("#table").hidden = this.#rows.length === 0;
  }

  #row(caller) {
    return new CallerRow(this.desk, caller, {
      open: (other) => this.edit(other),
      removed: (row) => {
        this.#lastRemoved = row;
      },
    });
  }

  #newForm() {
    const form = new CallerForm(this.desk, {
      title: this.desk.words.new_caller,
      save: (given) => this.#added(given),
      leave: () => this.#closed(),
      open: (other) => this.edit(other),
    });
    this.desk.find("#adding").replaceChildren(form.element);
    this.desk.find("#add").ariaExpanded = "true";
    return form;
  }

  // Whether it fits what is searched for or not, who was added is shown first.
  async #added(given) {
    const caller = await this.desk.api.add(given);
    this.desk.announce(this.desk.words.is_added(caller.name));
    this.#closed();
    const row = this.#row(caller);
    this.#rows.unshift(row);
    this.held.prepend(row.element);
    row.mark();
    this.desk.find("#nobody").hidden = true;
    this.#arrange();
  }

  #closed() {
    this.#adding = null;
    this.desk.find("#adding").replaceChildren();
    this.desk.find("#add").ariaExpanded = "false";
    this.desk.find("#add").focus();
  }
}
