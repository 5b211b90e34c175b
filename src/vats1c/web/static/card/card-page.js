// The card page: the calls that ring now as cards, beside lists of earlier calls.

import { byId } from "../lib/dom.js";
import { Pointer } from "../lib/pointer.js";
import { Notices, Sound, showInTitle } from "./alerts.js";
import { CallLists } from "./call-lists.js";
import { CardColumn } from "./card-column.js";
import { CardModel, nameOf } from "./card-model.js";
import { callerText, hasDraft, numberText } from "./card-view.js";
import { listenToSwitches, showConnection, showSwitches, showUser } from "./header.js";
import { Receipts } from "./receipts.js";
import { SharedFeed } from "./shared-feed.js";
import { words } from "./words.js";

const CLOSED_KEY = "vats1c-closed";
const TICK_MS = 1_000;
const UNSEEN_EVERY_MS = 60_000;

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("../lib/api.js").User} User */
/** @typedef {import("../lib/event-feed.js").FeedState} FeedState */
/** @typedef {import("./card-model.js").Call} Call */

export class CardPage {
  /** The difference between the service's clock and the browser's. */
  #clockOffsetMs = 0;
  #pointer = new Pointer();
  #sound = new Sound(() => this.#showSwitches());
  #notices = new Notices(() => this.#showSwitches());
  /** @type {FeedState} */
  #state = "connecting";
  #model;
  #cards;
  #lists;
  #receipts;
  #feed;

