// Which exchanges are one call: a SayName and the IncomingCalls that followed it are one story.
// Rule: nothing here knows the page.

export const MOST = 500;
// A refused request that came before is an old story, milliseconds.
const LATELY = 3_600_000;

export class Stories {
  constructor() {
    this.exchanges = new Map();
    this.stories = new Map();
    this.nameOf = new Map();
  }

  // Takes exchanges as the service tells them; returns the names of the stories that are others now.
  put(exchanges) {
    const changed = new Set();
    for (const one of exchanges) {
      this.exchanges.set(one.id, one);
      const name = one.call_id === null ? `exchange ${one.id}` : `call ${one.call_id}`;
      this.#place(one.id, name, changed);
      // Its SayName came before the call had a name.
      for (const other of one.call_id === null ? [] : one.together) {
        if (this.exchanges.has(other)) {
          this.#place(other, name, changed);
        }
      }
    }
    for (const name of this.#oldest()) {
      changed.add(name);
    }
    return changed;
  }

  // The exchanges of a story, oldest first; null when it is none any more.
  get(name) {
    const ids = this.stories.get(name);
    return ids ? [...ids].sort((one, other) => one - other).map((id) => this.exchanges.get(id)) : null;
  }

  storyOf(id) {
    return this.nameOf.get(id);
  }

  // The names of all stories, the newest first.
  names() {
    return [...this.stories.keys()].sort((one, other) => this.#first(other) - this.#first(one));
  }

  // Where a story stands among the others.
  order(name) {
    return this.#first(name);
  }

  // Refused requests of the last hour by outcome, the latest first, that came after what was hidden.
  refusals(now, hidden) {
    const found = new Map();
    for (const one of this.exchanges.values()) {
      // What goes wrong on purpose is nobody's mistake.
      if (one.outcome !== "ok" && !one.fault && now - Date.parse(one.at) < LATELY && one.id > (hidden[one.outcome] ?? 0)) {
        const group = found.get(one.outcome) ?? { outcome: one.outcome, count: 0, last: one };
        found.set(one.outcome, { ...group, count: group.count + 1, last: one.id > group.last.id ? one : group.last });
      }
    }
    return [...found.values()].sort((one, other) => other.last.id - one.last.id);
  }

  clear() {
    this.exchanges.clear();
    this.stories.clear();
    this.nameOf.clear();
  }

  #first(name) {
    return Math.min(...this.stories.get(name));
  }

  #place(id, name, changed) {
    const before = this.nameOf.get(id);
    if (before !== undefined && before !== name) {
      this.#take(id, before);
      changed.add(before);
    }
    this.nameOf.set(id, name);
    this.stories.set(name, (this.stories.get(name) ?? new Set()).add(id));
    changed.add(name);
  }

  #take(id, name) {
    const ids = this.stories.get(name);
    ids.delete(id);
    if (ids.size === 0) {
      this.stories.delete(name);
    }
  }

  // Forgets the oldest stories beyond the most that are kept, and returns their names.
  #oldest() {
    if (this.stories.size <= MOST) {
      return [];
    }
    const gone = this.names().slice(MOST);
    for (const name of gone) {
      for (const id of this.stories.get(name)) {
        this.exchanges.delete(id);
        this.nameOf.delete(id);
      }
      this.stories.delete(name);
    }
    this.capped = true;
    return gone;
  }
}
