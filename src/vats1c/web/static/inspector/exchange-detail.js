// One call in full: a tab for each of its exchanges, with request, answer, decisions and findings.

import { ApiError } from "../lib/api.js";
import { byId, cloneTemplate, copyText, descriptions, el, find } from "../lib/dom.js";
import { decisions, numberText, stepText } from "./exchange-text.js";
import { formatExactTime, outcomeWords, words } from "./words.js";
import { formatXml } from "./xml.js";

// A number that rings all day has more exchanges: the first are enough.
const MAX_TABS = 12;
const COPIED_MS = 1_500;

/** @typedef {import("./call-groups.js").Exchange} Exchange */

/**
 * The bytes of a request or an answer; `encoding` is null where they are text, else "base64"; `size` is in bytes.
 * @typedef {{ text: string, encoding: string | null, size: number }} Body
 */

/** @typedef {{ code: string, severity: "error" | "warning" | "note", message: string }} Finding */

/**
 * An exchange as the API gives it by its id; `kept` says whether the journal still has its bytes.
 * @typedef {Exchange & { kept: boolean, method: string, url: string, headers: Record<string, string>, request: Body, answer: Body, report: Finding[] }} FullExchange
 */

export class ExchangeDetail {
  #api;
  #onClose;
  #place = byId("detail");
  /** The exchange that is shown, or being loaded. @type {number | "latest" | null} */
  id = null;
  /** The exchanges that have tabs. @type {number[]} */
  ids = [];

  /**
   * @param {import("../lib/api.js").Api} api
   * @param {() => void} onClose
   */
  constructor(api, onClose) {
    this.#api = api;
    this.#onClose = onClose;
    this.clear();
  }

  clear() {
    this.id = null;
    this.ids = [];
    this.#place.replaceChildren(el("p", words.nothing_chosen, "hint chosen-none"));
  }

  /**
   * Show an exchange, with tabs for the exchanges of its call.
   * @param {number | "latest"} id
   */
  async open(id) {
    this.id = id;
    const exchange = await this.#load(id);
    if (this.id !== id) {
      return;
    }
    if (exchange === null) {
      this.#showProblem(words.gone);
      return;
    }
    const ids = [exchange.id, ...exchange.together]
      .sort((first, second) => first - second)
      .slice(0, MAX_TABS);
    const loaded = await Promise.all(
      ids.map((other) => (other === exchange.id ? exchange : this.#load(other))),
    );
    if (this.id === id) {
      this.id = exchange.id;
      this.ids = ids;
      this.#show(exchange, /** @type {FullExchange[]} */ (loaded.filter(Boolean)));
    }
  }

  /**
   * Return an exchange, null when the journal has it no longer. Raises ApiError.
   * @param {number | "latest"} id
   * @returns {Promise<FullExchange | null>}
   */
  async #load(id) {
    try {
      return await this.#api.request("GET", `/api/v1/exchanges/${id}`);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) {
        return null;
      }
      this.#showProblem(/** @type {Error} */ (error).message);
      throw error;
    }
  }

