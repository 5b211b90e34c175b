// One card: a call on the page, with the actions on it.
// Rule: an update of the call never touches text that the user is typing.

import { cloneElement, copyText, descriptions, el, find, showText } from "../lib/dom.js";
import { formatPhone } from "../lib/phone.js";
import { NamingForm } from "./naming-form.js";
import { formatTime, words } from "./words.js";

const DRAFT_KEY = "vats1c-draft-";
const COPIED_MS = 1_500;
// The VATS rings the user's telephone within this time; a second request would ring twice.
const CALL_BACK_MS = 5_000;

/** @typedef {import("../lib/api.js").Caller} Caller */
/** @typedef {import("../lib/api.js").User} User */
/** @typedef {import("./card-model.js").Call} Call */

/**
 * The page, as its cards use it.
 * @typedef {object} CardHost
 * @property {import("../lib/api.js").Api} api
 * @property {User} user
 * @property {(name: string) => void} closeCard
 * @property {(name: string) => void} toggleFold
 * @property {(call: Call) => void} updateCall  takes a call that the card has changed
 */

/**
 * Return whether the note of a call has unsaved text, perhaps from before the page was loaded.
 * @param {string} name
 */
export function hasDraft(name) {
  return localStorage.getItem(`${DRAFT_KEY}${name}`) !== null;
}

/**
 * Return the number of a call as people write it.
 * @param {Call} call
 */
export function numberText(call) {
  if (call.kind === "hidden") {
    return words.hidden;
  }
  return call.number ? formatPhone(call.number) : call.received;
}

/**
 * Return the caller's name, or the number of a caller without one.
 * @param {Call} call
 */
export function callerText(call) {
  return call.caller?.name || numberText(call);
}

export class CardView {
  #host;
  #call;
  #naming;
  #note;

