// The inspector: each call as one story, live; what was refused stands on top.

import { Api } from "../lib/api.js";
import { Detail, copy } from "./exchange-detail.js";
import { Faults } from "./faults.js";
import { Feed } from "./exchange-feed.js";
import { Stories } from "./call-groups.js";
import { fill, refusal } from "./rows.js";
import { language, outcomeOf, speak, told, words } from "./words.js";

// So often at most the page changes, milliseconds: at fifty requests a second it stays readable.
const DRAW_EVERY = 200;
const FIRST = 300;
const TYPING = 250;
const AGAIN = 3_000;

const at = (id) => document.getElementById(id);

class Inspector {
  constructor() {
    this.api = new Api(language, words.silent);
    this.stories = new Stories();
    this.rows = new Map();
    this.waiting = [];
    this.timer = 0;
    this.paused = false;
    this.query = {};
    this.hidden = {};
    this.chosen = null;
    this.faults = new Faults(this.api, trouble);
    this.detail = new Detail(at("detail"), this.api, () => this.close());
  }

  async begin() {
    this.bench = await this.api.ask("GET", "/api/v1/bench");
    this.showBench();
    if (this.bench.test_call) {
      this.faults.begin();
    }
    await this.load();
    await this.openLinked();
  }

  showBench() {
    const { publications, test_call, signed_in } = this.bench;
    at("bench").hidden = false;
    at("who").textContent = signed_in ?? "";
    at("sign-out").hidden = at("pages").hidden = signed_in === null;
    at("test-call").hidden = at("test-call-empty").hidden = !test_call;
    const { url } = publications[0] ?? { url: `${location.origin}/telephony/ws/VATS` };
    const link = document.createElement("a");
    link.href = link.textContent = `${url}?wsdl`;
    at("addresses").replaceChildren(...[[words.address, url], [words.wsdl, link]].flatMap(([word, value]) => {
      const [term, description] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = word;
      description.append(value);
      return [term, description];
    }));
    at("sample").textContent = sample(url);
  }

  // Reads what there is, and follows what comes.
  async load() {
    this.feed?.end();
    const query = (this.query = this.asked());
    const { exchanges, cursor } = await this.api.ask("GET", `/api/v1/exchanges?${new URLSearchParams({ ...query, limit: FIRST })}`);
    if (query !== this.query) {
      return;
    }
    this.stories.clear();
    this.rows.clear();
    this.waiting = [];
    at("rows").replaceChildren();
    this.feed = new Feed(this.api, query, cursor, (came) => this.came(came), (state) => this.connected(state));
    this.waiting = exchanges;
    this.draw(true);
    for (const [id, form] of [["to-jsonl", "jsonl"], ["to-har", "har"]]) {
      at(id).href = `/api/v1/exchanges.${form}?${new URLSearchParams(query)}`;
    }
  }

  asked() {
    const query = { text: at("text").value.trim(), outcome: at("outcome").value };
    return Object.fromEntries(Object.entries(query).filter(([, value]) => value));
  }

  async search() {
    try {
      await this.load();
      trouble("");
    } catch (error) {
      trouble(error.message, error.status === 401);
    }
  }

  connected(state) {
    if (state === "lost" && this.state !== "lost") {
      this.since = told(new Date());
    }
    this.state = state;
    at("connection").dataset.state = state;
    at("connection").textContent = state === "lost" ? words.lost(this.since) : words[state];
    trouble(state === "out" ? words.out : "", state === "out");
  }

  came(exchanges) {
    this.waiting.push(...exchanges);
    if (this.paused) {
      at("pause").textContent = words.go_on(this.waiting.length);
    } else {
      this.timer ||= setTimeout(() => this.draw(), DRAW_EVERY);
    }
  }

  pause() {
    this.paused = !this.paused;
    at("pause").setAttribute("aria-pressed", String(this.paused));
    at("pause").textContent = this.paused ? words.go_on(0) : words.pause;
    this.draw();
  }

