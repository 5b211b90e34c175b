// One row of the table of callers: shown, edited, or removed and still there to be put back.

import { button, cloneElement, el, find, showText } from "../lib/dom.js";
import { formatPhone } from "../lib/phone.js";
import { language } from "../lib/words.js";
import { CallerForm } from "./caller-form.js";
import { changesOf, copyOf } from "./caller-model.js";
import { formatTime, words } from "./words.js";

const COLUMNS = 7;
const COPIED_MS = 1_500;

/** @typedef {import("../lib/api.js").Caller} Caller */

export class CallerRow {
  #page;
  #onOpen;
  #onRemoved;
  /** @type {CallerForm | null} */
  #form = null;
  isRemoved = false;

  /**
   * @param {import("./directory-page.js").DirectoryPage} page
   * @param {Caller} caller
   * @param {object} options
   * @param {(caller: Caller) => void} options.onOpen  takes another caller, whose form is to be shown
   * @param {(row: CallerRow) => void} options.onRemoved
   */
  constructor(page, caller, { onOpen, onRemoved }) {
    this.#page = page;
    this.caller = caller;
    this.#onOpen = onOpen;
    this.#onRemoved = onRemoved;
    this.element = this.#shownRow();
  }

  get isEdited() {
    return this.#form !== null;
  }

  /** Show the form of the caller. */
  edit() {
    if (!this.#form) {
      this.#form = new CallerForm(this.#page, {
        caller: this.caller,
        title: words.edit_of(this.caller.name),
        onSave: (input) => this.#save(input),
        onClose: () => this.#show(),
        onOpen: this.#onOpen,
      });
      this.#replaceElement(formRow(this.#form.element));
    }
    this.#form.focus();
  }

  /** Draw the user's eye to the row. */
  mark() {
    this.element.classList.add("fresh");
  }

  /** Put the focus on the first action of a row that is shown. */
  focus() {
    const edit = this.element.querySelector(".edit");
    if (edit instanceof HTMLElement) {
      edit.focus();
    }
  }

  /** @param {import("./caller-model.js").CallerInput} input */
  async #save(input) {
    const changes = changesOf(this.caller, input);
    if (Object.keys(changes).length > 0) {
      this.caller = await this.#page.api.changeCaller(this.caller.id, changes);
      this.#page.announce(words.saved(this.caller.name));
    }
    this.#show();
    this.mark();
  }

  async #remove() {
    const problem = find(this.element, ".problem");
    showText(problem);
    try {
      await this.#page.api.removeCaller(this.caller.id);
    } catch (error) {
      this.#page.showError(error, problem);
      return;
    }
    this.isRemoved = true;
    this.#replaceElement(this.#removedRow());
    find(this.element, "button").focus();
    this.#page.announce(words.removed(this.caller.name));
    this.#onRemoved(this);
  }

  async #putBack() {
    const problem = find(this.element, ".problem");
    showText(problem);
    try {
      this.caller = await this.#page.api.addCaller(copyOf(this.caller));
    } catch (error) {
      this.#page.showError(error, problem);
      return;
    }
    this.#show();
    this.mark();
    this.#page.announce(words.is_back(this.caller.name));
  }

  #show() {
    this.#form = null;
    this.isRemoved = false;
    this.#replaceElement(this.#shownRow());
    this.focus();
  }

  /** @param {HTMLElement} element */
  #replaceElement(element) {
    this.element.replaceWith(element);
    this.element = element;
  }

  #shownRow() {
    const { caller } = this;
    const row = cloneElement("caller-row", words);
    const cell = (/** @type {string} */ name) => find(row, `.${name}`);
    for (const name of /** @type {const} */ (["name", "company", "category", "manager", "note"])) {
      cell(name).textContent = caller[name];
    }
    cell("numbers").append(...caller.numbers.map((number) => this.#numberLine(number)));
    const time = find(row, "time", HTMLTimeElement);
    time.dateTime = caller.changed;
    time.textContent = formatTime(caller.changed);
    time.title = new Date(caller.changed).toLocaleString(language);
    cell("edit").setAttribute("aria-label", words.edit_of(caller.name));
    cell("edit").addEventListener("click", () => this.edit());
    cell("remove").setAttribute("aria-label", words.remove_of(caller.name));
    cell("remove").addEventListener(
      "click",
      oneAtATime(() => this.#remove()),
    );
    return row;
  }

  /** @param {string} number */
  #numberLine(number) {
    const line = el("span", "", "number");
    line.append(el("span", formatPhone(number)));
    // A page that comes by plain HTTP has no clipboard.
    if (navigator.clipboard) {
      const copy = button("", () => this.#copy(number, copy), "quiet copy");
      copy.setAttribute("aria-label", words.copy_of(formatPhone(number)));
      copy.title = words.copy;
      line.append(copy);
    }
    return line;
  }

  /**
   * @param {string} number
   * @param {HTMLElement} copyButton
   */
  async #copy(number, copyButton) {
    try {
      await navigator.clipboard.writeText(number);
    } catch {
      // A user who has forbidden the clipboard can still select the number.
      return;
    }
    copyButton.classList.add("done");
    setTimeout(() => copyButton.classList.remove("done"), COPIED_MS);
    this.#page.announce(words.copied);
  }

  #removedRow() {
    const row = cloneElement("removed-row", words);
    find(row, ".what").textContent = words.removed(this.caller.name);
    find(row, "button").addEventListener(
      "click",
      oneAtATime(() => this.#putBack()),
    );
    return row;
  }
}

/** @param {HTMLElement} form */
function formRow(form) {
  const row = el("tr", "", "edited");
  row.setAttribute("role", "row");
  const cell = el("td");
  cell.setAttribute("role", "cell");
  cell.colSpan = COLUMNS;
  cell.append(form);
  row.append(cell);
  return row;
}

/**
 * Return a function that does nothing while its work is under way: the second click of a double click is ignored.
 * @param {() => Promise<void>} work
 */
function oneAtATime(work) {
  let isBusy = false;
  return async () => {
    if (!isBusy) {
      isBusy = true;
      await work();
      isBusy = false;
    }
  };
}
