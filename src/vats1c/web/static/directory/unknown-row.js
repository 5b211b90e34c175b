// One number without a name: named in one line, or attached to a caller of the directory.

import { isAbort } from "../lib/api.js";
import { Debounce } from "../lib/debounce.js";
import { button, cloneElement, el, find, showText } from "../lib/dom.js";
import { formatPhone } from "../lib/phone.js";
import { foldName } from "./caller-model.js";
import { formatTime, words } from "./words.js";

const MIN_SEARCH_CHARS = 3;
const MAX_OFFERS = 3;

/** @typedef {import("../lib/api.js").Caller} Caller */

export class UnknownRow {
  #page;
  #number;
  #onNamed;
  #input;
  #offers;
  #problem;
  #searching = new Debounce((signal) => this.#search(signal));
  /** The name for which the row has offered callers: the same name again is a new caller. @type {string | null} */
  #offeredName = null;
  #isBusy = false;

  /**
   * @param {import("./directory-page.js").DirectoryPage} page
   * @param {string} number
   * @param {(caller: Caller) => void} onNamed
   */
  constructor(page, number, onNamed) {
    this.#page = page;
    this.#number = number;
    this.#onNamed = onNamed;
    this.element = cloneElement("unknown-row", words);
    this.#input = find(this.element, "input", HTMLInputElement);
    this.#offers = find(this.element, ".known");
    this.#problem = find(this.element, ".problem");
    find(this.element, ".number").textContent = formatPhone(number);
    this.#input.setAttribute("aria-label", words.naming_of(formatPhone(number)));
    this.#input.addEventListener("input", () => this.#searching.soon());
    find(this.element, "form").addEventListener("submit", (event) => this.#submit(event));
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.#clear();
      }
    });
  }

  get isTyped() {
    return this.#input.value !== "" || this.element.contains(document.activeElement);
  }

  /** @param {import("../lib/api.js").UnknownNumber} number */
  show({ count, last, region, operator }) {
    const time = formatTime(last);
    const calls = `${words.times(count)}, ${count > 1 ? words.last(time) : time}`;
    find(this.element, ".calls").textContent = [calls, region, operator].filter(Boolean).join(" · ");
  }

  get #name() {
    return this.#input.value.trim();
  }

  #clear() {
    this.#searching.stop();
    this.#input.value = "";
    this.#offer([]);
    showText(this.#problem);
  }

  /**
   * Offer the callers whose names contain the typed text.
   * @param {AbortSignal} signal
   */
  async #search(signal) {
    showText(this.#problem);
    if (this.#name.length < MIN_SEARCH_CHARS) {
      this.#offer([]);
      return;
    }
    try {
      const callers = await this.#page.api.findCallers(this.#name, MAX_OFFERS, signal);
      this.#offer(callers.map((caller) => this.#callerButton(caller)));
    } catch (error) {
      if (isAbort(error)) {
        throw error;
      }
      this.#offer([]);
    }
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    this.#searching.stop();
    if (this.#name) {
      this.#work(() => this.#addCaller(this.#name));
    }
  }

  /**
   * Add a caller, unless a caller has the number or the name: then the row offers that caller first.
   * @param {string} name
   */
  async #addCaller(name) {
    if (this.#offeredName !== name) {
      const offers = await this.#sameCallers(name);
      this.#offeredName = name;
      if (offers.length > 0) {
        this.#offer(offers);
        return null;
      }
    }
    return this.#page.api.addCaller({ numbers: [this.#number], name });
  }

  /**
   * Return the offers of callers with the number or the name.
   * @param {string} name
   */
  async #sameCallers(name) {
    const { api } = this.#page;
    const [byNumber, byName] = await Promise.all([
      api.findCallers(this.#number, MAX_OFFERS),
      api.findCallers(name, MAX_OFFERS),
    ]);
    const owners = byNumber.filter((caller) => caller.numbers.includes(this.#number));
    const ownerLines = owners.map((caller) => {
      const line = el("span", `${words.taken(formatPhone(this.#number), caller.name)} `);
      line.append(this.#attachButton(words.it_is(caller.name), caller));
      return line;
    });
    const namesakes = byName.filter(
      (caller) => foldName(caller.name) === foldName(name) && !owners.includes(caller),
    );
    return [...ownerLines, ...namesakes.map((caller) => this.#callerButton(caller))];
  }

  /** @param {Caller} caller */
  #callerButton(caller) {
    return this.#attachButton(
      words.belongs_to([caller.name, caller.company].filter(Boolean).join(", ")),
      caller,
    );
  }

  /**
   * @param {string} text
   * @param {Caller} caller
   */
  #attachButton(text, caller) {
    return button(
      text,
      () => this.#work(() => this.#page.api.attachNumber(caller.id, this.#number)),
      "choice",
    );
  }

  /** @param {HTMLElement[]} offers */
  #offer(offers) {
    this.#offers.replaceChildren(...offers);
  }

  /** @param {() => Promise<Caller | null>} work  returns the caller who has the number now, null for none */
  async #work(work) {
    if (this.#isBusy) {
      return;
    }
    this.#isBusy = true;
    this.element.ariaBusy = "true";
    showText(this.#problem);
    try {
      const caller = await work();
      if (caller) {
        this.#onNamed(caller);
      }
    } catch (error) {
      this.#page.showError(error, this.#problem);
    } finally {
      this.#isBusy = false;
      this.element.ariaBusy = null;
    }
  }
}
