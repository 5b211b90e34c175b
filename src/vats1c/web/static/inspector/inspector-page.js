// The inspector: every call with its exchanges as they come; refusals are on top.

import { ApiError } from "../lib/api.js";
import { Debounce } from "../lib/debounce.js";
import { byId, find } from "../lib/dom.js";
import { EventFeed } from "../lib/event-feed.js";
import { language } from "../lib/words.js";
import { showBench } from "./bench.js";
import { CallGroups } from "./call-groups.js";
import { CallList } from "./call-list.js";
import { ExchangeDetail, copyByButton } from "./exchange-detail.js";
import { exchangeEvents } from "./exchange-events.js";
import { Faults } from "./faults.js";
import { RefusalStrip } from "./refusal-strip.js";
import { formatTime, words } from "./words.js";

// The page is drawn at most once in this time, so that it stays readable at fifty requests a second.
const DRAW_INTERVAL_MS = 200;
const MAX_LOADED = 300;

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("../lib/event-feed.js").FeedState} FeedState */
/** @typedef {import("./call-groups.js").Exchange} Exchange */

export class InspectorPage {
  #api;
  #groups = new CallGroups();
  #list = new CallList(this.#groups, (name) => this.#choose(name));
  #refusals = new RefusalStrip(this.#groups, (id) => this.#open(id));
  #faults;
  #detail;
  #searching = new Debounce(() => this.#search());
  /** @type {EventFeed | null} */
  #feed = null;
  /** @type {FeedState} */
  #state = "connecting";
  /** When the connection was lost. */
  #lostSince = "";
  /** The exchanges that are not drawn yet. @type {Exchange[]} */
  #queue = [];
  #drawTimer = 0;
  #isPaused = false;
  /** The search that is shown. @type {Record<string, string>} */
  #query = {};
  /** The group that the user has chosen. @type {string | null} */
  #chosen = null;

  /** @param {Api} api */
  constructor(api) {
    this.#api = api;
    this.#faults = new Faults(api, showTrouble);
    this.#detail = new ExchangeDetail(api, () => this.#close());
    this.#connected("connecting");
    this.#listen();
  }

  /** Load the page. Raises ApiError. */
  async start() {
    /** @type {import("./bench.js").Bench} */
    const bench = await this.#api.request("GET", "/api/v1/bench");
    showBench(bench);
    await this.#load();
    if (bench.test_call) {
      this.#faults.start();
    }
    await this.#openAddress();
  }

