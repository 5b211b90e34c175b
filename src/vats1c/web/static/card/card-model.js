// Which calls are cards and which are history. Rule: nothing here knows the page or the clock; `now` is given.

export const FRESH = 120_000;
export const MOST = 5;

const FORGET = 86_400_000;

// What names a call: a call that could not be written down has no id.
export function nameOf(call) {
  return call.id === null ? `unwritten ${call.received}` : `${call.id}`;
}

export class Calls {
  // `closed` keeps what was closed, in this tab or another: name → time, milliseconds.
  // `isMine(ring)` tells whether a phone is one of whoever looks.
  constructor(closed, isMine) {
    this.all = new Map();
    this.closed = closed;
    this.isMine = isMine;
    this.pinned = new Set();
  }

  // Takes a call as the service tells it; tells whether it had not been known.
  put(call) {
    const name = nameOf(call);
    const known = this.all.get(name);
    // What was asked for and what is told by itself may come in either order.
    if (!known || call.id === null || call.cursor >= known.cursor) {
      this.all.set(name, call);
    }
    // It rings again: whoever closed the card sees it once more.
    const again = call.rings.some((ring) => this.isMine(ring) && Date.parse(ring.last) > this.closed[name]);
    if (again) {
      delete this.closed[name];
    }
    return !known || again;
  }

  get(name) {
    return this.all.get(name);
  }

  isFresh(name, now) {
    return now - Date.parse(this.all.get(name).last) < FRESH;
  }

  close(name, now) {
    this.closed[name] = now;
    this.pinned.delete(name);
    for (const [one, at] of Object.entries(this.closed)) {
      if (now - at > FORGET) {
        delete this.closed[one];
      }
    }
  }

  // Opens a call of the history again, until it is closed.
  pin(name) {
    delete this.closed[name];
    this.pinned.add(name);
  }

  // The names of the calls that are cards, newest first; what somebody types in stays whatever its age, and so does
  // what was begun before the page was loaded.
  cards(now, isTyped, isBegun) {
    const isOpen = (name) => !(name in this.closed) && (this.isFresh(name, now) || isBegun(name));
    const cards = this.#newestFirst().filter((name) => isTyped(name) || this.pinned.has(name) || isOpen(name));
    return cards.filter((name, place) => place < MOST || isTyped(name) || isBegun(name));
  }

  // The names of the day's calls, newest first.
  today(now) {
    const day = new Date(now).toDateString();
    return this.#newestFirst().filter((name) => new Date(this.all.get(name).last).toDateString() === day);
  }

  #newestFirst() {
    const at = (name) => Date.parse(this.all.get(name).at);
    return [...this.all.keys()].sort((one, other) => at(other) - at(one));
  }
}
