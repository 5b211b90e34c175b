// One call in full: a tab for each of its exchanges, what was asked, answered and decided, and how it deviates.

import { grouped } from "../lib/api.js";
import { figure, outcomeOf, speak, toldExactly, words } from "./words.js";
import { pretty } from "./xml.js";

// Of a number that rings all day the first exchanges are enough.
const MOST_TABS = 12;

// Faults on purpose by which an answer does not arrive, or not whole.
const LOST = /^(hang|reset|truncated)/;

export class Detail {
  // Calls `onClose()`; `api` answers questions, `place` is where the exchange is shown.
  constructor(place, api, onClose) {
    this.place = place;
    this.api = api;
    this.onClose = onClose;
    this.id = null;
    this.nothing();
  }

  nothing() {
    this.id = null;
    this.ids = [];
    const hint = document.createElement("p");
    hint.className = "hint chosen-none";
    hint.textContent = words.nothing_chosen;
    this.place.replaceChildren(hint);
  }

  // Shows the exchange, and tabs for those of its call.
  async open(id) {
    this.id = id;
    const asked = await this.#one(id);
    if (this.id !== id) {
      return;
    }
    if (asked === null) {
      this.#failed(words.gone);
      return;
    }
    const ids = [asked.id, ...asked.together].sort((one, other) => one - other).slice(0, MOST_TABS);
    const all = await Promise.all(ids.map((own) => (own === asked.id ? asked : this.#one(own))));
    if (this.id === id) {
      this.id = asked.id;
      this.ids = ids;
      this.#show(asked, all.filter(Boolean));
    }
  }

  async #one(id) {
    try {
      return await this.api.ask("GET", `/api/v1/exchanges/${id}`);
    } catch (error) {
      if (error.status === 404) {
        return null;
      }
      this.#failed(error.message);
      throw error;
    }
  }

  #failed(text) {
    const said = document.createElement("p");
    said.className = "problem chosen-none";
    said.textContent = text;
    this.place.replaceChildren(said);
  }

  #show(one, all) {
    const whole = document.getElementById("whole").content.cloneNode(true);
    speak(whole);
    this.place.replaceChildren(whole);
    this.part(".close").onclick = () => this.onClose();
    this.#head(one);
    this.#tabs(one, all);
    this.#report(one);
    facts(this.part(".decided dl"), decided(one));
    this.#bytes(this.part(".request"), one, one.request, one.outcome === "ok" ? words.empty_body : words.unread);
    this.#bytes(this.part(".answer"), one, one.answer, words.empty_body);
    const headers = Object.entries(one.headers);
    facts(this.part(".headers dl"), headers);
    this.part(".headers").hidden = headers.length === 0;
    this.#again(one);
    this.place.scrollTop = 0;
  }

  part(selector) {
    return this.place.querySelector(selector);
  }

