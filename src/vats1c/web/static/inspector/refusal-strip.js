// The refusals of the last hour on top of the page, until the user hides them.

import { byId, find } from "../lib/dom.js";
import { refusalLine } from "./rows.js";
import { outcomeWords, words } from "./words.js";

/** @typedef {import("./call-groups.js").RefusalGroup} RefusalGroup */

export class RefusalStrip {
  #groups;
  #onShow;
  #place = byId("refusals");
  /** Outcome → id of the last refusal that the user has hidden. @type {Record<string, number>} */
  #hidden = {};

  /**
   * @param {import("./call-groups.js").CallGroups} groups
   * @param {(id: number) => void} onShow  takes the id of an exchange
   */
  constructor(groups, onShow) {
    this.#groups = groups;
    this.#onShow = onShow;
  }

  draw() {
    const groups = this.#groups.refusals(Date.now(), this.#hidden);
    const shown = JSON.stringify(groups.map(({ outcome, count, last }) => [outcome, count, last.id]));
    if (shown === this.#place.dataset.shown) {
      return;
    }
    this.#place.dataset.shown = shown;
    this.#place.hidden = groups.length === 0;
    find(this.#place, "ul").replaceChildren(...groups.map((group) => this.#line(group)));
    byId("announced").textContent = groups.length
      ? `${words.refusals}: ${outcomeWords(groups[0].outcome)[0]}`
      : "";
  }

  /** @param {RefusalGroup} group */
  #line(group) {
    return refusalLine(
      group,
      () => this.#onShow(group.last.id),
      () => this.#hide(group),
    );
  }

  /**
   * Hide the refusals with one outcome until the next of them.
   * @param {RefusalGroup} group
   */
  #hide({ outcome, last }) {
    this.#hidden[outcome] = last.id;
    this.draw();
  }
}
