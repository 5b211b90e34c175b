// Work that waits until typing pauses.

import { isAbort } from "./api.js";

const PAUSE_MS = 250;

export class Debounce {
  #work;
  #pauseMs;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | null} */
  #running = null;

  /**
   * @param {(signal: AbortSignal) => Promise<void>} work  aborted by its signal when it is to be done again
   * @param {number} [pauseMs]
   */
  constructor(work, pauseMs = PAUSE_MS) {
    this.#work = work;
    this.#pauseMs = pauseMs;
  }

  /** Do the work after a pause. */
  soon() {
    this.stop();
    this.#timer = setTimeout(() => this.now(), this.#pauseMs);
  }

  /** Do the work now. */
  async now() {
    this.stop();
    const running = new AbortController();
    this.#running = running;
    try {
      await this.#work(running.signal);
    } catch (error) {
      if (!isAbort(error)) {
        throw error;
      }
    }
  }

  stop() {
    clearTimeout(this.#timer);
    this.#running?.abort();
  }
}
