// The card page: what rings now, what rang today, and what nobody saw.

import { titled, Notices, Sound } from "./alerts.js";
import { Api } from "../lib/api.js";
import { Calls, nameOf } from "./card-model.js";
import { Pointer } from "../lib/pointer.js";
import { CardView, hasDraft, numberOf, whoseOf } from "./card-view.js";
import { language, speak, told, words } from "./words.js";
import { Feed } from "../lib/event-feed.js";

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
    this.folded = new Set();
    this.unseen = null;
    this.ahead = 0;
    this.pointer = new Pointer();
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
    this.folded = new Set(this.cardNames().slice(1));
    this.showWho();
    this.show();
    this.showUnseen();
    this.feed = new Feed(this.api, cursor, (name, data) => this.came(name, data), (state) => this.connected(state));
    setInterval(() => this.show(), TICK);
    setInterval(() => this.showUnseen(), UNSEEN);
    addEventListener("scroll", () => this.showRinging(), { passive: true });
    addEventListener("focus", () => {
      this.show();
      if (this.state === "out" || this.state === "lost") {
        this.feed.again();
      }
    });
  }

  came(name, data) {
    if (name === "hello" && (data.login !== this.me.login || data.cursor < this.feed.cursor)) {
      // Somebody else has signed in, in another tab; or the journal is another one, which uses the same ids.
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
    // A longer word may take another line of the head.
    this.pointer.keepInPlace(() => {
      at("connection").dataset.state = state;
      at("connection").textContent = words[state];
    });
    at("signed-out").hidden = state !== "out";
  }

  rang(call) {
    const name = nameOf(call);
    const isNew = this.calls.put(call);
    const known = this.views.get(name);
    this.pointer.keepInPlace(() => known?.show(this.calls.get(name)));
    const rings = isNew && this.calls.isFresh(name, this.now);
    if (rings) {
      const who = words.ringing(whoseOf(call));
      at("announced").textContent = `${who}, ${numberOf(call)}`;
      this.sound.ring(name);
      this.notices.show(name, who, [numberOf(call), call.caller?.company].filter(Boolean).join(", "));
    }
    this.show();
    if (rings && this.pointer.isAway && !document.activeElement.closest(".card")) {
      this.views.get(name)?.element.scrollIntoView({ block: "nearest" });
      this.showRinging();
    }
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
    this.folded.delete(name) || this.folded.add(name);
    this.show();
  }

  // The names of the calls that are cards, newest first.
  cardNames() {
    return this.calls.cards(this.now, (name) => Boolean(this.views.get(name)?.isTyped), hasDraft);
  }

  // A new card comes below those that are open, which stay where they are: a click that is on its way to a button of one
  // caller must not ring another.
  show() {
    const names = this.cardNames();
    this.pointer.keepInPlace(() => {
      for (const name of [...this.views.keys()].filter((one) => !names.includes(one))) {
        this.drop(name);
      }
      for (const name of [...names].reverse()) {
        const view = this.views.get(name) ?? this.made(name);
        view.fold(this.folded.has(name) && !view.element.contains(document.activeElement));
      }
      at("waiting").hidden = names.length > 0;
      this.closeGaps(names.length === 0);
    });
    this.noticed(names);
    this.showRinging();
    this.list("today", this.calls.today(this.now).map((name) => this.calls.get(name)));
    if (this.unseen) {
      this.list("unseen", this.unseen);
    }
  }

  made(name) {
    const view = new CardView(name, this.calls.get(name), this);
    this.views.set(name, view);
    at("cards").append(view.element);
    return view;
  }

  // Leaves a gap: the cards below move up once no click can be meant for them.
  drop(name) {
    const { element } = this.views.get(name);
    const gap = document.createElement("div");
    gap.className = "gap";
    gap.style.height = `${element.getBoundingClientRect().height}px`;
    element.replaceWith(gap);
    this.views.delete(name);
    this.folded.delete(name);
  }

  closeGaps(none) {
    const gaps = [...document.querySelectorAll("#cards > .gap")];
    if (none || this.pointer.allowsMoves) {
      gaps.forEach((gap) => (gap.hidden = true));
      // No control may come under a resting pointer either.
      const isClear = none || !this.pointer.control;
      gaps.forEach((gap) => (isClear ? gap.remove() : (gap.hidden = false)));
    }
  }

  // Names the newest call that rings while its card is not in sight.
  showRinging() {
    const name = [...this.views.keys()].reverse().find((one) => this.calls.isFresh(one, this.now));
    const button = at("ringing");
    button.hidden = !name || isInSight(this.views.get(name).element);
    if (!button.hidden) {
      button.textContent = words.ringing(whoseOf(this.calls.get(name)));
      button.onclick = () => this.open(name);
    }
  }

  // Unfolds a card and brings it into sight.
  open(name) {
    this.folded.delete(name);
    this.show();
    const { element } = this.views.get(name);
    element.scrollIntoView({ block: "start" });
    element.focus({ preventScroll: true });
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
    // A list that did not change keeps its focus; a row under the pointer stays there, and the next tick comes here again.
    if (panel.dataset.shown === shown || panel.contains(this.pointer.control)) {
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
      this.open(nameOf(call));
    };
    return row;
  }

  async showUnseen() {
    const { calls } = await this.api.ask("GET", "/api/v1/unseen").catch(() => ({ calls: null }));
    if (calls) {
      const over = calls.filter((call) => this.now - Date.parse(call.last) > 30_000).reverse();
      at("unseen-count").textContent = over.length;
      at("unseen-count").hidden = over.length === 0;
      this.unseen = over;
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

// Whether the head of a card is in sight, below the strip.
function isInSight(element) {
  const { top } = element.getBoundingClientRect();
  const head = element.querySelector(".body").getBoundingClientRect().top || element.getBoundingClientRect().bottom;
  return top >= 0 && head <= innerHeight;
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
      const card = target.closest(".card") ?? [...document.querySelectorAll(".card:not(.folded)")].at(-1);
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
