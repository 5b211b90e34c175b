// The card page: what rings now, what rang today, and what nobody saw.

import { titled, Notices, Sound } from "./alerts.js";
import { Api } from "./callers.js";
import { Calls, nameOf } from "./calls.js";
import { CardView, hasDraft, numberOf, whoseOf } from "./card-view.js";
import { language, speak, told, words } from "./card-words.js";
import { Feed } from "./stream.js";

const CLOSED = "vats1c-closed";
const TICK = 1_000;
const UNSEEN = 60_000;
const AGAIN = 10_000;

const at = (id) => document.getElementById(id);

class Desk {
  constructor() {
    this.api = new Api(language, words.silent);
    this.views = new Map();
    this.receipts = new Set();
    this.unfoldedName = null;
    this.ahead = 0;
    this.sound = new Sound(() => this.showAlerts());
    this.notices = new Notices(() => this.showAlerts());
    const closed = JSON.parse(localStorage.getItem(CLOSED) ?? "{}");
    this.calls = new Calls(closed, (ring) => this.me.administrator || ring.extension === this.me.extension);
  }

  // The service's clock: it says when a call has become history.
  get now() {
    return Date.now() + this.ahead;
  }

  async begin() {
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    const since = new Date(Math.min(midnight, Date.now() - 120_000)).toISOString();
    this.me = await this.api.me();
    const { calls, cursor } = await this.api.ask("GET", `/api/v1/calls?limit=1000&since=${encodeURIComponent(since)}`);
    calls.forEach((call) => this.calls.put(call));
    this.showWho();
    this.show();
    this.showUnseen();
    this.feed = new Feed(this.api, cursor, (name, data) => this.came(name, data), (state) => this.connected(state));
    setInterval(() => this.show(), TICK);
    setInterval(() => this.showUnseen(), UNSEEN);
    addEventListener("focus", () => {
      this.show();
      if (this.state === "out" || this.state === "lost") {
        this.feed.again();
      }
    });
  }

  came(name, data) {
    if (name === "hello" && data.login !== this.me.login) {
      // Somebody else has signed in, in another tab.
      location.reload();
    } else if (name === "hello" || name === "beat") {
      this.ahead = Date.parse(data.now) - Date.now();
    } else if (name === "closed") {
      this.closedHere(data.call);
    } else if (name === "call") {
      this.rang(data);
    }
  }

  connected(state) {
    this.state = state;
    at("connection").dataset.state = state;
    at("connection").textContent = words[state];
    at("signed-out").hidden = state !== "out";
  }

  rang(call) {
    const name = nameOf(call);
    const isNew = this.calls.put(call);
    const known = this.views.get(name);
    known?.show(this.calls.get(name));
    if (isNew && this.calls.isFresh(name, this.now)) {
      // What is being typed in stays unfolded.
      if (!this.views.get(this.unfoldedName)?.isTyped) {
        this.unfoldedName = name;
      }
      const who = words.ringing(whoseOf(call));
      at("announced").textContent = `${who}, ${numberOf(call)}`;
      this.sound.ring(name);
      this.notices.show(name, who, [numberOf(call), call.caller?.company].filter(Boolean).join(", "));
    }
    this.show();
  }

  // A card's own changes, told to the other tabs.
  changed(call) {
    this.calls.put(call);
    this.views.get(nameOf(call))?.show(this.calls.get(nameOf(call)));
    this.show();
    this.feed.tell("call", call);
  }

  closed(name) {
    this.closedHere(name, true);
    this.feed.tell("closed", { call: name });
    this.receipt(name, "closed");
  }

  closedHere(name, byHand = false) {
    const view = this.views.get(name);
    if (!this.calls.get(name) || (!byHand && view?.isTyped)) {
      return;
    }
    this.calls.close(name, this.now);
    localStorage.setItem(CLOSED, JSON.stringify(this.calls.closed));
    if (byHand && view) {
      this.drop(name);
    }
    this.show();
  }

  unfolded(name) {
    this.unfoldedName = this.unfoldedName === name ? null : name;
    this.show();
  }

  show() {
    const names = this.calls.cards(this.now, (name) => Boolean(this.views.get(name)?.isTyped), hasDraft);
    for (const name of [...this.views.keys()].filter((one) => !names.includes(one))) {
      this.drop(name);
    }
    if (!names.includes(this.unfoldedName)) {
      this.unfoldedName = names[0] ?? null;
    }
    const place = at("cards");
    names.forEach((name, order) => {
      const view = this.views.get(name) ?? this.made(name);
      view.fold(name !== this.unfoldedName && !view.element.contains(document.activeElement));
      if (place.children[order] !== view.element) {
        place.insertBefore(view.element, place.children[order] ?? null);
      }
    });
    at("waiting").hidden = names.length > 0;
    this.noticed(names);
    this.list("today", this.calls.today(this.now).map((name) => this.calls.get(name)));
  }

