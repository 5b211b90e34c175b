// The cards of the page, one below the other.
// Rule: a card appears below the open cards and leaves a gap when it goes. A click on its way to a button of a card must
// not hit the button of another caller.

import { byId, el, find } from "../lib/dom.js";
import { CardView } from "./card-view.js";

/** @typedef {import("./card-model.js").Call} Call */

export class CardColumn {
  #host;
  #pointer;
  #callOf;
  /** In the order of the page: the newest card is the last. @type {Map<string, CardView>} */
  #views = new Map();
  /** @type {Set<string>} */
  #folded = new Set();

  /**
   * @param {object} options
   * @param {import("./card-view.js").CardHost} options.host
   * @param {import("../lib/pointer.js").Pointer} options.pointer
   * @param {(name: string) => Call} options.callOf
   */
  constructor({ host, pointer, callOf }) {
    this.#host = host;
    this.#pointer = pointer;
    this.#callOf = callOf;
  }

  /** The names of the cards, the newest first. */
  get names() {
    return [...this.#views.keys()].reverse();
  }

  /** @param {string} name */
  isTyped(name) {
    return Boolean(this.#views.get(name)?.isTyped);
  }

  /**
   * Return whether the head of a card is in the window.
   * @param {string} name
   */
  isInSight(name) {
    const element = this.#views.get(name)?.element;
    if (!element) {
      return false;
    }
    const { top, bottom } = element.getBoundingClientRect();
    const headBottom = find(element, ".body").getBoundingClientRect().top || bottom;
    return top >= 0 && headBottom <= innerHeight;
  }

  /**
   * Show the cards of these names, given with the newest first.
   * @param {string[]} names
   */
  show(names) {
    for (const name of this.#views.keys()) {
      if (!names.includes(name)) {
        this.remove(name);
      }
    }
    for (const name of [...names].reverse()) {
      const view = this.#views.get(name) ?? this.#add(name);
      view.fold(this.#folded.has(name) && !view.element.contains(document.activeElement));
    }
    this.#closeGaps();
  }

  /**
   * Show the present state of a call on its card, if it has one.
   * @param {string} name
   */
  update(name) {
    this.#views.get(name)?.update(this.#callOf(name));
  }

  /**
   * Remove a card. A gap stays in its place until no click can be meant for the cards below.
   * @param {string} name
   */
  remove(name) {
    const element = this.#views.get(name)?.element;
    if (element) {
      const gap = el("div", "", "gap");
      gap.style.height = `${element.getBoundingClientRect().height}px`;
      element.replaceWith(gap);
    }
    this.#views.delete(name);
    this.#folded.delete(name);
  }

  /** @param {string[]} names */
  fold(names) {
    names.forEach((name) => this.#folded.add(name));
  }

  /** @param {string} name */
  toggleFold(name) {
    if (!this.#folded.delete(name)) {
      this.#folded.add(name);
    }
  }

  /** @param {string} name */
  unfold(name) {
    this.#folded.delete(name);
  }

  /**
   * Scroll to a card, to its top or as little as needed.
   * @param {string} name
   * @param {"start" | "nearest"} block
   */
  scrollTo(name, block) {
    this.#views.get(name)?.element.scrollIntoView({ block });
  }

  /** @param {string} name */
  focus(name) {
    this.#views.get(name)?.element.focus({ preventScroll: true });
  }

  /** @param {string} name */
  #add(name) {
    const view = new CardView(name, this.#callOf(name), this.#host);
    this.#views.set(name, view);
    byId("cards").append(view.element);
    return view;
  }

  #closeGaps() {
    const hasNoCards = this.#views.size === 0;
    if (!hasNoCards && !this.#pointer.allowsMoves) {
      return;
    }
    const gaps = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#cards > .gap")]);
    gaps.forEach((gap) => (gap.hidden = true));
    // The gaps stay if without them a control would come under the resting pointer.
    const canClose = hasNoCards || !this.#pointer.control;
    gaps.forEach((gap) => (canClose ? gap.remove() : (gap.hidden = false)));
  }
}
