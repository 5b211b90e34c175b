// One feed of calls for all tabs of a browser: the elected tab follows the stream and passes its events to the others.

import { EventFeed } from "../lib/event-feed.js";

const LEASE_MS = 6_000;
const LEASE_CHECK_MS = 1_000;
// Another tab may take an expired lease at the same moment: the tab that still has it after this time is elected.
const LEASE_SETTLE_MS = 200;
const LEASE_KEY = "vats1c-lease";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("../lib/event-feed.js").FeedState} FeedState */

/** @type {import("../lib/event-feed.js").FeedSource} */
export const CALL_EVENTS = {
  eventName: "call",
  streamUrl: (cursor) => `/card/events?after=${cursor}`,
  pollUrl: (cursor) => `/api/v1/calls?after=${cursor}&wait=20`,
  eventsOf: ({ calls }) => calls,
  // A call that is not in the journal has the cursor 0, and processes may send their calls in any order.
  nextCursor: (cursor, data) => Math.max(cursor, data.cursor ?? 0),
};

/**
 * A message between tabs: an event, the state of the feed, or a request to the elected tab.
 * @typedef {{ name?: string, data?: any, state?: FeedState, asks?: true, again?: true }} TabMessage
 */

export class SharedFeed {
  #api;
  #onEvent;
  #onState;
  /** @type {FeedState} */
  #state = "connecting";
  /** The feed of the elected tab; null in the other tabs. @type {EventFeed | null} */
  #feed = null;
  #channel = new BroadcastChannel("vats1c");

  /**
   * @param {object} options
   * @param {Api} options.api
   * @param {number} options.cursor  the feed starts after this event
   * @param {(name: string, data: any) => void} options.onEvent
   * @param {(state: FeedState) => void} options.onState
   */
  constructor({ api, cursor, onEvent, onState }) {
    this.#api = api;
    this.#onEvent = onEvent;
    this.#onState = onState;
    this.cursor = cursor;
  }

  start() {
    this.#channel.onmessage = ({ data }) => this.#receiveMessage(data);
    this.#send({ asks: true });
    runWhenElected(() => this.#lead());
  }

  /**
   * Send an event to the other tabs.
   * @param {string} name
   * @param {any} data
   */
  publish(name, data) {
    this.#send({ name, data });
  }

  /** Try to connect now: the user has signed in or has come back. */
  reconnect() {
    if (this.#feed) {
      this.#feed.reconnect();
    } else {
      this.#send({ again: true });
    }
  }

  #lead() {
    this.#feed = new EventFeed({
      api: this.#api,
      source: CALL_EVENTS,
      cursor: this.cursor,
      state: this.#state,
      onEvent: (name, data) => {
        this.#receive(name, data);
        this.publish(name, data);
      },
      onState: (state) => {
        this.#setState(state);
        this.#send({ state });
      },
    });
    return this.#feed.run();
  }

  /** @param {TabMessage} message */
  #receiveMessage({ asks, again, state, name, data }) {
    if (asks && this.#feed) {
      this.#send({ state: this.#state });
    } else if (again && this.#feed) {
      this.#feed.reconnect();
    } else if (state && !this.#feed) {
      this.#setState(state);
    } else if (name) {
      this.#receive(name, data);
    }
  }

  /**
   * @param {string} name
   * @param {any} data
   */
  #receive(name, data) {
    this.cursor = CALL_EVENTS.nextCursor(this.cursor, data);
    this.#onEvent(name, data);
  }

  /** @param {FeedState} state */
  #setState(state) {
    this.#state = state;
    this.#onState(state);
  }

  /** @param {TabMessage} message */
  #send(message) {
    this.#channel.postMessage(message);
  }
}

/**
 * Run `lead` in one tab of the browser, and in another tab once that one is closed.
 * @param {() => Promise<void>} lead
 */
function runWhenElected(lead) {
  // Browsers have locks for pages that come by HTTPS only.
  if (navigator.locks) {
    navigator.locks.request("vats1c-stream", lead);
  } else {
    runWithLease(lead);
  }
}

/**
 * Elect a tab by a lease in the storage, which takes longer than a lock to pass to another tab.
 * @param {() => Promise<void>} lead
 */
function runWithLease(lead) {
  const tab = `${Math.random()}`;
  /** @returns {{ own?: string, until?: number }} */
  const lease = () => JSON.parse(localStorage.getItem(LEASE_KEY) ?? "{}");
  const renew = () =>
    localStorage.setItem(LEASE_KEY, JSON.stringify({ own: tab, until: Date.now() + LEASE_MS }));
  const timer = setInterval(() => {
    const { own, until = 0 } = lease();
    if (own !== tab && until > Date.now()) {
      return;
    }
    renew();
    if (own !== tab) {
      setTimeout(() => {
        if (lease().own === tab) {
          clearInterval(timer);
          setInterval(renew, LEASE_MS / 6);
          lead();
        }
      }, LEASE_SETTLE_MS);
    }
  }, LEASE_CHECK_MS);
  addEventListener("pagehide", () => {
    if (lease().own === tab) {
      localStorage.removeItem(LEASE_KEY);
    }
  });
}
