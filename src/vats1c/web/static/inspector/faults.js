// Faults on purpose: what is on, in a banner; a form that brings one about; the numbers that do so by themselves.

import { grouped } from "../lib/api.js";
import { told, words } from "./words.js";

// What is on ends by itself, and others bring it about, too.
const LOOK_EVERY = 5_000;
const KINDS = new Map([
  ["hang", { fault: "hang" }],
  ["slow", { fault: "slow", delay_ms: 3_000 }],
  ["reset", { fault: "reset" }],
  ["truncated", { fault: "truncated" }],
  ["dribble", { fault: "dribble" }],
  ["fault", { fault: "fault" }],
  ["401", { fault: "status", status: 401 }],
  ["500", { fault: "status", status: 500 }],
  ["503", { fault: "status", status: 503 }],
  ["no-return", { fault: "no-return" }],
]);
const SPANS = { one: { next: 1 }, five: { next: 5 }, half: { percent: 50, ends_after: 600 }, all: { ends_after: 600 } };

const at = (id) => document.getElementById(id);

export class Faults {
  constructor(api, onTrouble) {
    this.api = api;
    this.onTrouble = onTrouble;
    at("break-kind").replaceChildren(...[...KINDS.keys()].map((kind) => new Option(words.fault_kinds[kind], kind)));
    at("break-span").replaceChildren(...Object.keys(SPANS).map((span) => new Option(words.fault_spans[span], span)));
    at("break").onsubmit = (event) => {
      event.preventDefault();
      const json = { ...KINDS.get(at("break-kind").value), ...SPANS[at("break-span").value] };
      this.#tell("POST", { json });
    };
    at("faults-end").onclick = () => this.#tell("DELETE");
  }

  // Shows what is on, from now on.
  begin() {
    at("breaking").hidden = false;
    this.look();
    this.timer ??= setInterval(() => document.hidden || this.look(), LOOK_EVERY);
  }

  async look() {
    try {
      const { faults, magic } = await this.api.ask("GET", "/api/v1/faults");
      this.#show(faults);
      if (!at("magic").childElementCount) {
        at("magic").replaceChildren(...magic.map(({ number, what }) => pair(grouped(number), what)));
      }
    } catch {
      // The connection's own badge tells of it.
    }
  }

  #show(faults) {
    at("faults").hidden = faults.length === 0;
    at("faults").querySelector("ul").replaceChildren(
      ...faults.map((one) => {
        const row = document.createElement("li");
        row.textContent = sentence(one);
        return row;
      }),
    );
  }

  async #tell(method, given = {}) {
    try {
      await this.api.ask(method, "/api/v1/faults", given);
      this.onTrouble("");
    } catch (error) {
      this.onTrouble(error.message, error.status === 401);
    }
    await this.look();
  }
}

// A fault as a sentence: what goes wrong, with which requests, how many are left, until when.
function sentence(one) {
  const kind = words.fault_kinds[one.status ?? one.fault] ?? one.fault;
  const which = [one.op, one.number && grouped(one.number), one.key, one.at].filter(Boolean);
  const many = one.next
    ? words.fault_left(one.next - one.applied)
    : one.every
      ? words.fault_every(one.every)
      : one.percent !== undefined
        ? words.fault_percent(one.percent)
        : one.above !== undefined
          ? words.fault_above(one.above)
          : words.fault_all;
  return [kind, ...which, many, words.fault_applied(one.applied), words.fault_until(told(one.ends))].join(" · ");
}

function pair(number, what) {
  const [whole, term, description] = ["div", "dt", "dd"].map((name) => document.createElement(name));
  term.textContent = number;
  description.textContent = what;
  whole.append(term, description);
  return whole;
}
