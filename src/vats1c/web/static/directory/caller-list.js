// The callers of the directory: searched while the user types, and added. A row with unsaved text survives a search.

import { MAX_CALLERS, isAbort } from "../lib/api.js";
import { Debounce } from "../lib/debounce.js";
import { byId, find } from "../lib/dom.js";
import { CallerForm } from "./caller-form.js";
import { CallerRow } from "./caller-row.js";
import { words } from "./words.js";

const FIRST_LIMIT = 50;
const LIMIT_FACTOR = 4;

/** @typedef {import("../lib/api.js").Caller} Caller */

export class CallerList {
  #page;
  #text = byId("text", HTMLInputElement);
  #kept = byId("held");
  #found = byId("rows");
  #searching = new Debounce((signal) => this.#search(signal));
  #isAnswered = false;
  #limit = FIRST_LIMIT;
  /** @type {CallerRow[]} */
  #rows = [];
  /** The form of a new caller, null when it is closed. @type {CallerForm | null} */
  #newForm = null;
  /** @type {CallerRow | null} */
  #lastRemoved = null;

  /**
   * @param {import("./directory-page.js").DirectoryPage} page
   * @param {{ onImport: () => void }} options  `onImport` leads to the import of a file
   */
  constructor(page, { onImport }) {
    this.#page = page;
    this.#text.addEventListener("input", () => {
      this.#limit = FIRST_LIMIT;
      this.#searching.soon();
    });
    byId("finder").addEventListener("submit", (event) => {
      event.preventDefault();
      this.search();
    });
    byId("add").addEventListener("click", () => this.#showNewForm());
    byId("add-this").addEventListener("click", () => this.#showNewForm(this.#query));
    byId("to-import").addEventListener("click", onImport);
    byId("more").addEventListener("click", () => this.#showMore());
  }

  /** Search for the text in the field now. Return whether the service answered. */
  async search() {
    this.#isAnswered = false;
    await this.#searching.now();
    return this.#isAnswered;
  }

  /**
   * Show the form of a caller, also of one that the search did not find.
   * @param {Caller} caller
   */
  edit(caller) {
    const shown = this.#rows.find((row) => row.caller.id === caller.id && !row.isRemoved);
    (shown ?? this.#keep(this.#row(caller))).edit();
  }

  get #query() {
    return this.#text.value.trim();
  }

  /** @param {AbortSignal} signal */
  async #search(signal) {
    const table = byId("table");
    table.ariaBusy = "true";
    try {
      const callers = await this.#page.api.findCallers(this.#query, this.#limit, signal);
      this.#isAnswered = true;
      this.#page.hideTrouble();
      this.#render(callers);
    } catch (error) {
      if (isAbort(error)) {
        throw error;
      }
      this.#page.showTrouble(error, () => this.search());
    }
    table.ariaBusy = null;
  }

  async #showMore() {
    const shown = this.#rows.length;
    this.#limit = Math.min(MAX_CALLERS, this.#limit * LIMIT_FACTOR);
    await this.search();
    if (byId("more").hidden) {
      this.#rows[shown]?.focus();
    }
  }

  /** @param {Caller[]} callers */
  #render(callers) {
    // The caller removed last stays, to be put back: users often notice a mistake only at the next search.
    const kept = this.#rows.filter((row) => row.isEdited || (row.isRemoved && row === this.#lastRemoved));
    const keptIds = new Set(kept.map((row) => row.caller.id));
    const others = callers.filter((caller) => !keptIds.has(caller.id)).map((caller) => this.#row(caller));
    this.#kept.replaceChildren(...kept.map((row) => row.element));
    this.#found.replaceChildren(...others.map((row) => row.element));
    this.#rows = [...kept, ...others];
    this.#showCount(callers.length);
    this.#showTable();
  }

  /** @param {number} count  of the callers found */
  #showCount(count) {
    const isFull = count === this.#limit;
    const sentence = isFull ? words.first : this.#query ? words.found : words.all;
    byId("found").textContent =
      isFull && count === MAX_CALLERS ? words.too_many(count) : count ? sentence(count) : "";
    byId("more").hidden = !isFull || count === MAX_CALLERS;
    const title = this.#query ? words.nobody : words.nobody_yet;
    find(document, "#nobody h2").textContent = title;
    find(document, "#nobody p").textContent = this.#query ? "" : words.nobody_yet_hint;
    byId("nobody").hidden = count > 0;
    byId("add-this").textContent = this.#query ? words.add_this(this.#query) : words.add;
    byId("to-import").hidden = Boolean(this.#query);
    if (count === 0) {
      this.#page.announce(title);
    }
  }

  #showTable() {
    byId("table").hidden = this.#rows.length === 0;
  }

  /** @param {Caller} caller */
  #row(caller) {
    return new CallerRow(this.#page, caller, {
      onOpen: (other) => this.edit(other),
      onRemoved: (row) => (this.#lastRemoved = row),
    });
  }

  /**
   * Put a row on top of the table, where it stays whatever the search finds.
   * @param {CallerRow} row
   */
  #keep(row) {
    this.#rows.unshift(row);
    this.#kept.prepend(row.element);
    this.#showTable();
    return row;
  }

  /** Show the form of a new caller, with `text` in the field to which it belongs. */
  #showNewForm(text = "") {
    this.#newForm ??= this.#makeNewForm();
    if (text && this.#newForm.isEmpty) {
      this.#newForm.begin(text);
    }
    this.#newForm.focus();
  }

  #makeNewForm() {
    const form = new CallerForm(this.#page, {
      title: words.new_caller,
      onSave: (input) => this.#addCaller(input),
      onClose: () => this.#closeNewForm(),
      onOpen: (other) => this.edit(other),
    });
    byId("adding").replaceChildren(form.element);
    byId("add").ariaExpanded = "true";
    return form;
  }

  /** @param {import("./caller-model.js").CallerInput} input */
  async #addCaller(input) {
    const caller = await this.#page.api.addCaller(input);
    this.#page.announce(words.is_added(caller.name));
    this.#closeNewForm();
    this.#keep(this.#row(caller)).mark();
    byId("nobody").hidden = true;
  }

  #closeNewForm() {
    this.#newForm = null;
    byId("adding").replaceChildren();
    byId("add").ariaExpanded = "false";
    byId("add").focus();
  }
}
