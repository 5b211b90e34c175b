// The numbers without a name that have called lately, the most frequent first.

import { isAbort } from "../lib/api.js";
import { Debounce } from "../lib/debounce.js";
import { byId, find } from "../lib/dom.js";
import { formatPhone } from "../lib/phone.js";
import { UnknownRow } from "./unknown-row.js";
import { words } from "./words.js";

/** @typedef {import("../lib/api.js").Caller} Caller */
/** @typedef {import("../lib/api.js").UnknownNumber} UnknownNumber */

export class UnknownNumbers {
  #page;
  #onNamed;
  #list = byId("numbers");
  #lastNamed = byId("named");
  #loading = new Debounce((signal) => this.#load(signal));
  /** @type {Map<string, UnknownRow>} */
  #rows = new Map();
  /** @type {Caller | null} */
  #lastCaller = null;

  /**
   * @param {import("./directory-page.js").DirectoryPage} page
   * @param {object} options
   * @param {() => void} options.onNamed
   * @param {(caller: Caller) => void} options.onComplete  takes a caller whose form is to be shown
   */
  constructor(page, { onNamed, onComplete }) {
    this.#page = page;
    this.#onNamed = onNamed;
    find(this.#lastNamed, "button").addEventListener("click", () => {
      if (this.#lastCaller) {
        onComplete(this.#lastCaller);
      }
    });
  }

  load() {
    return this.#loading.now();
  }

  /** @param {AbortSignal} signal */
  async #load(signal) {
    try {
      const numbers = await this.#page.api.unknownNumbers(signal);
      if (!signal.aborted) {
        this.#render(numbers);
      }
    } catch (error) {
      if (isAbort(error)) {
        throw error;
      }
      this.#page.showTrouble(error, () => this.load());
    }
  }

  /**
   * Show the numbers. A row moves only where the order has changed, and a row in which the user types stays in place.
   * @param {UnknownNumber[]} numbers
   */
  #render(numbers) {
    const gone = new Set(this.#rows.keys());
    /** @type {Element | null} */
    let previous = null;
    for (const unknown of numbers) {
      gone.delete(unknown.number);
      const row = this.#rows.get(unknown.number) ?? this.#addRow(unknown.number);
      row.show(unknown);
      /** @type {Element | null} */
      const place = previous ? previous.nextElementSibling : this.#list.firstElementChild;
      if (row.element !== place && !row.isTyped) {
        this.#list.insertBefore(row.element, place);
      }
      previous = row.element;
    }
    for (const number of gone) {
      if (!this.#rows.get(number)?.isTyped) {
        this.#removeRow(number);
      }
    }
    this.#showCount();
  }

  /** @param {string} number */
  #addRow(number) {
    const row = new UnknownRow(this.#page, number, (caller) => this.#finishNaming(number, caller));
    this.#rows.set(number, row);
    this.#list.append(row.element);
    return row;
  }

  /** @param {string} number */
  #removeRow(number) {
    this.#rows.get(number)?.element.remove();
    this.#rows.delete(number);
  }

  #showCount() {
    const count = this.#rows.size;
    byId("unknown-count").textContent = `${count}`;
    byId("unknown-count").hidden = count === 0;
    byId("none-unknown").hidden = count > 0;
    byId("unknown-hint").hidden = count === 0;
  }

  /**
   * @param {string} number
   * @param {Caller} caller
   */
  #finishNaming(number, caller) {
    const row = this.#rows.get(number)?.element;
    const next = row?.nextElementSibling ?? row?.previousElementSibling;
    this.#removeRow(number);
    this.#showCount();
    this.#lastCaller = caller;
    find(this.#lastNamed, "span").textContent = words.named(formatPhone(number), caller.name);
    this.#lastNamed.hidden = false;
    find(next ?? this.#lastNamed, next ? "input" : "button").focus();
    this.#onNamed();
  }
}