  /**
   * @param {Api} api
   * @param {User} user
   * @param {Call[]} calls
   * @param {number} cursor
   */
  constructor(api, user, calls, cursor) {
    this.api = api;
    this.user = user;
    const closed = JSON.parse(localStorage.getItem(CLOSED_KEY) ?? "{}");
    this.#model = new CardModel(closed, (ring) => user.administrator || ring.extension === user.extension);
    calls.forEach((call) => this.#model.put(call));
    this.#cards = new CardColumn({
      host: this,
      pointer: this.#pointer,
      callOf: (name) => this.#model.get(name),
    });
    this.#cards.fold(this.#cardNames().slice(1));
    this.#lists = new CallLists({
      api,
      pointer: this.#pointer,
      onOpen: (call) => this.#openFromHistory(call),
    });
    this.#receipts = new Receipts(api);
    this.#feed = new SharedFeed({
      api,
      cursor,
      onEvent: (name, data) => this.#receive(name, data),
      onState: (state) => this.#connected(state),
    });
  }

  start() {
    showUser(this.api, this.user);
    listenToSwitches(this.#sound, this.#notices);
    this.#showSwitches();
    this.#show();
    this.#lists.loadUnseen(this.#now);
    this.#feed.start();
    setInterval(() => this.#show(), TICK_MS);
    setInterval(() => this.#lists.loadUnseen(this.#now), UNSEEN_EVERY_MS);
    addEventListener("scroll", () => this.#showRinging(), { passive: true });
    addEventListener("keydown", (event) => this.#pressKey(event));
    addEventListener("focus", () => {
      this.#show();
      if (this.#state === "out" || this.#state === "lost") {
        this.#feed.reconnect();
      }
    });
  }

  /**
   * Take a call that a card has changed, and send it to the other tabs.
   * @param {Call} call
   */
  updateCall(call) {
    this.#model.put(call);
    this.#cards.update(nameOf(call));
    this.#show();
    this.#feed.publish("call", call);
  }

  /** @param {string} name */
  closeCard(name) {
    this.#closeHere(name, true);
    this.#feed.publish("closed", { call: name });
    this.#receipts.send(this.#model.get(name), "closed");
  }

  /** @param {string} name */
  toggleFold(name) {
    this.#cards.toggleFold(name);
    this.#show();
  }

  /** The service's time: a call is fresh by this clock. */
  get #now() {
    return Date.now() + this.#clockOffsetMs;
  }

  /**
   * @param {string} name
   * @param {any} data
   */
  #receive(name, data) {
    if (name === "hello" && (data.login !== this.user.login || data.cursor < this.#feed.cursor)) {
      // Another user has signed in, in another tab; or another journal is in use, with the same ids for other calls.
      location.reload();
    } else if (name === "hello" || name === "beat") {
      this.#clockOffsetMs = Date.parse(data.now) - Date.now();
    } else if (name === "closed") {
      this.#closeHere(data.call);
    } else if (name === "call") {
      this.#ring(data);
    }
  }

  /** @param {FeedState} state */
  #connected(state) {
    this.#state = state;
    // A longer word may take one more line of the header.
    this.#pointer.keepInPlace(() => showConnection(state));
    byId("signed-out").hidden = state !== "out";
  }

  /** @param {Call} call */
  #ring(call) {
    const name = nameOf(call);
    const isNew = this.#model.put(call);
    this.#pointer.keepInPlace(() => this.#cards.update(name));
    const isRinging = isNew && this.#model.isFresh(name, this.#now);
    if (isRinging) {
      const title = words.ringing(callerText(call));
      byId("announced").textContent = `${title}, ${numberText(call)}`;
      this.#sound.ring(name);
      this.#notices.show(name, title, [numberText(call), call.caller?.company].filter(Boolean).join(", "));
    }
    this.#show();
    if (isRinging && this.#pointer.isAway && !document.activeElement?.closest(".card")) {
      this.#cards.scrollTo(name, "nearest");
      this.#showRinging();
    }
  }

  /**
   * Close a card in this tab. A card with unsaved text stays, unless the user closes this very card.
   * @param {string} name
   * @param {boolean} [isByHand]
   */
  #closeHere(name, isByHand = false) {
    if (!this.#model.has(name) || (!isByHand && this.#cards.isTyped(name))) {
      return;
    }
    this.#model.close(name, this.#now);
    localStorage.setItem(CLOSED_KEY, JSON.stringify(this.#model.closed));
    if (isByHand) {
      this.#cards.remove(name);
    }
    this.#show();
  }

  /** The names of the calls that are cards, the newest first. */
  #cardNames() {
    return this.#model.cards(this.#now, (name) => this.#cards.isTyped(name), hasDraft);
  }

  #show() {
    const names = this.#cardNames();
    this.#pointer.keepInPlace(() => {
      byId("waiting").hidden = names.length > 0;
      this.#cards.show(names);
    });
    this.#noteSeen(names.map((name) => this.#model.get(name)));
    this.#showRinging();
    this.#lists.show(this.#model.today(this.#now));
  }

  /** Name the newest fresh call on top of the page while its card is out of sight. */
  #showRinging() {
    const name = this.#cards.names.find((card) => this.#model.isFresh(card, this.#now));
    const button = byId("ringing");
    button.hidden = name === undefined || this.#cards.isInSight(name);
    if (name !== undefined && !button.hidden) {
      button.textContent = words.ringing(callerText(this.#model.get(name)));
      button.onclick = () => this.#open(name);
    }
  }

  /** @param {Call} call */
  #openFromHistory(call) {
    this.#model.put(call);
    this.#model.pin(nameOf(call));
    this.#open(nameOf(call));
  }

  /**
   * Unfold a card and scroll to it.
   * @param {string} name
   */
  #open(name) {
    this.#cards.unfold(name);
    this.#show();
    this.#cards.scrollTo(name, "start");
    this.#cards.focus(name);
  }

  /**
   * Send the receipts of the cards. A card is seen in a window that has the focus; the title names calls not yet seen.
   * @param {Call[]} calls
   */
  #noteSeen(calls) {
    calls.forEach((call) => this.#receipts.send(call, "shown"));
    if (document.visibilityState === "visible" && document.hasFocus()) {
      calls.forEach((call) => this.#receipts.send(call, "seen"));
    }
    const newest = calls.find(
      (call) => this.#model.isFresh(nameOf(call), this.#now) && !this.#receipts.has(call, "seen"),
    );
    showInTitle(words.title, newest ? `${callerText(newest)}, ${numberText(newest)}` : "");
  }

  #showSwitches() {
    showSwitches(this.#sound, this.#notices);
  }

  /** @param {KeyboardEvent} event */
  #pressKey({ key, target }) {
    if (key !== "Escape" || !(target instanceof HTMLElement)) {
      return;
    }
    const card = target.closest(".card") ?? [...document.querySelectorAll(".card:not(.folded)")].at(-1);
    if (target.matches("input, textarea")) {
      target.blur();
    } else if (card instanceof HTMLElement) {
      this.closeCard(card.dataset.call ?? "");
    }
  }
}
