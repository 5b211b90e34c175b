// A stream of server-sent events, with long polling where a proxy lets no stream through.
// Rule: after any failure the feed goes on after the last event received, so that no event is missed.

import { ApiError } from "./api.js";

// The service sends a heartbeat every 15 s: a stream that is silent for longer than this is dead.
const MAX_SILENCE_MS = 40_000;
// The feed polls for this long before it tries to open a stream again.
const POLLING_MS = 60_000;
const RETRY_PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000];

/** @typedef {import("./api.js").Api} Api */

/**
 * "lost": no connection, the feed tries again. "out": the service wants the user to sign in.
 * @typedef {"connecting" | "live" | "polling" | "lost" | "out"} FeedState
 */

/**
 * What a feed follows.
 * @typedef {object} FeedSource
 * @property {string} eventName  name of the events that carry data; "hello" and "beat" come beside them
 * @property {(cursor: number) => string} streamUrl
 * @property {(cursor: number) => string} pollUrl
 * @property {(answer: any) => any[]} eventsOf  the data of the events that an answer to a poll stands for
 * @property {(cursor: number, data: any) => number} nextCursor  the cursor after an event with this data
 */

export class EventFeed {
  #api;
  #source;
  #onEvent;
  #onState;
  #ended = false;
  /** Ends the current pause, or the attempt to open a stream. @type {(() => void) | null} */
  #interrupt = null;

  /**
   * @param {object} options
   * @param {Pick<Api, "request">} options.api
   * @param {FeedSource} options.source
   * @param {number} options.cursor  the feed starts after this event
   * @param {FeedState} [options.state]
   * @param {(name: string, data: any) => void} options.onEvent
   * @param {(state: FeedState) => void} options.onState
   */
  constructor({ api, source, cursor, state = "connecting", onEvent, onState }) {
    this.#api = api;
    this.#source = source;
    this.#onEvent = onEvent;
    this.#onState = onState;
    this.cursor = cursor;
    this.state = state;
  }

  /** Follow the source until `end` is called. */
  async run() {
    let failures = 0;
    while (!this.#ended) {
      const { begun, interrupted } = await this.#listen();
      failures = begun ? 0 : failures + 1;
      if (interrupted) {
        continue;
      }
      // A stream that has ended is opened again; for one that never began, a poll tells the reason.
      if (!begun && (await this.#poll())) {
        failures = 0;
      } else if (!this.#ended) {
        await this.#pause(RETRY_PAUSES_MS[Math.min(failures, RETRY_PAUSES_MS.length - 1)]);
      }
    }
  }

  end() {
    this.#ended = true;
    this.#interrupt?.();
  }

  /** Open a new stream now, unless one is open or a poll is under way. */
  reconnect() {
    if (this.state !== "live") {
      this.#interrupt?.();
    }
  }

  /** @param {FeedState} state */
  #setState(state) {
    if (!this.#ended) {
      this.state = state;
      this.#onState(state);
    }
  }

  /**
   * @param {string} name
   * @param {any} data
   */
  #receive(name, data) {
    if (!this.#ended) {
      this.cursor = this.#source.nextCursor(this.cursor, data);
      this.#onEvent(name, data);
    }
  }

  /**
   * Follow the stream until it ends.
   * @returns {Promise<{ begun: boolean, interrupted: boolean }>}  whether any event came
   */
  #listen() {
    return new Promise((resolve) => {
      const stream = new EventSource(this.#source.streamUrl(this.cursor));
      let begun = false;
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      let silence;
      const close = (/** @type {FeedState} */ state, interrupted = false) => {
        this.#interrupt = null;
        clearTimeout(silence);
        stream.close();
        this.#setState(state);
        resolve({ begun, interrupted });
      };
      const expectEvent = () => {
        clearTimeout(silence);
        silence = setTimeout(() => close("lost"), MAX_SILENCE_MS);
      };
      // "out" and "polling" remain true until a stream begins.
      const stateWithoutStream = () =>
        this.state === "out" || this.state === "polling" ? this.state : "lost";
      this.#interrupt = () => close(stateWithoutStream(), true);
      stream.onerror = () => close(stateWithoutStream());
      for (const name of ["hello", this.#source.eventName, "beat"]) {
        stream.addEventListener(name, ({ data }) => {
          begun = true;
          expectEvent();
          if (this.state !== "live") {
            this.#setState("live");
          }
          this.#receive(name, JSON.parse(data));
        });
      }
      stream.addEventListener("bye", ({ data }) => {
        const { reason } = JSON.parse(data);
        close(reason === "expired" || reason === "signed-out" ? "out" : "lost");
      });
      expectEvent();
    });
  }

  /**
   * Poll for `POLLING_MS`.
   * @returns {Promise<boolean>}  whether every poll was answered
   */
  async #poll() {
    const until = Date.now() + POLLING_MS;
    try {
      do {
        const answer = await this.#api.request("GET", this.#source.pollUrl(this.cursor));
        this.#setState("polling");
        for (const data of answer ? this.#source.eventsOf(answer) : []) {
          this.#receive(this.#source.eventName, data);
        }
        // A journal that has replaced another counts from the start: the cursor may go back.
        this.cursor = answer?.cursor ?? this.cursor;
      } while (Date.now() < until && !this.#ended);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      this.#setState(error.status === 401 ? "out" : "lost");
      return false;
    }
  }

  /**
   * @param {number} pauseMs
   * @returns {Promise<void>}
   */
  #pause(pauseMs) {
    return new Promise((resolve) => {
      const finish = () => {
        this.#interrupt = null;
        clearTimeout(timer);
        resolve();
      };
      // Random, so that the pages do not all come back to a restarted service at one moment.
      const timer = setTimeout(finish, pauseMs * (0.75 + Math.random() / 2));
      this.#interrupt = finish;
    });
  }
}
