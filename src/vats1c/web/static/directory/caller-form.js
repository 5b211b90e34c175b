// The form of a caller, new or from the directory. The service checks it; an error never empties it.

import { ApiError, CALLER_FIELDS, isAbort } from "../lib/api.js";
import { Debounce } from "../lib/debounce.js";
import { button, cloneElement, el, find, showText } from "../lib/dom.js";
import { endAlike, formatPhone, looksLikePhone } from "../lib/phone.js";
import { parseNumbers } from "./caller-model.js";
import { words } from "./words.js";

const MAX_CHECKED_NUMBERS = 5;
const MAX_OWNERS = 5;
const CHECK_PAUSE_MS = 400;
const MIN_NUMBER_ROWS = 2;
const FORM_FIELDS = /** @type {const} */ (["numbers", ...CALLER_FIELDS]);

/** @typedef {import("../lib/api.js").Caller} Caller */
/** @typedef {import("./caller-model.js").CallerInput} CallerInput */
/** @typedef {HTMLInputElement | HTMLTextAreaElement} Control */

// The ids of the hints on the page are numbered.
let hintCount = 0;

export class CallerForm {
  #page;
  #caller;
  #onSave;
  #onClose;
  #onOpen;
  #isSaving = false;
  #checking = new Debounce((signal) => this.#showOwners(signal), CHECK_PAUSE_MS);

  /**
   * @param {import("./directory-page.js").DirectoryPage} page
   * @param {object} options
   * @param {Caller | null} [options.caller]  null for a new caller
   * @param {string} options.title
   * @param {(input: CallerInput) => Promise<void>} options.onSave  raises ApiError
   * @param {() => void} options.onClose
   * @param {(caller: Caller) => void} options.onOpen  takes another caller, who has one of the numbers
   */
  constructor(page, { caller = null, title, onSave, onClose, onOpen }) {
    this.#page = page;
    this.#caller = caller;
    this.#onSave = onSave;
    this.#onClose = onClose;
    this.#onOpen = onOpen;
    this.element = /** @type {HTMLFormElement} */ (cloneElement("caller-form", words));
    this.element.setAttribute("aria-label", title);
    find(this.element, "h2").textContent = title;
    FORM_FIELDS.forEach((name) => describeControl(this.#control(name)));
    this.#fill();
    this.element.addEventListener("submit", (event) => this.#submit(event));
    this.element.addEventListener("keydown", (event) => this.#pressKey(event));
    this.element.addEventListener("input", (event) => this.#noteInput(/** @type {Control} */ (event.target)));
    find(this.element, ".cancel").addEventListener("click", () => this.close());
  }

  get isEmpty() {
    return FORM_FIELDS.every((name) => !this.#valueOf(name));
  }

  /**
   * Put the text of a search into the field to which it belongs.
   * @param {string} text
   */
  begin(text) {
    this.#control(looksLikePhone(text) ? "numbers" : "name").value = text;
    this.#checking.now();
  }

  focus() {
    const [name, numbers] = [this.#control("name"), this.#control("numbers")];
    (name.value && !numbers.value ? numbers : name).focus();
  }

  close() {
    this.#checking.stop();
    this.#onClose();
  }

  /** @returns {CallerInput} */
  get #input() {
    return {
      numbers: parseNumbers(this.#control("numbers").value),
      name: this.#valueOf("name"),
      company: this.#valueOf("company"),
      category: this.#valueOf("category"),
      manager: this.#valueOf("manager"),
      note: this.#valueOf("note"),
    };
  }

  /** @param {string} name */
  #control(name) {
    return /** @type {Control} */ (this.element.elements.namedItem(name));
  }

  /** @param {string} name */
  #valueOf(name) {
    return this.#control(name).value.trim();
  }

  #fill() {
    for (const name of CALLER_FIELDS) {
      this.#control(name).defaultValue = this.#caller?.[name] ?? "";
    }
    const numbers = find(this.element, "[name=numbers]", HTMLTextAreaElement);
    const held = this.#caller?.numbers ?? [];
    numbers.defaultValue = held.map(formatPhone).join("\n");
    numbers.rows = Math.max(MIN_NUMBER_ROWS, held.length);
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#isSaving) {
      return;
    }
    this.#isSaving = true;
    this.element.ariaBusy = "true";
    this.#clearProblems();
    try {
      await this.#onSave(this.#input);
      this.#checking.stop();
    } catch (error) {
      this.#showProblem(error);
    } finally {
      this.#isSaving = false;
      this.element.ariaBusy = null;
    }
  }

  /** @param {unknown} error  an ApiError whose code is a field is shown at the field */
  #showProblem(error) {
    const field = error instanceof ApiError ? FORM_FIELDS.find((name) => name === error.code) : undefined;
    const control = field && this.#control(field);
    if (control) {
      control.ariaInvalid = "true";
      control.focus();
    }
    this.#page.showError(error, control ? problemOf(control) : find(this.element, ":scope > .problem"));
  }

  #clearProblems() {
    for (const name of FORM_FIELDS) {
      this.#clearProblem(this.#control(name));
    }
    showText(find(this.element, ":scope > .problem"));
  }

  /** @param {Control} control */
  #clearProblem(control) {
    control.ariaInvalid = null;
    showText(problemOf(control));
  }

  /** @param {Control} control */
  #noteInput(control) {
    this.#clearProblem(control);
    if (control.name === "numbers") {
      this.#checking.soon();
    }
  }

  /** @param {KeyboardEvent} event */
  #pressKey(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.element.requestSubmit();
    }
  }

  /**
   * Show the callers to whom the numbers belong already: the service calls a number of two callers ambiguous.
   * @param {AbortSignal} signal
   */
  async #showOwners(signal) {
    const held = this.#caller?.numbers ?? [];
    const isNew = (/** @type {string} */ number) =>
      looksLikePhone(number) && !held.some((own) => endAlike(own, number));
    const lines = [];
    for (const number of this.#input.numbers.filter(isNew).slice(0, MAX_CHECKED_NUMBERS)) {
      for (const owner of await this.#ownersOf(number, signal)) {
        const line = el("span", `${words.taken(number, owner.name)} `);
        line.append(button(words.open_it, () => this.#onOpen(owner), "quiet"));
        lines.push(line);
      }
    }
    find(this.element, ".taken").replaceChildren(...lines);
  }

  /**
   * @param {string} number
   * @param {AbortSignal} signal
   */
  async #ownersOf(number, signal) {
    try {
      const callers = await this.#page.api.findCallers(number, MAX_OWNERS, signal);
      const hasNumber = (/** @type {Caller} */ { numbers }) =>
        numbers.some((other) => endAlike(other, number));
      return callers.filter((caller) => caller.id !== this.#caller?.id && hasNumber(caller));
    } catch (error) {
      if (isAbort(error)) {
        throw error;
      }
      // The owners are a help only; an error shows when the form is saved.
      return [];
    }
  }
}

/** @param {Control} control */
function problemOf(control) {
  return find(fieldOf(control), ".problem");
}

/** @param {Control} control */
function fieldOf(control) {
  return /** @type {HTMLElement} */ (control.closest(".field"));
}

/**
 * Make screen readers read the hint and the problem of a field with the field.
 * @param {Control} control
 */
function describeControl(control) {
  const notes = [...fieldOf(control).querySelectorAll(".hint, .problem, .taken")];
  for (const note of notes) {
    hintCount += 1;
    note.id = `note-${hintCount}`;
  }
  control.setAttribute("aria-describedby", notes.map((note) => note.id).join(" "));
}