  made(name) {
    const view = new CardView(name, this.calls.get(name), this);
    this.views.set(name, view);
    return view;
  }

  drop(name) {
    this.views.get(name).element.remove();
    this.views.delete(name);
  }

  // A card in a window that is looked at has been seen; until then the title tells of it.
  noticed(names) {
    const looked = document.visibilityState === "visible" && document.hasFocus();
    names.forEach((name) => this.receipt(name, "shown"));
    if (looked) {
      names.forEach((name) => this.receipt(name, "seen"));
    }
    const [newest] = names.filter((name) => this.calls.isFresh(name, this.now) && !this.receipts.has(`${name} seen`));
    titled(words.title, newest ? `${whoseOf(this.calls.get(newest))}, ${numberOf(this.calls.get(newest))}` : "");
  }

  receipt(name, state) {
    const { id } = this.calls.get(name);
    if (id === null || this.receipts.has(`${name} ${state}`)) {
      return;
    }
    this.receipts.add(`${name} ${state}`);
    this.api.ask("POST", `/api/v1/calls/${id}/receipt`, { json: { state } }).catch(() => {
      // Said again with a later tick.
      setTimeout(() => this.receipts.delete(`${name} ${state}`), AGAIN);
    });
  }

  list(id, calls) {
    const panel = at(id);
    const rows = calls.map((call) => this.row(call));
    const shown = JSON.stringify(calls);
    // A list that did not change keeps its focus.
    if (panel.dataset.shown === shown) {
      return;
    }
    panel.dataset.shown = shown;
    panel.querySelector(".calls").replaceChildren(...rows);
    panel.querySelector(".hint").hidden = id === "today" && rows.length > 0;
  }

  row(call) {
    const row = at("row").content.firstElementChild.cloneNode(true);
    row.querySelector("time").textContent = told(call.last);
    row.querySelector(".whose").textContent = whoseOf(call);
    row.querySelector(".more").textContent = [call.caller ? numberOf(call) : "", call.note?.text].filter(Boolean).join(" · ");
    row.querySelector("button").onclick = () => {
      this.calls.put(call);
      this.calls.pin(nameOf(call));
      this.unfoldedName = nameOf(call);
      this.show();
      this.views.get(nameOf(call))?.element.focus();
    };
    return row;
  }

  async showUnseen() {
    const { calls } = await this.api.ask("GET", "/api/v1/unseen").catch(() => ({ calls: null }));
    if (calls) {
      const over = calls.filter((call) => this.now - Date.parse(call.last) > 30_000).reverse();
      at("unseen-count").textContent = over.length;
      at("unseen-count").hidden = over.length === 0;
      this.list("unseen", over);
    }
  }

  showWho() {
    at("who").textContent = [this.me.name, this.me.extension].filter(Boolean).join(", ");
    at("to-directory").hidden = !this.me.edit;
    at("language").href = `/language/${language === "en" ? "ru" : "en"}?next=/card`;
    at("sound").onclick = () => this.sound.toggle();
    at("notices").onclick = () => this.notices.toggle();
    at("sign-out").onclick = async () => {
      await this.api.signOut();
      location.assign("/sign-in");
    };
    this.showAlerts();
  }

  showAlerts() {
    for (const [id, alert] of [["sound", this.sound], ["notices", this.notices]]) {
      at(id).textContent = words[`${id}_${alert.state}`];
      at(id).setAttribute("aria-pressed", String(alert.state === "on"));
      at(id).disabled = alert.state === "denied" || alert.state === "insecure";
    }
  }
}

function tabs() {
  const all = [...document.querySelectorAll("[role=tab]")];
  const choose = (tab) => {
    for (const one of all) {
      one.setAttribute("aria-selected", String(one === tab));
      one.tabIndex = one === tab ? 0 : -1;
      at(one.getAttribute("aria-controls")).hidden = one !== tab;
    }
  };
  all.forEach((tab, place) => {
    tab.onclick = () => choose(tab);
    tab.onkeydown = ({ key }) => {
      if (key === "ArrowLeft" || key === "ArrowRight") {
        const next = all[(place + 1) % all.length];
        choose(next);
        next.focus();
      }
    };
  });
}

async function begin() {
  speak(document);
  tabs();
  const desk = new Desk();
  desk.connected("connecting");
  document.title = words.title;
  addEventListener("keydown", ({ key, target }) => {
    if (key === "Escape") {
      const isField = target.matches("input, textarea");
      const card = target.closest(".card") ?? document.querySelector(".card:not(.folded)");
      isField ? target.blur() : card && desk.closed(card.dataset.call);
    }
  });
  for (;;) {
    try {
      await desk.begin();
      at("trouble").hidden = true;
      return;
    } catch (error) {
      at("trouble").textContent = error.message;
      at("trouble").hidden = false;
      at("signed-out").hidden = error.status !== 401;
      await new Promise((wake) => setTimeout(wake, 3_000));
    }
  }
}

begin();