  /** @param {string} text */
  #showProblem(text) {
    this.#place.replaceChildren(el("p", text, "problem chosen-none"));
  }

  /**
   * @param {FullExchange} exchange
   * @param {FullExchange[]} exchanges  of the same call
   */
  #show(exchange, exchanges) {
    const { request, answer, headers } = exchange;
    this.#place.replaceChildren(cloneTemplate("whole", words));
    this.#find(".close").addEventListener("click", this.#onClose);
    const title = [exchange.op ?? outcomeWords(exchange.outcome)[0], numberText(exchange)];
    this.#find("h2").textContent = title.filter(Boolean).join(" · ");
    this.#find(".when").textContent = `${formatExactTime(exchange.at)} · ${words.row(exchange.id)}`;
    this.#showTabs(exchange, exchanges);
    this.#showReport(exchange);
    this.#find(".decided dl").replaceChildren(...descriptions(decisions(exchange)));
    const noRequest = exchange.outcome === "ok" ? words.empty_body : words.unread;
    showBody(this.#find(".request"), request, exchange.kept ? noRequest : words.not_kept, exchange.kept);
    showBody(this.#find(".answer"), answer, exchange.kept ? words.empty_body : words.not_kept, exchange.kept);
    this.#find(".headers dl").replaceChildren(...descriptions(Object.entries(headers)));
    this.#find(".headers").hidden = Object.keys(headers).length === 0;
    this.#listenToExports(exchange.id);
    this.#place.scrollTop = 0;
  }

  /** @param {string} selector */
  #find(selector) {
    return find(this.#place, selector);
  }

  /**
   * @param {FullExchange} shown
   * @param {FullExchange[]} exchanges
   */
  #showTabs(shown, exchanges) {
    const tabs = exchanges.map((exchange) => this.#tab(exchange, exchanges, exchange.id === shown.id));
    const bar = this.#find(".tabs");
    bar.replaceChildren(...tabs);
    bar.hidden = tabs.length < 2;
    bar.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) {
        event.stopPropagation();
        const place = exchanges.findIndex(({ id }) => id === this.id);
        tabs[(place + step + tabs.length) % tabs.length].click();
      }
    };
  }

  /**
   * @param {FullExchange} exchange
   * @param {FullExchange[]} exchanges
   * @param {boolean} isShown
   */
  #tab(exchange, exchanges, isShown) {
    const tab = el("button", stepText(exchange, outcomeWords(exchange.outcome)[0]));
    tab.type = "button";
    tab.role = "tab";
    tab.setAttribute("aria-selected", String(isShown));
    tab.tabIndex = isShown ? 0 : -1;
    tab.dataset.id = `${exchange.id}`;
    tab.addEventListener("click", () => {
      this.id = exchange.id;
      this.#show(exchange, exchanges);
      this.#find(`[data-id="${exchange.id}"]`).focus();
      history.replaceState(null, "", `#exchange=${exchange.id}`);
    });
    return tab;
  }

  /** @param {FullExchange} exchange */
  #showReport({ report, kept }) {
    const rows = report.map(({ code, severity, message }) => {
      const row = el("li");
      row.dataset.severity = severity;
      row.append(el("span", code, "code"), el("span", words[severity], "kind"), el("span", message, "said"));
      return row;
    });
    this.#find(".report ul").replaceChildren(...rows);
    const fine = this.#find(".report .fine");
    fine.hidden = rows.length > 0;
    fine.textContent = kept ? words.no_findings : words.unknown_report;
    fine.classList.toggle("unknown", !kept);
  }

  /** @param {number} id */
  #listenToExports(id) {
    const code = this.#find(".again pre");
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (
      this.#place.querySelectorAll(".again [data-form]")
    )) {
      const form = button.dataset.form ?? "";
      button.addEventListener("click", async () => {
        const text =
          form === "link" ? `${location.origin}/calls#exchange=${id}` : await this.#loadExport(id, form);
        if (text !== null) {
          code.textContent = text;
          code.hidden = form === "link";
          await copyText(text, code);
          this.#find(".copied").textContent = `${words.copied}: ${button.textContent}`;
        }
      });
    }
  }

  /**
   * Return the request as a program that sends it again, null without an answer.
   * @param {number} id
   * @param {string} form  "curl", "http" or "pytest"
   */
  async #loadExport(id, form) {
    const answer = await fetch(`/api/v1/exchanges/${id}/${form}`, { credentials: "same-origin" }).catch(
      () => null,
    );
    if (!answer?.ok) {
      this.#find(".copied").textContent = words.silent;
      return null;
    }
    return answer.text();
  }
}

/**
 * Copy a text that `shown` shows, and say so for a while on the button.
 * @param {string} text
 * @param {HTMLElement} button
 * @param {HTMLElement} shown
 */
export async function copyByButton(text, button, shown) {
  await copyText(text, shown);
  button.textContent = words.copied;
  setTimeout(() => (button.textContent = words.copy), COPIED_MS);
}

/**
 * Show the bytes of a request or an answer: XML indented, or as it came.
 * @param {HTMLElement} section
 * @param {Body} body
 * @param {string} missing  why there are no bytes
 * @param {boolean} isKept
 */
function showBody(section, { text, encoding, size }, missing, isKept) {
  const code = find(section, "pre");
  const exact = find(section, ".form");
  const copy = find(section, ".copy");
  const sizeText = [words.bytes(size), encoding && words.base64].filter(Boolean).join(", ");
  find(section, ".size").textContent = isKept && size ? sizeText : missing;
  find(section, ".tools").hidden = size === 0;
  code.hidden = size === 0;
  exact.hidden = Boolean(encoding);
  const show = (/** @type {boolean} */ isExact) => {
    exact.setAttribute("aria-pressed", String(isExact));
    const parts = isExact || encoding ? [{ kind: "", text }] : formatXml(text);
    code.replaceChildren(...parts.map(({ kind, text: part }) => (kind ? el("span", part, kind) : part)));
  };
  exact.addEventListener("click", () => show(exact.getAttribute("aria-pressed") !== "true"));
  copy.addEventListener("click", () => copyByButton(text, copy, code));
  show(false);
}
