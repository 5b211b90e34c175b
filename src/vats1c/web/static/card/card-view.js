// One card: a call on the page, with what can be done about it.
// Rule: a change of the call never touches what somebody is typing.

import { FIELDS, grouped } from "../lib/api.js";
import { speak, told, words } from "./words.js";

const DRAFT = "vats1c-draft-";

// Whether a note was begun, perhaps before the page was loaded again.
export function hasDraft(name) {
  return localStorage.getItem(`${DRAFT}${name}`) !== null;
}

// The number as people write it.
export function numberOf(call) {
  if (call.kind === "hidden") {
    return words.hidden;
  }
  return call.number ? grouped(call.number) : call.received;
}

// Who calls, as short as it can be said.
export function whoseOf(call) {
  return call.caller?.name || numberOf(call);
}

export class CardView {
  // `desk` gives api and me, and is told `closed(name)` and `unfolded(name)`.
  constructor(name, call, desk) {
    this.name = name;
    this.desk = desk;
    this.element = document.getElementById("card").content.firstElementChild.cloneNode(true);
    this.element.dataset.call = name;
    speak(this.element);
    this.naming = this.part("form.naming");
    this.text = this.part("form.note textarea");
    this.text.value = localStorage.getItem(this.#draft) ?? call.note?.text ?? "";
    this.#listen();
    this.show(call);
    this.tellPrevious();
  }

  part(selector) {
    return this.element.querySelector(selector);
  }

  // Whether something has been typed that is not saved.
  get isTyped() {
    const typed = [...this.naming.elements].some((field) => field.value);
    return typed || this.text.value !== (this.call.note?.text ?? "");
  }

  show(call) {
    const kept = this.call && this.text.value === (this.call.note?.text ?? "");
    this.call = call;
    if (kept) {
      this.text.value = call.note?.text ?? "";
    }
    this.part("header time").textContent = told(call.at);
    this.part("header time").dateTime = call.at;
    this.part(".line").textContent = whoseOf(call);
    this.part(".digits").textContent = numberOf(call);
    this.part(".copy").hidden = call.kind === "hidden";
    this.part(".name").textContent = call.caller?.name ?? unnamed(call);
    this.part(".company").textContent = call.caller?.company ?? "";
    badge(this.part(".category"), call.caller?.category);
    badge(this.part(".surety"), call.caller ? words[call.confidence] : "");
    badge(this.part(".repeat"), call.repeat > 1 ? words.repeat(call.repeat) : "");
    this.part("dl").replaceChildren(...facts(call, this.desk.me));
    this.#offer(call);
    this.#notable();
  }

  fold(folded) {
    this.element.classList.toggle("folded", folded);
    this.part(".fold").setAttribute("aria-expanded", String(!folded));
  }

  async tellPrevious() {
    if (this.call.id === null || !this.call.number) {
      return;
    }
    const { previous } = await this.desk.api.ask("GET", `/api/v1/calls/${this.call.id}`).catch(() => ({ previous: [] }));
    const rows = previous.map((one) => {
      const row = document.createElement("li");
      row.textContent = [told(one.at), one.note?.text].filter(Boolean).join(" — ");
      return row;
    });
    this.part(".previous ol").replaceChildren(...rows);
    this.part(".previous").hidden = rows.length === 0;
  }

  get #draft() {
    return `${DRAFT}${this.name}`;
  }

