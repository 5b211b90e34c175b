// The lists beside the cards: the calls of the day, and the calls that no user saw.

import { byId, cloneElement, find } from "../lib/dom.js";
import { callerText, numberText } from "./card-view.js";
import { formatTime, words } from "./words.js";

// A call that rang this lately may still be seen.
const STILL_RINGING_MS = 30_000;

/** @typedef {import("./card-model.js").Call} Call */

export class CallLists {
  #api;
  #pointer;
  #onOpen;
  /** Null until the service has answered. @type {Call[] | null} */
  #unseen = null;

  /**
   * @param {object} options
   * @param {import("../lib/api.js").Api} options.api
   * @param {import("../lib/pointer.js").Pointer} options.pointer
   * @param {(call: Call) => void} options.onOpen
   */
  constructor({ api, pointer, onOpen }) {
    this.#api = api;
    this.#pointer = pointer;
    this.#onOpen = onOpen;
    listenToTabs();
  }

  /** @param {Call[]} today */
  show(today) {
    this.#showList("today", today);
    if (this.#unseen) {
      this.#showList("unseen", this.#unseen);
    }
  }

  /**
   * Ask the service for the calls that no user saw.
   * @param {number} now
   */
  async loadUnseen(now) {
    /** @type {{ calls: Call[] | null }} */
    const { calls } = await this.#api.request("GET", "/api/v1/unseen").catch(() => ({ calls: null }));
    if (calls) {
      this.#unseen = calls.filter((call) => now - Date.parse(call.last) > STILL_RINGING_MS).reverse();
      byId("unseen-count").textContent = `${this.#unseen.length}`;
      byId("unseen-count").hidden = this.#unseen.length === 0;
      this.#showList("unseen", this.#unseen);
    }
  }

  /**
   * @param {string} id
   * @param {Call[]} calls
   */
  #showList(id, calls) {
    const panel = byId(id);
    const shown = JSON.stringify(calls);
    // A list that has not changed keeps its focus. A list under the pointer keeps its rows until the next tick.
    if (panel.dataset.shown === shown || (this.#pointer.control && panel.contains(this.#pointer.control))) {
      return;
    }
    panel.dataset.shown = shown;
    find(panel, ".calls").replaceChildren(...calls.map((call) => this.#row(call)));
    find(panel, ".hint").hidden = id === "today" && calls.length > 0;
  }

  /** @param {Call} call */
  #row(call) {
    const row = cloneElement("row", words);
    const more = [call.caller ? numberText(call) : "", call.note?.text];
    find(row, "time").textContent = formatTime(call.last);
    find(row, ".whose").textContent = callerText(call);
    find(row, ".more").textContent = more.filter(Boolean).join(" · ");
    find(row, "button").addEventListener("click", () => this.#onOpen(call));
    return row;
  }
}

function listenToTabs() {
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[role=tab]")]);
  const choose = (/** @type {HTMLElement} */ chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls") ?? "").hidden = tab !== chosen;
    }
  };
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", ({ key }) => {
      if (key === "ArrowLeft" || key === "ArrowRight") {
        // There are two tabs: both keys lead to the other one.
        const next = tabs[(place + 1) % tabs.length];
        choose(next);
        next.focus();
      }
    });
  });
}
