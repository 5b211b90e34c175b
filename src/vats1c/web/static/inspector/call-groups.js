// Which exchanges are one call: a SayName and the IncomingCalls that followed it form a group.
// Rule: nothing here knows the page.

// The page keeps no more groups: the oldest are dropped.
export const MAX_GROUPS = 500;
// An older refusal is no longer on top of the page.
const REFUSAL_SHOWN_MS = 3_600_000;

/**
 * An exchange as the lists of the API give it; `at` is an ISO 8601 time.
 * @typedef {object} Exchange
 * @property {number} id  grows with time
 * @property {string} at
 * @property {string} publication
 * @property {string | null} op
 * @property {string} outcome  "ok", or the reason of the refusal
 * @property {number} status
 * @property {string | null} soap
 * @property {string | null} namespace
 * @property {string} address  of the sender
 * @property {string | null} received  the number as the VATS sent it
 * @property {string | null} number  E.164
 * @property {string | null} key
 * @property {{ name: string, extension: string } | null} subscriber
 * @property {string | null} caller
 * @property {string | null} directory
 * @property {string | null} confidence
 * @property {number} elapsed_ms
 * @property {number | null} call_id
 * @property {string | null} fault  the deliberate fault of the answer
 * @property {number[]} together  ids of the other exchanges of the call
 * @property {string[]} codes  of the findings in the conformance report
 */

/**
 * The refusals with one outcome.
 * @typedef {{ outcome: string, count: number, last: Exchange }} RefusalGroup
 */

export class CallGroups {
  /** @type {Map<number, Exchange>} */
  #exchanges = new Map();
  /** Name of a group → ids of its exchanges. @type {Map<string, Set<number>>} */
  #groups = new Map();
  /** Id of an exchange → name of its group. @type {Map<number, string>} */
  #groupNames = new Map();
  /** Whether groups were dropped. */
  isCapped = false;

  /**
   * Add or update exchanges. Return the names of the groups that have changed or are gone.
   * @param {Exchange[]} exchanges
   */
  put(exchanges) {
    /** @type {Set<string>} */
    const changed = new Set();
    for (const exchange of exchanges) {
      this.#exchanges.set(exchange.id, exchange);
      const name = exchange.call_id === null ? `exchange ${exchange.id}` : `call ${exchange.call_id}`;
      this.#place(exchange.id, name, changed);
      // A SayName comes before its call has an id.
      for (const other of exchange.call_id === null ? [] : exchange.together) {
        if (this.#exchanges.has(other)) {
          this.#place(other, name, changed);
        }
      }
    }
    this.#dropOldest().forEach((name) => changed.add(name));
    return changed;
  }

  /**
   * Return the exchanges of a group, the oldest first; none when there is no such group.
   * @param {string} name
   */
  get(name) {
    const ids = [...(this.#groups.get(name) ?? [])].sort((first, second) => first - second);
    return ids.map((id) => /** @type {Exchange} */ (this.#exchanges.get(id)));
  }

  /**
   * Return the name of the group of an exchange.
   * @param {number} id
   */
  groupOf(id) {
    return this.#groupNames.get(id);
  }

  /** Return the names of the groups, the newest first. */
  names() {
    return [...this.#groups.keys()].sort((first, second) => this.firstId(second) - this.firstId(first));
  }

  /**
   * Return the id of the first exchange of a group, which gives the group its place among the others.
   * @param {string} name
   */
  firstId(name) {
    return Math.min(...(this.#groups.get(name) ?? []));
  }

  /**
   * Return the refusals of the last hour by outcome, the latest first. Deliberate faults are no refusals.
   * @param {number} now
   * @param {Record<string, number>} hidden  outcome → id of the last exchange that the user has hidden
   */
  refusals(now, hidden) {
    /** @type {Map<string, RefusalGroup>} */
    const groups = new Map();
    for (const exchange of this.#exchanges.values()) {
      const { id, outcome } = exchange;
      const isRefusal = outcome !== "ok" && !exchange.fault;
      if (isRefusal && now - Date.parse(exchange.at) < REFUSAL_SHOWN_MS && id > (hidden[outcome] ?? 0)) {
        const { count, last } = groups.get(outcome) ?? { count: 0, last: exchange };
        groups.set(outcome, { outcome, count: count + 1, last: id > last.id ? exchange : last });
      }
    }
    return [...groups.values()].sort((first, second) => second.last.id - first.last.id);
  }

  clear() {
    this.#exchanges.clear();
    this.#groups.clear();
    this.#groupNames.clear();
  }

  /**
   * Put an exchange into a group, and note in `changed` the groups that this changes.
   * @param {number} id
   * @param {string} name
   * @param {Set<string>} changed
   */
  #place(id, name, changed) {
    const previous = this.#groupNames.get(id);
    if (previous !== undefined && previous !== name) {
      this.#remove(id, previous);
      changed.add(previous);
    }
    this.#groupNames.set(id, name);
    this.#groups.set(name, (this.#groups.get(name) ?? new Set()).add(id));
    changed.add(name);
  }

  /**
   * @param {number} id
   * @param {string} name
   */
  #remove(id, name) {
    const ids = this.#groups.get(name);
    ids?.delete(id);
    if (ids?.size === 0) {
      this.#groups.delete(name);
    }
  }

  /** Drop the oldest groups beyond the maximum. Return their names. */
  #dropOldest() {
    if (this.#groups.size <= MAX_GROUPS) {
      return [];
    }
    const dropped = this.names().slice(MAX_GROUPS);
    for (const name of dropped) {
      for (const id of this.#groups.get(name) ?? []) {
        this.#exchanges.delete(id);
        this.#groupNames.delete(id);
      }
      this.#groups.delete(name);
    }
    this.isCapped = true;
    return dropped;
  }
}