  #listen() {
    const on = (selector, kind, work) => this.part(selector).addEventListener(kind, work);
    on(".close", "click", () => this.desk.closed(this.name));
    on(".fold", "click", () => this.desk.unfolded(this.name));
    on(".copy", "click", () => this.#copy());
    on(".call-back", "click", () => this.#callBack());
    on(".to-name", "click", () => this.#toName());
    on("form.note", "submit", (event) => this.#save(event));
    on("form.naming", "submit", (event) => this.#add(event));
    this.text.addEventListener("input", () => {
      localStorage.setItem(this.#draft, this.text.value);
      this.#notable();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        this.#save(event);
      }
    });
    let pause = 0;
    this.naming.elements.name.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(() => this.#find(), 250);
    });
  }

  // What can be done about this call, by whoever is signed in.
  #offer(call) {
    const { me } = this.desk;
    this.part(".call-back").hidden = !me.callback || !call.number;
    this.part(".to-name").hidden = !me.edit || !call.number || Boolean(call.caller);
    if (call.caller) {
      this.naming.hidden = true;
    }
    const link = this.part(".crm");
    link.hidden = !me.crm || !call.number;
    if (!link.hidden) {
      const given = { number: call.number, national: call.national, name: call.caller?.name ?? "" };
      link.href = me.crm.replace(/\{(number|national|name)\}/g, (_, word) => encodeURIComponent(given[word]));
    }
  }

  #notable() {
    const { note, id } = this.call;
    const changed = this.text.value !== (note?.text ?? "");
    this.part("form.note button").disabled = !changed || id === null;
    const saved = note && !changed ? words.saved(note.by, told(note.at)) : "";
    this.part(".saved").textContent = id === null ? words.unsaved : saved;
    if (!changed) {
      localStorage.removeItem(this.#draft);
    }
  }

  // Does what a button asks for; what goes wrong is said beside it, and nothing typed is lost.
  async #attempt(work) {
    const problem = this.part(".problem");
    problem.textContent = "";
    try {
      await work();
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  #copy() {
    const button = this.part(".copy");
    const number = this.call.number ?? this.call.received;
    copied(number, this.part(".digits"));
    button.textContent = words.copied;
    setTimeout(() => (button.textContent = words.copy), 1_500);
  }

  #callBack() {
    const button = this.part(".call-back");
    button.disabled = true;
    return this.#attempt(async () => {
      await this.desk.api.ask("POST", `/api/v1/calls/${this.call.id}/callback`);
      button.textContent = words.calling_back;
    }).finally(() => {
      setTimeout(() => {
        button.disabled = false;
        button.textContent = words.call_back;
      }, 5_000);
    });
  }

  #save(event) {
    event.preventDefault();
    const text = this.text.value;
    return this.#attempt(async () => {
      const call = await this.desk.api.ask("PUT", `/api/v1/calls/${this.call.id}/note`, { json: { text } });
      // Spaces at the ends are not kept; what was typed meanwhile is.
      if (this.text.value === text) {
        this.text.value = call.note?.text ?? "";
      }
      this.desk.changed(call);
    });
  }

  #toName() {
    this.naming.hidden = !this.naming.hidden;
    this.part(".to-name").setAttribute("aria-expanded", String(!this.naming.hidden));
    if (!this.naming.hidden) {
      this.naming.elements.name.focus();
    }
  }

  async #find() {
    const text = this.naming.elements.name.value.trim();
    const found = text.length > 1 ? await this.desk.api.find(text, 5).catch(() => []) : [];
    const offers = found.map((caller) => {
      const row = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words.attach([caller.name, caller.company].filter(Boolean).join(", "));
      button.onclick = () => this.#attempt(async () => this.#named(await this.desk.api.attach(caller.id, this.call.number)));
      row.append(button);
      return row;
    });
    this.part(".found").replaceChildren(...offers);
  }

  #add(event) {
    event.preventDefault();
    const { name, company } = this.naming.elements;
    const caller = { numbers: [this.call.number], name: name.value, company: company.value };
    return this.#attempt(async () => this.#named(await this.desk.api.add(caller)));
  }

  #named(caller) {
    this.naming.reset();
    this.part(".found").replaceChildren();
    const known = Object.fromEntries(FIELDS.map((field) => [field, caller[field]]));
    this.desk.changed({ ...this.call, caller: known, confidence: "exact" });
  }
}

function unnamed(call) {
  return call.kind === "internal" ? words.internal : call.kind === "hidden" ? "" : words.unknown;
}

function badge(element, text) {
  element.textContent = text ?? "";
  element.hidden = !text;
}

// What else is known, as terms and what they are.
function facts(call, me) {
  const several = me.administrator || call.rings.length > 1;
  const ringing = call.rings.map((ring) => [ring.name ?? words.nobody, ring.extension].filter(Boolean).join(", "));
  const known = [
    ["manager", call.caller?.manager],
    ["region", call.caller ? "" : call.region],
    ["operator", call.caller ? "" : call.operator],
    ["directory_note", call.caller?.note],
    ["rings", several ? ringing.join("; ") : ""],
  ];
  return known.filter(([, value]) => value).flatMap(([word, value]) => {
    const term = document.createElement("dt");
    const description = document.createElement("dd");
    term.textContent = words[word];
    description.textContent = value;
    return [term, description];
  });
}

function copied(text, shown) {
  if (navigator.clipboard) {
    navigator.clipboard.writeText(text);
    return;
  }
  // By plain HTTP a page may only copy what is selected.
  getSelection().selectAllChildren(shown);
  document.execCommand("copy");
}
