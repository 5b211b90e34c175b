// Deliberate faults: those that are on in a banner, a form to start one, and the numbers that cause one by themselves.

import { ApiError } from "../lib/api.js";
import { byId, el, find } from "../lib/dom.js";
import { formatPhone } from "../lib/phone.js";
import { formatTime, words } from "./words.js";

// Faults end by themselves, and other users start them too.
const POLL_INTERVAL_MS = 5_000;
/** By the key of its words. @type {Map<string, object>} */
const KINDS = new Map([
  ["hang", { fault: "hang" }],
  ["slow", { fault: "slow", delay_ms: 3_000 }],
  ["reset", { fault: "reset" }],
  ["truncated", { fault: "truncated" }],
  ["dribble", { fault: "dribble" }],
  ["fault", { fault: "fault" }],
  ["401", { fault: "status", status: 401 }],
  ["500", { fault: "status", status: 500 }],
  ["503", { fault: "status", status: 503 }],
  ["no-return", { fault: "no-return" }],
]);
/** The requests that a fault is for, by the key of the words. */
const SPANS = {
  one: { next: 1 },
  five: { next: 5 },
  half: { percent: 50, ends_after: 600 },
  all: { ends_after: 600 },
};

/**
 * A fault that is on, as the API gives it.
 * @typedef {object} Fault
 * @property {string} fault
 * @property {number} [status]
 * @property {string} [op]
 * @property {string} [number]
 * @property {string} [key]
 * @property {string} [at]
 * @property {number} [next]
 * @property {number} [every]
 * @property {number} [percent]
 * @property {number} [above]
 * @property {number} applied  number of answers that it has changed
 * @property {string} ends  ISO 8601 time
 */

export class Faults {
  #api;
  #onTrouble;

  /**
   * @param {import("../lib/api.js").Api} api
   * @param {(text: string, offersSignIn?: boolean) => void} onTrouble
   */
  constructor(api, onTrouble) {
    this.#api = api;
    this.#onTrouble = onTrouble;
    const kind = byId("break-kind", HTMLSelectElement);
    const span = byId("break-span", HTMLSelectElement);
    kind.replaceChildren(...[...KINDS.keys()].map((name) => new Option(words.fault_kinds[name], name)));
    span.replaceChildren(...spanNames().map((name) => new Option(words.fault_spans[name], name)));
    byId("break").addEventListener("submit", (event) => {
      event.preventDefault();
      const requests = SPANS[/** @type {keyof typeof SPANS} */ (span.value)];
      this.#change("POST", { json: { ...KINDS.get(kind.value), ...requests } });
    });
    byId("faults-end").addEventListener("click", () => this.#change("DELETE"));
  }

  /** Show the faults that are on, from now on. */
  start() {
    byId("breaking").hidden = false;
    this.#load();
    setInterval(() => {
      if (!document.hidden) {
        this.#load();
      }
    }, POLL_INTERVAL_MS);
  }

  async #load() {
    try {
      const { faults, magic } = await this.#api.request("GET", "/api/v1/faults");
      this.#show(faults);
      if (!byId("magic").childElementCount) {
        byId("magic").replaceChildren(...magic.map(testNumberElement));
      }
    } catch {
      // The state of the connection is shown on top of the page.
    }
  }

  /** @param {Fault[]} faults */
  #show(faults) {
    byId("faults").hidden = faults.length === 0;
    find(byId("faults"), "ul").replaceChildren(...faults.map((fault) => el("li", faultText(fault))));
  }

  /**
   * @param {"POST" | "DELETE"} method
   * @param {{ json?: object }} [options]
   */
  async #change(method, options = {}) {
    try {
      await this.#api.request(method, "/api/v1/faults", options);
      this.#onTrouble("");
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      this.#onTrouble(message, error instanceof ApiError && error.status === 401);
    }
    await this.#load();
  }
}

/** @returns {(keyof typeof SPANS)[]} */
function spanNames() {
  return /** @type {(keyof typeof SPANS)[]} */ (Object.keys(SPANS));
}

/**
 * Return a fault as a sentence: the fault, the requests that it is for, how many are left, and its end.
 * @param {Fault} fault
 */
export function faultText(fault) {
  const kind = words.fault_kinds[fault.status ?? fault.fault] ?? fault.fault;
  const requests = [fault.op, fault.number && formatPhone(fault.number), fault.key, fault.at].filter(Boolean);
  const end = words.fault_until(formatTime(fault.ends));
  return [kind, ...requests, shareText(fault), words.fault_applied(fault.applied), end].join(" · ");
}

/** @param {Fault} fault */
function shareText({ next, every, percent, above, applied }) {
  if (next) {
    return words.fault_left(next - applied);
  }
  if (every) {
    return words.fault_every(every);
  }
  if (percent !== undefined) {
    return words.fault_percent(percent);
  }
  return above !== undefined ? words.fault_above(above) : words.fault_all;
}

/** @param {{ number: string, what: string }} testNumber */
function testNumberElement({ number, what }) {
  const element = el("div");
  element.append(el("dt", formatPhone(number)), el("dd", what));
  return element;
}
