// What every part of the directory page uses: the API, the banners, and messages to screen readers.
// Rule: a part knows the page and the API, never another part; main.js connects the parts.

import { Api, ApiError } from "../lib/api.js";
import { byId, find, showText } from "../lib/dom.js";
import { language } from "../lib/words.js";
import { words } from "./words.js";

// Screen readers notice a text that appears after a pause, even if it is the same text again.
const ANNOUNCE_PAUSE_MS = 50;

/** The refusals that leave nothing to do on the page, by status and code. @type {Map<string, "no_right" | "no_directory">} */
const REFUSALS = new Map([
  ["403 edit", "no_right"],
  ["409 directory", "no_directory"],
]);

export class DirectoryPage {
  /** Repeats the request that failed; null when none did. @type {(() => void) | null} */
  #retry = null;

  constructor() {
    this.api = new Api(language, words.silent);
    find(document, "#trouble button").addEventListener("click", () => this.retry());
  }

  /**
   * Make screen readers read a text aloud.
   * @param {string} text
   */
  announce(text) {
    const place = byId("announced");
    place.textContent = "";
    setTimeout(() => (place.textContent = text), ANNOUNCE_PAUSE_MS);
  }

  /**
   * Show in its place why an action failed. No typed text is touched.
   * @param {unknown} error
   * @param {HTMLElement} place
   */
  showError(error, place) {
    if (isSignedOutError(error)) {
      this.showSignedOut();
    }
    showText(place, /** @type {Error} */ (error).message);
  }

  /**
   * Show on top of the page that a part of it could not be loaded.
   * @param {unknown} error
   * @param {() => void} retry  loads the part again
   */
  showTrouble(error, retry) {
    this.#retry = retry;
    if (isSignedOutError(error)) {
      this.showSignedOut();
    } else if (!this.#showRefusal(error)) {
      find(document, "#trouble span").textContent = /** @type {Error} */ (error).message;
      byId("trouble").hidden = false;
    }
  }

  hideTrouble() {
    this.#retry = null;
    byId("trouble").hidden = true;
  }

  /** Load again the part that could not be loaded. */
  retry() {
    const retry = this.#retry;
    this.hideTrouble();
    retry?.();
  }

  showSignedOut(sentence = words.signed_out, link = words.sign_in) {
    const banner = byId("signed-out");
    find(banner, "span").textContent = sentence;
    find(banner, "a").textContent = link;
    banner.hidden = false;
  }

  get isSignedOut() {
    return !byId("signed-out").hidden;
  }

  /** @param {import("../lib/api.js").User} user */
  showUser(user) {
    byId("who").textContent = user.name;
    byId("sign-out").hidden = false;
    byId("signed-out").hidden = true;
  }

  /**
   * Show a refusal in place of the page. Return false when the error is another one.
   * @param {unknown} error
   */
  #showRefusal(error) {
    const reason = error instanceof ApiError && REFUSALS.get(`${error.status} ${error.code}`);
    // A user who loses the right while at work still sees the text that is not saved.
    if (!reason || !byId("desk").hidden) {
      return false;
    }
    const section = byId("refusal");
    find(section, "h2").textContent = words[reason];
    find(section, "p").textContent = words[`${reason}_hint`];
    find(section, "pre").hidden = reason !== "no_directory";
    section.hidden = false;
    this.announce(words[reason]);
    return true;
  }
}

/** @param {unknown} error */
function isSignedOutError(error) {
  return error instanceof ApiError && error.status === 401;
}
