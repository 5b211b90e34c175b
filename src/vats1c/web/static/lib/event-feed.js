// One stream of events for all the tabs of a browser: one tab listens, and tells the others.
// Rule: whatever breaks, listening starts again after the last event that came, so no call is missed.

import { ApiError } from "./api.js";

const SILENCE = 40_000;
const POLLING = 60_000;
const PAUSES = [500, 1_000, 2_000, 5_000, 10_000];
const LEASE = 6_000;

export class Feed {
  // Calls `onEvent(name, data)` for every event and `onState(state)`: connecting, live, polling, lost or out.
  constructor(api, cursor, onEvent, onState) {
    this.api = api;
    this.cursor = cursor;
    this.onEvent = onEvent;
    this.onState = onState;
    this.state = "connecting";
    this.leading = false;
    this.channel = new BroadcastChannel("vats1c");
    this.channel.onmessage = ({ data }) => this.#told(data);
    this.channel.postMessage({ asks: true });
    elected(() => this.#lead());
  }

  // Tells the other tabs.
  tell(name, data) {
    this.channel.postMessage({ name, data });
  }

  // Tries again at once: somebody signed in, or came back.
  again() {
    if (this.leading) {
      this.wake?.();
    } else {
      this.channel.postMessage({ again: true });
    }
  }

  #told({ asks, again, state, name, data }) {
    if (asks && this.leading) {
      this.channel.postMessage({ state: this.state });
    } else if (again && this.leading) {
      this.wake?.();
    } else if (state && !this.leading) {
      this.#is(state);
    } else if (name) {
      this.#came(name, data);
    }
  }

  #is(state) {
    this.state = state;
    this.onState(state);
    if (this.leading) {
      this.channel.postMessage({ state });
    }
  }

  #came(name, data) {
    this.cursor = Math.max(this.cursor, data.cursor ?? 0);
    this.onEvent(name, data);
  }

  #heard(name, data) {
    this.#came(name, data);
    this.tell(name, data);
  }

  async #lead() {
    this.leading = true;
    for (let failed = 0; ; ) {
      const heard = await this.#listen();
      failed = heard ? 0 : failed + 1;
      // A stream that ended may simply be opened again; one that never began is looked into.
      if (!heard && (await this.#poll())) {
        failed = 0;
        continue;
      }
      await this.#pause(PAUSES[Math.min(failed, PAUSES.length - 1)]);
    }
  }

  // Listens until the stream ends; tells whether it ever began.
  #listen() {
    return new Promise((end) => {
      const source = new EventSource(`/card/events?after=${this.cursor}`);
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
      // Whoever is out, or asks instead, stays so until the stream begins.
      source.onerror = () => over(["out", "polling"].includes(this.state) ? this.state : "lost");
      for (const name of ["hello", "call", "beat"]) {
        source.addEventListener(name, ({ data }) => {
          heard = true;
          alive();
          if (this.state !== "live") {
            this.#is("live");
          }
          this.#heard(name, JSON.parse(data));
        });
      }
      source.addEventListener("bye", ({ data }) => {
        const { reason } = JSON.parse(data);
        over(reason === "expired" || reason === "signed-out" ? "out" : "lost");
      });
      alive();
    });
  }

  // Asks for calls instead, for a while; tells whether that worked.
  async #poll() {
    const until = Date.now() + POLLING;
    try {
      do {
        const said = await this.api.ask("GET", `/api/v1/calls?after=${this.cursor}&wait=20`);
        this.#is("polling");
        for (const call of said?.calls ?? []) {
          this.#heard("call", call);
        }
        // It may be less than before: of another journal.
        this.cursor = said?.cursor ?? this.cursor;
      } while (Date.now() < until);
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
      // Not all at the same moment, when a service comes back.
      const timer = setTimeout(wake, milliseconds * (0.75 + Math.random() / 2));
      this.wake = () => {
        clearTimeout(timer);
        wake();
      };
    });
  }
}

// Runs `lead` in one tab; in another when that one is closed.
function elected(lead) {
  if (navigator.locks) {
    navigator.locks.request("vats1c-stream", lead);
    return;
  }
  // Browsers give locks by HTTPS only; by plain HTTP a lease in the storage does, less promptly.
  const own = `${Math.random()}`;
  const renew = () => localStorage.setItem("vats1c-lease", JSON.stringify({ own, until: Date.now() + LEASE }));
  const timer = setInterval(() => {
    const held = JSON.parse(localStorage.getItem("vats1c-lease") ?? "{}");
    if (held.own === own || !(held.until > Date.now())) {
      const first = held.own !== own;
      renew();
      if (first) {
        setTimeout(() => {
          if (JSON.parse(localStorage.getItem("vats1c-lease")).own === own) {
            clearInterval(timer);
            setInterval(renew, LEASE / 6);
            lead();
          }
        }, 200);
      }
    }
  }, 1_000);
  addEventListener("pagehide", () => {
    if (JSON.parse(localStorage.getItem("vats1c-lease") ?? "{}").own === own) {
      localStorage.removeItem("vats1c-lease");
    }
  });
}
