// What every part of the directory page shares: words, templates, banners and who is at it.
// Rule: a part knows the desk and the API, never another part; directory.js brings them together.

import { Api } from "../lib/api.js";
import { wordsIn } from "./words.js";

const WAIT = 250;

export class Desk {
  constructor(root = document) {
    this.language = root.documentElement.lang === "en" ? "en" : "ru";
    this.words = wordsIn(this.language);
    this.api = new Api(this.language, this.words.silent);
    this.root = root;
    // Asks again for what could not be had; null when nothing is owed.
    this.again = null;
    this.find("#trouble button").addEventListener("click", () => this.retry());
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // A copy of a template's only element, in the language of the page.
  stamp(id) {
    const made = this.find(`#${id}`).content.cloneNode(true);
    this.translate(made);
    return made.childElementCount === 1 ? made.firstElementChild : made;
  }

  translate(part) {
    for (const element of part.querySelectorAll("[data-word]")) {
      element.textContent = this.words[element.dataset.word];
    }
    for (const element of part.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", this.words[element.dataset.label]);
    }
    for (const element of part.querySelectorAll("[data-placeholder]")) {
      element.placeholder = this.words[element.dataset.placeholder];
    }
    // What stands before a cell where the table is cards.
    for (const element of part.querySelectorAll("[data-title]")) {
      element.dataset.title = this.words[element.dataset.title];
    }
  }

  // A screen reader says `text`, even when it said the same before.
  announce(text) {
    const place = this.find("#announced");
    place.textContent = "";
    setTimeout(() => {
      place.textContent = text;
    }, 50);
  }

  // Say in `place` why something could not be done. Nothing that was typed is touched.
  explain(error, place) {
    if (error.status === 401) {
      this.signedOut();
    }
    tell(place, error.message);
  }

  // Say on top that something could not be shown; `again` asks for it once more.
  trouble(error, again) {
    this.again = again;
    if (error.status === 401) {
      this.signedOut();
    } else if (!this.#refused(error)) {
      this.find("#trouble span").textContent = error.message;
      this.find("#trouble").hidden = false;
    }
  }

  settled() {
    this.again = null;
    this.find("#trouble").hidden = true;
  }

  retry() {
    const { again } = this;
    this.settled();
    again?.();
  }

  signedOut(sentence = this.words.signed_out, link = this.words.sign_in) {
    const banner = this.find("#signed-out");
    banner.querySelector("span").textContent = sentence;
    banner.querySelector("a").textContent = link;
    banner.hidden = false;
  }

  get isSignedOut() {
    return !this.find("#signed-out").hidden;
  }

  signedIn(me) {
    this.find("#who").textContent = me.name;
    this.find("#sign-out").hidden = false;
    this.find("#signed-out").hidden = true;
  }

  // Show why there is nothing to do here, when that is what `error` says. Returns whether it is.
  #refused(error) {
    const why = { "403 edit": "no_right", "409 directory": "no_directory" }[`${error.status} ${error.code}`];
    // Whoever loses the right while at work keeps what they have typed in sight.
    if (!why || !this.find("#desk").hidden) {
      return false;
    }
    const section = this.find("#refusal");
    section.querySelector("h2").textContent = this.words[why];
    section.querySelector("p").textContent = this.words[`${why}_hint`];
    section.querySelector("pre").hidden = why !== "no_directory";
    section.hidden = false;
    this.announce(this.words[why]);
    return true;
  }
}

// Put a sentence where it belongs; without one the place is hidden.
export function tell(place, sentence = "") {
  place.textContent = sentence;
  place.hidden = !sentence;
}

export function button(text, work, style = "quiet") {
  const made = document.createElement("button");
  made.type = "button";
  made.className = style;
  made.textContent = text;
  made.addEventListener("click", work);
  return made;
}

export function element(name, text, style = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = style;
  return made;
}

// Does work once typing has paused; what was begun before is aborted by the signal that work is given.
export class Pause {
  #timer = 0;
  #asked = null;

  constructor(work, wait = WAIT) {
    this.work = work;
    this.wait = wait;
  }

  soon() {
    this.stop();
    this.#timer = setTimeout(() => this.now(), this.wait);
  }

  async now() {
    this.stop();
    const asked = new AbortController();
    this.#asked = asked;
    try {
      await this.work(asked.signal);
    } catch (error) {
      if (error.name !== "AbortError") {
        throw error;
      }
    }
  }

  stop() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
  }
}