  draw(first = false) {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.paused && !first) {
      return;
    }
    const changed = this.stories.put(this.waiting.splice(0));
    for (const name of changed) {
      this.drawStory(name);
    }
    if (this.detail.id !== null && changed.has(this.chosen) && !first) {
      this.joined();
    }
    const nothing = this.rows.size === 0;
    const asks = Object.keys(this.query).length > 0;
    at("empty").hidden = !nothing || asks;
    at("finder").hidden = nothing && !asks;
    at("not-found").hidden = !nothing || !asks;
    at("more").hidden = !this.stories.capped;
    at("panes").classList.toggle("nothing-yet", nothing && !asks && this.detail.id === null);
    this.drawRefusals();
    this.markChosen();
  }

  // The call that is looked at has another exchange.
  joined() {
    const ids = this.stories.get(this.chosen)?.map(({ id }) => id) ?? [];
    if (ids.some((id) => !this.detail.ids.includes(id)) && !at("detail").contains(document.activeElement)) {
      this.detail.open(this.detail.id);
    }
  }

  drawStory(name) {
    const exchanges = this.stories.get(name);
    const known = this.rows.get(name);
    if (!exchanges) {
      known?.remove();
      this.rows.delete(name);
      return;
    }
    const row = known ?? at("row").content.firstElementChild.cloneNode(true);
    row.querySelector("button").onclick = () => this.choose(name);
    fill(row, exchanges);
    if (!known) {
      this.rows.set(name, row);
      this.place(row, name);
    }
  }

  // Rows stand newest first; almost always a new one is the first.
  place(row, name) {
    const own = this.stories.order(name);
    row.dataset.order = own;
    let next = at("rows").firstElementChild;
    while (next && Number(next.dataset.order) > own) {
      next = next.nextElementSibling;
    }
    at("rows").insertBefore(row, next);
  }

  choose(name) {
    const exchanges = this.stories.get(name) ?? [];
    const one = exchanges.find(({ outcome }) => outcome !== "ok") ?? exchanges.find(({ codes }) => codes.length) ?? exchanges[0];
    if (one) {
      this.open(one.id, name);
    }
  }

  open(id, name = this.stories.storyOf(Number(id))) {
    this.chosen = name ?? null;
    at("panes").classList.add("open");
    at("panes").classList.remove("nothing-yet");
    this.markChosen();
    history.replaceState(null, "", `#exchange=${id}`);
    return this.detail
      .open(id)
      .then(() => narrow() && at("detail").focus())
      .catch(() => null);
  }

  close() {
    const row = this.rows.get(this.chosen);
    this.chosen = null;
    this.detail.nothing();
    at("panes").classList.remove("open");
    at("panes").classList.toggle("nothing-yet", this.rows.size === 0);
    history.replaceState(null, "", location.pathname);
    this.markChosen();
    row?.querySelector("button").focus();
  }

  markChosen() {
    for (const one of at("rows").querySelectorAll("[aria-current]")) {
      one.removeAttribute("aria-current");
    }
    this.rows.get(this.chosen)?.querySelector("button").setAttribute("aria-current", "true");
  }

  drawRefusals() {
    const found = this.stories.refusals(Date.now(), this.hidden);
    const shown = JSON.stringify(found.map(({ outcome, count, last }) => [outcome, count, last.id]));
    if (shown === at("refusals").dataset.shown) {
      return;
    }
    at("refusals").dataset.shown = shown;
    at("refusals").hidden = found.length === 0;
    at("refusals").querySelector("ul").replaceChildren(...found.map((group) => refusal(group, () => this.open(group.last.id), () => this.hide(group))));
    at("announced").textContent = found.length ? `${words.refusals}: ${outcomeOf(found[0].outcome)[0]}` : "";
  }

  // Says no more of a refusal until it comes again.
  hide({ outcome, last }) {
    this.hidden[outcome] = last.id;
    this.drawRefusals();
  }

  async testCall(button) {
    button.disabled = true;
    try {
      await this.api.ask("POST", "/api/v1/test-call");
      trouble("");
    } catch (error) {
      trouble(error.message, error.status === 401);
    }
    button.disabled = false;
  }

  async openLinked() {
    const id = /^#exchange=(\d+|latest)$/.exec(location.hash)?.[1];
    if (id && id !== String(this.detail.id)) {
      await this.open(id);
    }
  }

  // Up and down go from call to call.
  walk(step) {
    const all = [...at("rows").querySelectorAll(".story")];
    const from = all.indexOf(document.activeElement);
    all[Math.min(Math.max(from + step, 0), all.length - 1)]?.focus();
  }

  listen() {
    let typing = 0;
    at("finder").onsubmit = (event) => event.preventDefault();
    at("text").oninput = () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.search(), TYPING);
    };
    at("outcome").onchange = () => this.search();
    at("pause").onclick = () => this.pause();
    for (const id of ["test-call", "test-call-empty"]) {
      at(id).onclick = ({ target }) => this.testCall(target);
    }
    document.querySelector("[data-copies]").onclick = ({ target }) => copy(at("sample").textContent, target, at("sample"));
    at("language").href = `/language/${language === "en" ? "ru" : "en"}?next=/calls`;
    at("sign-out").onclick = async () => {
      await this.api.signOut();
      location.assign("/sign-in?next=/calls");
    };
    addEventListener("hashchange", () => this.openLinked());
    addEventListener("focus", () => this.state === "lost" && this.feed?.again());
    addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const isField = event.target.matches("input, select, textarea");
    if (event.key === "Escape" && this.detail.id !== null) {
      this.close();
    } else if (event.key === "/" && !isField) {
      event.preventDefault();
      at("text").focus();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.closest("#list, #finder") && !event.target.matches("select")) {
      event.preventDefault();
      this.walk(event.key === "ArrowDown" ? 1 : -1);
    }
  }
}

function sample(url) {
  return `curl -u SOAP:123 -H 'Content-Type: text/xml' ${url} -d '
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
  <soap:Body>
    <SayName xmlns="http://VATS"><number>89235292926</number></SayName>
  </soap:Body>
</soap:Envelope>'`;
}

function trouble(text, signIn = false) {
  at("trouble").hidden = !text;
  at("trouble").querySelector("span").textContent = text;
  at("trouble").querySelector("a").hidden = !signIn;
}

function narrow() {
  return matchMedia("(max-width: 60rem)").matches;
}

async function begin() {
  speak(document);
  document.title = words.title;
  const inspector = new Inspector();
  inspector.connected("connecting");
  inspector.listen();
  for (;;) {
    try {
      await inspector.begin();
      trouble("");
      return;
    } catch (error) {
      trouble(error.status === 403 ? words.forbidden : error.message, error.status === 401 || error.status === 403);
      if (error.status === 403) {
        at("connection").hidden = true;
        return;
      }
      await new Promise((wake) => setTimeout(wake, AGAIN));
    }
  }
}

begin();
