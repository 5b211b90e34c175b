// The form on a card that gives an unknown caller a name: a new caller, or one more number of a caller.

import { button, el, find } from "../lib/dom.js";
import { words } from "./words.js";

const SEARCH_PAUSE_MS = 250;
const MIN_SEARCH_CHARS = 2;
const MAX_OFFERS = 5;

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("../lib/api.js").Caller} Caller */

export class NamingForm {
  #api;
  #form;
  #name;
  #company;
  #offers;
  #attempt;
  #onNamed;
  /** The number to name. */
  number = "";

  /**
   * @param {HTMLFormElement} form
   * @param {object} options
   * @param {Api} options.api
   * @param {(work: () => Promise<void>) => Promise<void>} options.attempt  shows the error of the work, if any
   * @param {(caller: Caller) => void} options.onNamed
   */
  constructor(form, { api, attempt, onNamed }) {
    this.#api = api;
    this.#form = form;
    this.#attempt = attempt;
    this.#onNamed = onNamed;
    this.#name = find(form, "[name=name]", HTMLInputElement);
    this.#company = find(form, "[name=company]", HTMLInputElement);
    this.#offers = find(form, ".found");
    form.addEventListener("submit", (event) => this.#submit(event));
    let timer = 0;
    this.#name.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => this.#search(), SEARCH_PAUSE_MS);
    });
  }

  get isTyped() {
    return this.#name.value !== "" || this.#company.value !== "";
  }

  get isOpen() {
    return !this.#form.hidden;
  }

  close() {
    this.#form.hidden = true;
  }

  toggle() {
    this.#form.hidden = !this.#form.hidden;
    if (this.isOpen) {
      this.#name.focus();
    }
  }

  /** Offer the callers that may have this number too. */
  async #search() {
    const text = this.#name.value.trim();
    const isLongEnough = text.length >= MIN_SEARCH_CHARS;
    // An offer is a help only: without an answer there is none.
    const callers = isLongEnough ? await this.#api.findCallers(text, MAX_OFFERS).catch(() => []) : [];
    this.#offers.replaceChildren(...callers.map((caller) => this.#offer(caller)));
  }

  /** @param {Caller} caller */
  #offer({ id, name, company }) {
    const attach = () =>
      this.#attempt(async () => this.#finish(await this.#api.attachNumber(id, this.number)));
    const row = el("li");
    row.append(button(words.attach([name, company].filter(Boolean).join(", ")), attach));
    return row;
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    const caller = { numbers: [this.number], name: this.#name.value, company: this.#company.value };
    return this.#attempt(async () => this.#finish(await this.#api.addCaller(caller)));
  }

  /** @param {Caller} caller */
  #finish(caller) {
    this.#form.reset();
    this.#offers.replaceChildren();
    this.#onNamed(caller);
  }
}