  /** Load the exchanges of the search, and follow those that come. Raises ApiError. */
  async #load() {
    this.#feed?.end();
    const query = (this.#query = searchOfPage());
    const parameters = new URLSearchParams({ ...query, limit: `${MAX_LOADED}` });
    const { exchanges, cursor } = await this.#api.request("GET", `/api/v1/exchanges?${parameters}`);
    if (query !== this.#query) {
      return;
    }
    this.#groups.clear();
    this.#list.clear();
    this.#queue = exchanges;
    this.#feed = new EventFeed({
      api: this.#api,
      source: exchangeEvents(query),
      cursor,
      onEvent: (_, data) => this.#receive(data.exchanges ?? []),
      onState: (state) => this.#connected(state),
    });
    this.#feed.run();
    this.#draw(true);
    byId("to-jsonl", HTMLAnchorElement).href = `/api/v1/exchanges.jsonl?${new URLSearchParams(query)}`;
    byId("to-har", HTMLAnchorElement).href = `/api/v1/exchanges.har?${new URLSearchParams(query)}`;
  }

  async #search() {
    await this.#attempt(() => this.#load());
  }

  /** @param {FeedState} state */
  #connected(state) {
    if (state === "lost" && this.#state !== "lost") {
      this.#lostSince = formatTime(new Date());
    }
    this.#state = state;
    byId("connection").dataset.state = state;
    byId("connection").textContent = state === "lost" ? words.lost(this.#lostSince) : words[state];
    showTrouble(state === "out" ? words.out : "", state === "out");
  }

  /** @param {Exchange[]} exchanges */
  #receive(exchanges) {
    if (exchanges.length === 0) {
      return;
    }
    this.#queue.push(...exchanges);
    if (this.#isPaused) {
      byId("pause").textContent = words.go_on(this.#queue.length);
    } else {
      this.#drawTimer ||= window.setTimeout(() => this.#draw(), DRAW_INTERVAL_MS);
    }
  }

  #togglePause() {
    this.#isPaused = !this.#isPaused;
    byId("pause").setAttribute("aria-pressed", String(this.#isPaused));
    byId("pause").textContent = this.#isPaused ? words.go_on(0) : words.pause;
    this.#draw();
  }

  /** Draw the exchanges of the queue; those of a new search also while the page is paused. */
  #draw(isNewSearch = false) {
    clearTimeout(this.#drawTimer);
    this.#drawTimer = 0;
    if (this.#isPaused && !isNewSearch) {
      return;
    }
    const changed = this.#groups.put(this.#queue.splice(0));
    changed.forEach((name) => this.#list.update(name));
    if (this.#chosen !== null && changed.has(this.#chosen) && !isNewSearch) {
      this.#updateDetail(this.#chosen);
    }
    const isSearch = Object.keys(this.#query).length > 0;
    const { isEmpty } = this.#list;
    byId("empty").hidden = !isEmpty || isSearch;
    byId("finder").hidden = isEmpty && !isSearch;
    byId("not-found").hidden = !isEmpty || !isSearch;
    byId("more").hidden = !this.#groups.isCapped;
    byId("panes").classList.toggle("nothing-yet", isEmpty && !isSearch && this.#detail.id === null);
    this.#refusals.draw();
    this.#list.mark(this.#chosen);
  }

  /**
   * Load the chosen call again when it has a new exchange, unless the focus would be lost.
   * @param {string} name
   */
  #updateDetail(name) {
    const hasNew = this.#groups.get(name).some(({ id }) => !this.#detail.ids.includes(id));
    if (this.#detail.id !== null && hasNew && !byId("detail").contains(document.activeElement)) {
      this.#detail.open(this.#detail.id);
    }
  }

  /** @param {string} name */
  #choose(name) {
    const exchanges = this.#groups.get(name);
    const refused = exchanges.find(({ outcome }) => outcome !== "ok");
    const exchange = refused ?? exchanges.find(({ codes }) => codes.length) ?? exchanges[0];
    if (exchange) {
      this.#open(exchange.id, name);
    }
  }

  /**
   * Show an exchange in full.
   * @param {number | "latest"} id
   * @param {string} [name]  of its group
   */
  async #open(id, name = this.#groups.groupOf(Number(id))) {
    this.#chosen = name ?? null;
    byId("panes").classList.add("open");
    byId("panes").classList.remove("nothing-yet");
    this.#list.mark(this.#chosen);
    history.replaceState(null, "", `#exchange=${id}`);
    try {
      await this.#detail.open(id);
      if (matchMedia("(max-width: 60rem)").matches) {
        byId("detail").focus();
      }
    } catch (error) {
      // The detail shows the message of an ApiError itself.
      if (!(error instanceof ApiError)) {
        throw error;
      }
    }
  }

  #close() {
    const chosen = this.#chosen;
    this.#chosen = null;
    this.#detail.clear();
    byId("panes").classList.remove("open");
    byId("panes").classList.toggle("nothing-yet", this.#list.isEmpty);
    history.replaceState(null, "", location.pathname);
    this.#list.mark(null);
    this.#list.focus(chosen);
  }

  /** @param {HTMLButtonElement} button */
  async #sendTestCall(button) {
    button.disabled = true;
    await this.#attempt(() => this.#api.request("POST", "/api/v1/test-call"));
    button.disabled = false;
  }

  /**
   * Do the work of an action, and show its error on top of the page.
   * @param {() => Promise<void>} work
   */
  async #attempt(work) {
    try {
      await work();
      showTrouble("");
    } catch (error) {
      showTrouble(/** @type {Error} */ (error).message, error instanceof ApiError && error.status === 401);
    }
  }

  /** Show the exchange that the address of the page names. */
  async #openAddress() {
    const id = /^#exchange=(\d+|latest)$/.exec(location.hash)?.[1];
    if (id && id !== String(this.#detail.id)) {
      await this.#open(id === "latest" ? id : Number(id));
    }
  }

  #listen() {
    byId("finder").addEventListener("submit", (event) => event.preventDefault());
    byId("text").addEventListener("input", () => this.#searching.soon());
    byId("outcome").addEventListener("change", () => this.#search());
    byId("pause").addEventListener("click", () => this.#togglePause());
    for (const id of ["test-call", "test-call-empty"]) {
      const button = byId(id, HTMLButtonElement);
      button.addEventListener("click", () => this.#sendTestCall(button));
    }
    const copy = find(document, "[data-copies]");
    copy.addEventListener("click", () =>
      copyByButton(byId("sample").textContent ?? "", copy, byId("sample")),
    );
    byId("language", HTMLAnchorElement).href = `/language/${language === "en" ? "ru" : "en"}?next=/calls`;
    byId("sign-out").addEventListener("click", async () => {
      await this.#api.signOut();
      location.assign("/sign-in?next=/calls");
    });
    addEventListener("hashchange", () => this.#openAddress());
    addEventListener("focus", () => {
      if (this.#state === "lost") {
        this.#feed?.reconnect();
      }
    });
    addEventListener("keydown", (event) => this.#pressKey(event));
  }

  /** @param {KeyboardEvent} event */
  #pressKey(event) {
    const { key, target } = event;
    if (!(target instanceof Element)) {
      return;
    }
    const isInList = target.closest("#list, #finder") && !target.matches("select");
    if (key === "Escape" && this.#detail.id !== null) {
      this.#close();
    } else if (key === "/" && !target.matches("input, select, textarea")) {
      event.preventDefault();
      byId("text").focus();
    } else if ((key === "ArrowDown" || key === "ArrowUp") && isInList) {
      event.preventDefault();
      this.#list.moveFocus(key === "ArrowDown" ? 1 : -1);
    }
  }
}

/**
 * Show a problem on top of the page; "" for none.
 * @param {string} text
 */
export function showTrouble(text, offersSignIn = false) {
  byId("trouble").hidden = !text;
  find(byId("trouble"), "span").textContent = text;
  find(byId("trouble"), "a").hidden = !offersSignIn;
}

/** @returns {Record<string, string>} */
function searchOfPage() {
  const text = byId("text", HTMLInputElement).value.trim();
  const outcome = byId("outcome", HTMLSelectElement).value;
  return Object.fromEntries(Object.entries({ text, outcome }).filter(([, value]) => value));
}
