// Which calls are cards and which are history. Rule: nothing here knows the page or the clock; `now` is an argument.

// A call is fresh for two minutes, as in the service.
export const FRESH_MS = 120_000;
export const MAX_CARDS = 5;

// A closed call is forgotten after a day.
const CLOSED_FOR_MS = 86_400_000;

/**
 * A telephone that the call rings; times are ISO 8601.
 * @typedef {{ name: string | null, extension: string | null, at: string, last: string }} Ring
 */

/** @typedef {{ text: string, by: string, at: string }} Note */

/**
 * A call as the API gives it; times are ISO 8601.
 * @typedef {object} Call
 * @property {number | null} id  null when the call is not in the journal
 * @property {number} cursor  grows with each change of a call
 * @property {string} at  the first ring
 * @property {string} last  the last ring
 * @property {string} received  the number as the VATS sent it
 * @property {string | null} number  E.164
 * @property {string | null} national
 * @property {string} kind
 * @property {import("../lib/api.js").CallerDetails | null} caller
 * @property {"exact" | "local" | "last_digits" | "ambiguous" | null} confidence
 * @property {string} region
 * @property {string} operator
 * @property {number} repeat  1 for the first call of the number in 10 minutes
 * @property {Ring[]} rings
 * @property {Note | null} note
 */

/**
 * Return the name by which the page knows a call: a call that is not in the journal has no id.
 * @param {Pick<Call, "id" | "received">} call
 */
export function nameOf(call) {
  return call.id === null ? `unwritten ${call.received}` : `${call.id}`;
}

export class CardModel {
  #isMine;
  /** @type {Map<string, Call>} */
  #calls = new Map();
  /** @type {Set<string>} */
  #pinned = new Set();

  /**
   * @param {Record<string, number>} closed  the calls closed in any tab: name → time in milliseconds
   * @param {(ring: Ring) => boolean} isMine  whether a telephone is one of the user's
   */
  constructor(closed, isMine) {
    this.closed = closed;
    this.#isMine = isMine;
  }

  /**
   * Add or update a call. Return whether it is new, or rings again after its card was closed.
   * @param {Call} call
   */
  put(call) {
    const name = nameOf(call);
    const known = this.#calls.get(name);
    // The stream and the answers to requests come in any order.
    if (!known || call.id === null || call.cursor >= known.cursor) {
      this.#calls.set(name, call);
    }
    const closedMs = this.closed[name] ?? Infinity;
    const isRingingAgain = call.rings.some((ring) => this.#isMine(ring) && Date.parse(ring.last) > closedMs);
    if (isRingingAgain) {
      delete this.closed[name];
    }
    return !known || isRingingAgain;
  }

  /** @param {string} name */
  has(name) {
    return this.#calls.has(name);
  }

  /**
   * Return a call; raises an error when there is none of the name.
   * @param {string} name
   */
  get(name) {
    const call = this.#calls.get(name);
    if (!call) {
      throw new Error(`There is no call ${name}`);
    }
    return call;
  }

  /**
   * @param {string} name
   * @param {number} now
   */
  isFresh(name, now) {
    return now - Date.parse(this.get(name).last) < FRESH_MS;
  }

  /**
   * @param {string} name
   * @param {number} now
   */
  close(name, now) {
    this.closed[name] = now;
    this.#pinned.delete(name);
    for (const [other, closedMs] of Object.entries(this.closed)) {
      if (now - closedMs > CLOSED_FOR_MS) {
        delete this.closed[other];
      }
    }
  }

  /**
   * Make a call of the history a card again, until it is closed.
   * @param {string} name
   */
  pin(name) {
    delete this.closed[name];
    this.#pinned.add(name);
  }

  /**
   * Return the names of the calls that are cards, the newest first. A card with unsaved text stays, whatever its age.
   * @param {number} now
   * @param {(name: string) => boolean} isTyped  whether a card of the page has unsaved text
   * @param {(name: string) => boolean} hasDraft  whether unsaved text remains from before the page was loaded
   */
  cards(now, isTyped, hasDraft) {
    const isOpen = (/** @type {string} */ name) =>
      !(name in this.closed) && (this.isFresh(name, now) || hasDraft(name));
    const cards = this.#newestFirst().filter(
      (name) => isTyped(name) || this.#pinned.has(name) || isOpen(name),
    );
    return cards.filter((name, place) => place < MAX_CARDS || isTyped(name) || hasDraft(name));
  }

  /**
   * Return the calls of the day, the newest first.
   * @param {number} now
   */
  today(now) {
    const day = new Date(now).toDateString();
    return this.#newestFirst()
      .map((name) => this.get(name))
      .filter((call) => new Date(call.last).toDateString() === day);
  }

  #newestFirst() {
    const startMs = (/** @type {string} */ name) => Date.parse(this.get(name).at);
    return [...this.#calls.keys()].sort((first, second) => startMs(second) - startMs(first));
  }
}
