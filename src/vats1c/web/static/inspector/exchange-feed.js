// The exchanges as they come: a stream of events, or, where that does not come through, questions asked again and again.
// Rule: whatever breaks, it goes on after the last exchange that came, so none is missed.

import { ApiError } from "../lib/api.js";

const SILENCE = 40_000;
const POLLING = 60_000;
const PAUSES = [500, 1_000, 2_000, 5_000, 10_000];

export class Feed {
  // Calls `onExchanges(exchanges)`, and `onState(state)`: connecting, live, polling, lost or out.
  // `query` says which exchanges are wanted.
  constructor(api, query, cursor, onExchanges, onState) {
    this.api = api;
    this.query = query;
    this.cursor = cursor;
    this.onExchanges = onExchanges;
    this.onState = onState;
    this.ended = false;
    this.#follow();
  }

  end() {
    this.ended = true;
    this.source?.close();
    this.wake?.();
  }

  // Tries again at once.
  again() {
    this.wake?.();
  }

  #is(state) {
    if (!this.ended) {
      this.state = state;
      this.onState(state);
    }
  }

  #came({ exchanges = [], cursor = this.cursor }) {
    // It may be less than before: of another journal.
    this.cursor = cursor;
    if (!this.ended && exchanges.length) {
      this.onExchanges(exchanges);
    }
  }

  #asked(more = {}) {
    return new URLSearchParams({ ...this.query, ...more, after: this.cursor });
  }

  async #follow() {
    for (let failed = 0; !this.ended; ) {
      const heard = await this.#listen();
      failed = heard ? 0 : failed + 1;
      if (!this.ended && !heard && (await this.#poll())) {
        failed = 0;
        continue;
      }
      if (!this.ended) {
        await this.#pause(PAUSES[Math.min(failed, PAUSES.length - 1)]);
      }
    }
  }

  // Listens until the stream ends; tells whether it ever began.
  #listen() {
    return new Promise((end) => {
      const source = (this.source = new EventSource(`/api/v1/exchanges/events?${this.#asked()}`));
      let heard = false;
      let watch = 0;
      const over = (state) => {
        clearTimeout(watch);
        source.close();
        this.#is(state);
        end(heard);
      };
      const alive = () => {
        clearTimeout(watch);
        watch = setTimeout(() => over("lost"), SILENCE);
      };
      this.wake = () => over("lost");
      source.onerror = () => over(["out", "polling"].includes(this.state) ? this.state : "lost");
      for (const name of ["hello", "exchanges", "beat"]) {
        source.addEventListener(name, ({ data }) => {
          heard = true;
          alive();
          if (this.state !== "live") {
            this.#is("live");
          }
          this.#came(JSON.parse(data));
        });
      }
      source.addEventListener("bye", ({ data }) => {
        const { reason } = JSON.parse(data);
        over(reason === "expired" || reason === "signed-out" ? "out" : "lost");
      });
      alive();
    });
  }

  // Asks instead, for a while; tells whether that worked.
  async #poll() {
    const until = Date.now() + POLLING;
    try {
      do {
        const said = await this.api.ask("GET", `/api/v1/exchanges?${this.#asked({ wait: 10 })}`);
        this.#is("polling");
        this.#came(said ?? {});
      } while (Date.now() < until && !this.ended);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      this.#is(error.status === 401 ? "out" : "lost");
      return false;
    }
  }

  #pause(milliseconds) {
    return new Promise((wake) => {
      const timer = setTimeout(wake, milliseconds * (0.75 + Math.random() / 2));
      this.wake = () => {
        clearTimeout(timer);
        wake();
      };
    });
  }
}