  #head(one) {
    this.part("h2").textContent = [one.op ?? outcomeOf(one.outcome)[0], numberOf(one)].filter(Boolean).join(" · ");
    this.part(".when").textContent = `${toldExactly(one.at)} · ${words.row(one.id)}`;
  }

  #tabs(one, all) {
    const tabs = all.map((each) => {
      const tab = document.createElement("button");
      tab.type = "button";
      tab.role = "tab";
      tab.setAttribute("aria-selected", String(each.id === one.id));
      tab.tabIndex = each.id === one.id ? 0 : -1;
      tab.dataset.id = each.id;
      const who = each.subscriber ? (each.subscriber.extension || each.subscriber.name) : "";
      tab.textContent = [each.op ?? outcomeOf(each.outcome)[0], who].filter(Boolean).join(" → ");
      tab.onclick = () => {
        this.id = each.id;
        this.#show(each, all);
        this.part(`[data-id="${each.id}"]`).focus();
        history.replaceState(null, "", `#exchange=${each.id}`);
      };
      return tab;
    });
    const place = this.part(".tabs");
    place.replaceChildren(...tabs);
    place.hidden = tabs.length < 2;
    place.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) {
        event.stopPropagation();
        tabs[(all.findIndex(({ id }) => id === this.id) + step + tabs.length) % tabs.length].click();
      }
    };
  }

  #report(one) {
    const rows = one.report.map(({ code, severity, message }) => {
      const row = document.createElement("li");
      row.dataset.severity = severity;
      row.append(span("code", code), span("kind", words[severity]), span("said", message));
      return row;
    });
    this.part(".report ul").replaceChildren(...rows);
    const fine = this.part(".report .fine");
    fine.hidden = rows.length > 0;
    fine.textContent = one.kept ? words.no_findings : words.unknown_report;
    fine.classList.toggle("unknown", !one.kept);
  }

  #bytes(section, one, { text, encoding, size }, nothing) {
    const code = section.querySelector("pre");
    const form = section.querySelector(".form");
    const said = [words.bytes(size), encoding && words.base64].filter(Boolean).join(", ");
    section.querySelector(".size").textContent = one.kept ? (size ? said : nothing) : words.not_kept;
    section.querySelector(".tools").hidden = size === 0;
    code.hidden = size === 0;
    form.hidden = Boolean(encoding);
    const show = (exact) => {
      form.setAttribute("aria-pressed", String(exact));
      code.replaceChildren(...(exact || encoding ? [document.createTextNode(text)] : pretty(text)));
    };
    form.onclick = () => show(form.getAttribute("aria-pressed") !== "true");
    section.querySelector(".copy").onclick = ({ target }) => copy(text, target, code);
    show(false);
  }

  #again(one) {
    const code = this.part(".again pre");
    for (const button of this.part(".again").querySelectorAll("[data-form]")) {
      const { form } = button.dataset;
      button.onclick = async () => {
        const text = form === "link" ? `${location.origin}/calls#exchange=${one.id}` : await this.#spelled(one.id, form);
        if (text === null) {
          return;
        }
        code.textContent = text;
        code.hidden = form === "link";
        await copy(text, null, code);
        this.part(".copied").textContent = `${words.copied}: ${button.textContent}`;
      };
    }
  }

  async #spelled(id, form) {
    const answer = await fetch(`/api/v1/exchanges/${id}/${form}`, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) {
      this.part(".copied").textContent = words.silent;
      return null;
    }
    return answer.text();
  }
}

// The number as people write it; "" where none was sent.
export function numberOf(one) {
  if (one.number) {
    return grouped(one.number);
  }
  return one.received || (one.outcome === "ok" ? words.hidden_number : "");
}

// What was decided, as terms and what they are.
function decided(one) {
  const [why, what] = outcomeOf(one.outcome);
  const is_asked = one.op === "SayName" && one.outcome === "ok";
  const document = one.answer.text.includes("&lt;data&gt;");
  const number = [numberOf(one), one.received && one.received !== one.number && words.as_sent(one.received)];
  const caller = one.caller
    ? [one.caller, one.directory && words.found_in(one.directory), words.confidence[one.confidence]]
    : [one.outcome === "ok" && words.nobody];
  const owner = one.subscriber ? [one.subscriber.name, one.subscriber.extension].filter(Boolean).join(", ") : words.no_owner;
  return [
    [words.outcome_of, one.outcome !== "ok" ? words.refused(why, one.status) : LOST.test(one.fault) ? words.not_arrived : words.answered(one.status)],
    ["", one.outcome === "ok" ? "" : what],
    [words.fault, one.fault ?? ""],
    [words.operation, one.op ? `${one.op}, ${one.namespace ?? ""}, SOAP ${one.soap ?? "?"}` : ""],
    [words.contract, is_asked ? (document ? words.document : words.plain_name) : ""],
    [words.number, one.op ? number.filter(Boolean).join(", ") : ""],
    [words.caller, caller.filter(Boolean).join(", ")],
    [words.key, one.key ? `${one.key} — ${owner}` : ""],
    [words.elapsed, words.milliseconds(figure(one.elapsed_ms))],
    [words.publication, one.publication || `${words.nowhere}: ${one.url}`],
    [words.sender, one.address],
    [words.call, one.call_id === null ? "" : words.row(one.call_id)],
  ];
}

function facts(place, terms) {
  place.replaceChildren(
    ...terms.filter(([, value]) => value).flatMap(([word, value]) => {
      const term = document.createElement("dt");
      const description = document.createElement("dd");
      term.textContent = word;
      description.textContent = value;
      return [term, description];
    }),
  );
}

function span(kind, text) {
  const one = document.createElement("span");
  one.className = kind;
  one.textContent = text;
  return one;
}

// Copies a text; `button` says so, for a while. By plain HTTP a page may only copy what is selected.
export async function copy(text, button, shown) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text).catch(() => null);
  } else {
    getSelection().selectAllChildren(shown);
    document.execCommand("copy");
  }
  if (button) {
    button.textContent = words.copied;
    setTimeout(() => (button.textContent = words.copy), 1_500);
  }
}
