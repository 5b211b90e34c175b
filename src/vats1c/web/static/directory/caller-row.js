// One row of the table of callers: shown, being edited, or removed and not yet forgotten.

import { changesOf, copyOf, grouped } from "../lib/api.js";
import { button, element, tell } from "./directory-desk.js";
import { CallerForm } from "./caller-form.js";
import { said } from "./words.js";

export class CallerRow {
  // `open` is given a caller whose form is to be shown; `removed` is told that this one was taken out.
  constructor(desk, caller, { open, removed }) {
    this.desk = desk;
    this.caller = caller;
    this.open = open;
    this.removed = removed;
    this.form = null;
    this.isRemoved = false;
    this.element = this.#shown();
  }

  edit() {
    if (!this.form) {
      this.form = new CallerForm(this.desk, {
        caller: this.caller,
        title: this.desk.words.edit_of(this.caller.name),
        save: (given) => this.#save(given),
        leave: () => this.#show(),
        open: this.open,
      });
      this.#become(this.#holding(this.form.element));
    }
    this.form.focus();
  }

  // Drawn to the eye: just added, or changed.
  mark() {
    this.element.classList.add("fresh");
  }

  async #save(given) {
    const changes = changesOf(this.caller, given);
    if (Object.keys(changes).length > 0) {
      this.caller = await this.desk.api.change(this.caller.id, changes);
      this.desk.announce(this.desk.words.saved(this.caller.name));
    }
    this.#show();
    this.mark();
  }

  async #remove() {
    const problem = this.element.querySelector(".problem");
    tell(problem);
    try {
      await this.desk.api.remove(this.caller.id);
    } catch (error) {
      this.desk.explain(error, problem);
      return;
    }
    this.isRemoved = true;
    this.#become(this.#gone());
    this.element.querySelector("button").focus();
    this.desk.announce(this.desk.words.removed(this.caller.name));
    this.removed(this);
  }

  async #putBack() {
    const problem = this.element.querySelector(".problem");
    tell(problem);
    try {
      this.caller = await this.desk.api.add(copyOf(this.caller));
    } catch (error) {
      this.desk.explain(error, problem);
      return;
    }
    this.#show();
    this.mark();
    this.desk.announce(this.desk.words.is_back(this.caller.name));
  }

  #show() {
    this.form = null;
    this.isRemoved = false;
    this.#become(this.#shown());
    this.element.querySelector(".edit").focus();
  }

  #become(row) {
    this.element.replaceWith(row);
    this.element = row;
  }

  #shown() {
    const { caller, desk } = this;
    const row = desk.stamp("caller-row");
    const cell = (name) => row.querySelector(`.${name}`);
    for (const name of ["name", "company", "category", "manager", "note"]) {
      cell(name).textContent = caller[name];
    }
    cell("numbers").append(...caller.numbers.map((number) => this.#number(number)));
    const time = row.querySelector("time");
    time.dateTime = caller.changed;
    time.textContent = said(caller.changed, desk.language);
    time.title = new Date(caller.changed).toLocaleString(desk.language);
    const edit = cell("edit");
    edit.setAttribute("aria-label", desk.words.edit_of(caller.name));
    edit.addEventListener("click", () => this.edit());
    const remove = cell("remove");
    remove.setAttribute("aria-label", desk.words.remove_of(caller.name));
    remove.addEventListener("click", once(() => this.#remove()));
    return row;
  }

  #number(number) {
    const line = element("span", "", "number");
    line.append(element("span", grouped(number)));
    // Browsers have no clipboard for pages that come by plain http.
    if (navigator.clipboard) {
      const copy = button("", () => this.#copy(number, copy), "quiet copy");
      copy.setAttribute("aria-label", this.desk.words.copy_of(grouped(number)));
      copy.title = this.desk.words.copy;
      line.append(copy);
    }
    return line;
  }

  async #copy(number, by) {
    try {
      await navigator.clipboard.writeText(number);
    } catch {
      // Whoever forbade the clipboard can still select the number.
      return;
    }
    by.classList.add("done");
    setTimeout(() => by.classList.remove("done"), 1_500);
    this.desk.announce(this.desk.words.copied);
  }

  #holding(form) {
    const row = element("tr", "", "edited");
    row.setAttribute("role", "row");
    const cell = element("td", "");
    cell.setAttribute("role", "cell");
    cell.colSpan = 7;
    cell.append(form);
    row.append(cell);
    return row;
  }

  #gone() {
    const row = this.desk.stamp("removed-row");
    row.querySelector(".what").textContent = this.desk.words.removed(this.caller.name);
    row.querySelector("button").addEventListener("click", once(() => this.#putBack()));
    return row;
  }
}

// What was clicked twice is done once.
function once(work) {
  let busy = false;
  return async () => {
    if (!busy) {
      busy = true;
      await work();
      busy = false;
    }
  };
}