  /**
   * @param {string} name
   * @param {Call} call
   * @param {CardHost} host
   */
  constructor(name, call, host) {
    this.name = name;
    this.#host = host;
    this.#call = call;
    this.element = cloneElement("card", words);
    this.element.dataset.call = name;
    this.#note = this.#find("form.note textarea", HTMLTextAreaElement);
    this.#note.value = localStorage.getItem(this.#draftKey) ?? call.note?.text ?? "";
    this.#naming = new NamingForm(this.#find("form.naming", HTMLFormElement), {
      api: host.api,
      attempt: (work) => this.#attempt(work),
      onNamed: (caller) => this.#finishNaming(caller),
    });
    this.#listen();
    this.#show();
    this.#showPrevious();
  }

  /** Whether the card has unsaved text. */
  get isTyped() {
    return this.#naming.isTyped || this.#isNoteChanged;
  }

  /** @param {Call} call */
  update(call) {
    const isNoteChanged = this.#isNoteChanged;
    this.#call = call;
    if (!isNoteChanged) {
      this.#note.value = call.note?.text ?? "";
    }
    this.#show();
  }

  /** @param {boolean} isFolded */
  fold(isFolded) {
    this.element.classList.toggle("folded", isFolded);
    this.#find(".fold").setAttribute("aria-expanded", String(!isFolded));
  }

  get #draftKey() {
    return `${DRAFT_KEY}${this.name}`;
  }

  get #isNoteChanged() {
    return this.#note.value !== (this.#call.note?.text ?? "");
  }

  /**
   * @template {Element} [T=HTMLElement]
   * @param {string} selector
   * @param {new () => T} [type]
   */
  #find(selector, type) {
    return find(this.element, selector, type);
  }

  #show() {
    const call = this.#call;
    const time = this.#find("header time", HTMLTimeElement);
    time.textContent = formatTime(call.at);
    time.dateTime = call.at;
    this.#find(".line").textContent = callerText(call);
    this.#find(".digits").textContent = numberText(call);
    this.#find(".copy").hidden = call.kind === "hidden";
    this.#find(".name").textContent = call.caller?.name ?? namelessText(call);
    this.#find(".company").textContent = call.caller?.company ?? "";
    showText(this.#find(".category"), call.caller?.category);
    showText(this.#find(".surety"), call.caller ? confidenceText(call) : "");
    showText(this.#find(".repeat"), call.repeat > 1 ? words.repeat(call.repeat) : "");
    this.#find("dl").replaceChildren(...descriptions(details(call, this.#host.user)));
    this.#showActions();
    this.#showNoteState();
  }

  /** Show the earlier calls of the number. */
  async #showPrevious() {
    const { id, number } = this.#call;
    if (id === null || !number) {
      return;
    }
    /** @type {{ previous: Call[] }} */
    const { previous } = await this.#host.api
      .request("GET", `/api/v1/calls/${id}`)
      .catch(() => ({ previous: [] }));
    const rows = previous.map((call) =>
      el("li", [formatTime(call.at), call.note?.text].filter(Boolean).join(" — ")),
    );
    this.#find(".previous ol").replaceChildren(...rows);
    this.#find(".previous").hidden = rows.length === 0;
  }

  #listen() {
    const onClick = (/** @type {string} */ selector, /** @type {() => void} */ action) =>
      this.#find(selector).addEventListener("click", action);
    onClick(".close", () => this.#host.closeCard(this.name));
    onClick(".fold", () => this.#host.toggleFold(this.name));
    onClick(".copy", () => this.#copyNumber());
    onClick(".call-back", () => this.#callBack());
    onClick(".to-name", () => this.#toggleNaming());
    this.#find("form.note").addEventListener("submit", (event) => this.#saveNote(event));
    this.#note.addEventListener("input", () => {
      localStorage.setItem(this.#draftKey, this.#note.value);
      this.#showNoteState();
    });
    this.#note.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        this.#saveNote(event);
      }
    });
  }

  /** Show the actions that the signed-in user may take. */
  #showActions() {
    const { number, national, caller } = this.#call;
    const { user } = this.#host;
    this.#naming.number = number ?? "";
    this.#find(".call-back").hidden = !user.callback || !number;
    this.#find(".to-name").hidden = !user.edit || !number || Boolean(caller);
    if (caller) {
      this.#naming.close();
    }
    const link = this.#find(".crm", HTMLAnchorElement);
    link.hidden = !user.crm || !number;
    if (!link.hidden) {
      /** @type {Record<string, string>} */
      const values = { number: `${number}`, national: `${national}`, name: caller?.name ?? "" };
      link.href = user.crm.replace(/\{(number|national|name)\}/g, (_, key) =>
        encodeURIComponent(values[key]),
      );
    }
  }

  #showNoteState() {
    const { note, id } = this.#call;
    const isChanged = this.#isNoteChanged;
    this.#find("form.note button", HTMLButtonElement).disabled = !isChanged || id === null;
    const saved = note && !isChanged ? words.saved(note.by, formatTime(note.at)) : "";
    this.#find(".saved").textContent = id === null ? words.unsaved : saved;
    if (!isChanged) {
      localStorage.removeItem(this.#draftKey);
    }
  }

  /**
   * Do the work of an action; show its error on the card, where no typed text is lost.
   * @param {() => Promise<void>} work
   */
  async #attempt(work) {
    const problem = this.#find(".problem");
    problem.textContent = "";
    try {
      await work();
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    }
  }

  #copyNumber() {
    const button = this.#find(".copy");
    copyText(this.#call.number ?? this.#call.received, this.#find(".digits"));
    button.textContent = words.copied;
    setTimeout(() => (button.textContent = words.copy), COPIED_MS);
  }

  async #callBack() {
    const button = this.#find(".call-back", HTMLButtonElement);
    button.disabled = true;
    await this.#attempt(async () => {
      await this.#host.api.request("POST", `/api/v1/calls/${this.#call.id}/callback`);
      button.textContent = words.calling_back;
    });
    setTimeout(() => {
      button.disabled = false;
      button.textContent = words.call_back;
    }, CALL_BACK_MS);
  }

  /** @param {Event} event */
  #saveNote(event) {
    event.preventDefault();
    const text = this.#note.value;
    return this.#attempt(async () => {
      const call = await this.#host.api.request("PUT", `/api/v1/calls/${this.#call.id}/note`, {
        json: { text },
      });
      // The service strips spaces at both ends; text that was typed meanwhile stays.
      if (this.#note.value === text) {
        this.#note.value = call.note?.text ?? "";
      }
      this.#host.updateCall(call);
    });
  }

  #toggleNaming() {
    this.#naming.toggle();
    this.#find(".to-name").setAttribute("aria-expanded", String(this.#naming.isOpen));
  }

  /** @param {Caller} caller */
  #finishNaming({ name, company, category, manager, note }) {
    const caller = { name, company, category, manager, note };
    this.#host.updateCall({ ...this.#call, caller, confidence: "exact" });
  }
}

/** @param {Call} call */
function namelessText(call) {
  if (call.kind === "hidden") {
    return "";
  }
  return call.kind === "internal" ? words.internal : words.unknown;
}

/** @param {Call} call */
function confidenceText({ confidence }) {
  return confidence === null || confidence === "exact" ? "" : words[confidence];
}

/**
 * Return what else is known of a call, as terms and their values.
 * @param {Call} call
 * @param {User} user
 * @returns {[string, string | undefined][]}
 */
function details(call, user) {
  const showsRings = user.administrator || call.rings.length > 1;
  const rings = call.rings.map((ring) =>
    [ring.name ?? words.nobody, ring.extension].filter(Boolean).join(", "),
  );
  return [
    [words.manager, call.caller?.manager],
    [words.region, call.caller ? "" : call.region],
    [words.operator, call.caller ? "" : call.operator],
    [words.directory_note, call.caller?.note],
    [words.rings, showsRings ? rings.join("; ") : ""],
  ];
}
