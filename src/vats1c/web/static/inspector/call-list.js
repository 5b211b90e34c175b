// The list of calls, the newest first.

import { byId, cloneElement, find } from "../lib/dom.js";
import { fillRow } from "./rows.js";
import { words } from "./words.js";

/** @typedef {import("./call-groups.js").CallGroups} CallGroups */

export class CallList {
  #groups;
  #onChoose;
  #place = byId("rows");
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();

  /**
   * @param {CallGroups} groups
   * @param {(name: string) => void} onChoose
   */
  constructor(groups, onChoose) {
    this.#groups = groups;
    this.#onChoose = onChoose;
  }

  get isEmpty() {
    return this.#rows.size === 0;
  }

  clear() {
    this.#rows.clear();
    this.#place.replaceChildren();
  }

  /**
   * Show the present state of a group; its row goes when there is no such group.
   * @param {string} name
   */
  update(name) {
    const exchanges = this.#groups.get(name);
    if (exchanges.length === 0) {
      this.#rows.get(name)?.remove();
      this.#rows.delete(name);
      return;
    }
    fillRow(this.#rows.get(name) ?? this.#addRow(name), exchanges);
  }

  /**
   * Mark the row of a group as the chosen row.
   * @param {string | null} name
   */
  mark(name) {
    for (const button of this.#place.querySelectorAll("[aria-current]")) {
      button.removeAttribute("aria-current");
    }
    this.#button(name)?.setAttribute("aria-current", "true");
  }

  /** @param {string | null} name */
  focus(name) {
    this.#button(name)?.focus();
  }

  /**
   * Move the focus to another row.
   * @param {number} step  1 down, -1 up
   */
  moveFocus(step) {
    const buttons = /** @type {HTMLElement[]} */ ([...this.#place.querySelectorAll(".story")]);
    const from = buttons.findIndex((button) => button === document.activeElement);
    buttons[Math.min(Math.max(from + step, 0), buttons.length - 1)]?.focus();
  }

  /** @param {string | null} name */
  #button(name) {
    const row = name === null ? undefined : this.#rows.get(name);
    return row && find(row, "button");
  }

  /** @param {string} name */
  #addRow(name) {
    const row = cloneElement("row", words);
    find(row, "button").addEventListener("click", () => this.#onChoose(name));
    this.#rows.set(name, row);
    const order = this.#groups.firstId(name);
    row.dataset.order = `${order}`;
    // A new row is nearly always the first.
    let next = this.#place.firstElementChild;
    while (next instanceof HTMLElement && Number(next.dataset.order) > order) {
      next = next.nextElementSibling;
    }
    this.#place.insertBefore(row, next);
    return row;
  }
}
