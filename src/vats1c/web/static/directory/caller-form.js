// The form of one caller, new or held: filled in, checked by the service, and never emptied by an error.

import { FIELDS, alike, grouped, looksLikeNumber, numbersOf } from "../lib/api.js";
import { Pause, button, element, tell } from "./directory-desk.js";

const MOST_CHECKED = 5;

let formed = 0;

export class CallerForm {
  #saving = false;

  // `caller` is null for a new one. `save` is given what is in the form, and throws ApiError; `leave` closes the form;
  // `open` is given another caller, who has one of the numbers already.
  constructor(desk, { caller = null, title, save, leave, open }) {
    this.desk = desk;
    this.caller = caller;
    this.save = save;
    this.leave = leave;
    this.open = open;
    this.element = desk.stamp("caller-form");
    this.element.setAttribute("aria-label", title);
    this.element.querySelector("h2").textContent = title;
    for (const name of ["numbers", ...FIELDS]) {
      this.#describe(this.#control(name));
    }
    this.#fill(caller ?? {});
    this.checking = new Pause((signal) => this.#check(signal), 400);
    this.element.addEventListener("submit", (event) => this.#submit(event));
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("input", (event) => this.#typed(event.target));
    this.element.querySelector(".cancel").addEventListener("click", () => this.close());
  }

  // What is in the form now, spelled as the API takes it.
  get given() {
    const words = Object.fromEntries(FIELDS.map((name) => [name, this.#control(name).value.trim()]));
    return { numbers: numbersOf(this.#control("numbers").value), ...words };
  }

  get isEmpty() {
    return [...this.element.querySelectorAll("input, textarea")].every((control) => !control.value.trim());
  }

  // Put in what was looked for, so that it is not typed twice.
  begin(text) {
    this.#control(looksLikeNumber(text) ? "numbers" : "name").value = text;
    this.checking.now();
  }

  focus() {
    const empty = ["name", "numbers"].map((name) => this.#control(name)).find((control) => !control.value);
    (empty ?? this.#control("name")).focus();
  }

  close() {
    this.checking.stop();
    this.leave();
  }

  #control(name) {
    return this.element.elements.namedItem(name);
  }

  // Screen readers say the hint and the problem of a field with the field.
  #describe(control) {
    const notes = [...control.closest(".field").querySelectorAll(".hint, .problem, .taken")];
    for (const note of notes) {
      formed += 1;
      note.id = `note-${formed}`;
    }
    control.setAttribute("aria-describedby", notes.map((note) => note.id).join(" "));
  }

  #fill(caller) {
    for (const name of FIELDS) {
      this.#control(name).defaultValue = caller[name] ?? "";
    }
    const numbers = this.#control("numbers");
    numbers.defaultValue = (caller.numbers ?? []).map(grouped).join("\n");
    numbers.rows = Math.max(2, (caller.numbers ?? []).length);
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#saving) {
      return;
    }
    this.#saving = true;
    this.element.ariaBusy = "true";
    this.#clear();
    try {
      await this.save(this.given);
      this.checking.stop();
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#saving = false;
      this.element.ariaBusy = null;
    }
  }

  #refuse(error) {
    const control = [...FIELDS, "numbers"].includes(error.code) ? this.#control(error.code) : null;
    if (control) {
      control.ariaInvalid = "true";
      control.focus();
    }
    this.desk.explain(error, control ? control.closest(".field").querySelector(".problem") : this.#general());
  }

  #general() {
    return this.element.querySelector(":scope > .problem");
  }

  #clear() {
    for (const place of this.element.querySelectorAll(".problem")) {
      tell(place);
    }
    for (const control of this.element.querySelectorAll("[aria-invalid]")) {
      control.ariaInvalid = null;
    }
  }

  #typed(control) {
    control.ariaInvalid = null;
    tell(control.closest(".field").querySelector(".problem"));
    if (control.name === "numbers") {
      this.checking.soon();
    }
  }

  #key(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.element.requestSubmit();
    }
  }

  // Say whose the numbers are already: two callers with one number are both shown as uncertain.
  async #check(signal) {
    const own = this.caller?.numbers ?? [];
    const others = this.given.numbers.filter((number) => looksLikeNumber(number) && !own.some((one) => alike(one, number)));
    const lines = [];
    for (const number of others.slice(0, MOST_CHECKED)) {
      for (const one of await this.#owners(number, signal)) {
        const line = element("span", `${this.desk.words.taken(number, one.name)} `);
        line.append(button(this.desk.words.open_it, () => this.open(one)));
        lines.push(line);
      }
    }
    this.element.querySelector(".taken").replaceChildren(...lines);
  }

  async #owners(number, signal) {
    try {
      const found = await this.desk.api.find(number, MOST_CHECKED, signal);
      return found.filter((one) => one.id !== this.caller?.id && one.numbers.some((held) => alike(held, number)));
    } catch (error) {
      if (error.name === "AbortError") {
        throw error;
      }
      // Saving says what is wrong; a hint may stay away.
      return [];
    }
  }
}
