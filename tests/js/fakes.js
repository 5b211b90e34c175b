// What a browser gives a page, as far as the modules under test use it. Import it before them: they read the language
// of the page when they are loaded.

class FakeElement {
  attributes = {};
  children = [];
  dataset = {};
  listeners = {};
  className = "";
  #text = "";

  constructor(tag, parts = {}) {
    this.tag = tag;
    this.parts = parts;
  }

  get textContent() {
    return this.#text + this.children.map((child) => child.textContent ?? child).join("");
  }

  set textContent(text) {
    this.#text = text;
    this.children = [];
  }

  get classList() {
    return {
      toggle: (name, isOn) => {
        const names = new Set(this.className.split(" ").filter(Boolean));
        names[isOn ? "add" : "delete"](name);
        this.className = [...names].join(" ");
      },
    };
  }

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.#text = "";
    this.children = children;
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }

  querySelector(selector) {
    return this.parts[selector] ?? null;
  }
}

/** An element in which each of the selectors finds an element of its own. */
export function elementWith(...selectors) {
  return new FakeElement(
    "div",
    Object.fromEntries(selectors.map((selector) => [selector, new FakeElement("span")])),
  );
}

export const document = {
  documentElement: Object.assign(new FakeElement("html"), { lang: "ru" }),
  createElement: (tag) => new FakeElement(tag),
  elementFromPoint: () => null,
};

Object.assign(globalThis, { document, HTMLElement: FakeElement, HTMLTimeElement: FakeElement });

/** Timers and clocks that stand still until a test moves them. */
export class FakeClock {
  #real = { setTimeout, clearTimeout, setInterval, clearInterval, now: Date.now };
  #timers = new Map();
  #ids = 0;
  now = Date.parse("2026-03-05T12:00:00Z");

  install() {
    this.#timers.clear();
    const add = (work, ms, everyMs) =>
      this.#timers.set(++this.#ids, { work, at: this.now + ms, everyMs }) && this.#ids;
    globalThis.setTimeout = (work, ms = 0) => add(work, ms);
    globalThis.setInterval = (work, ms) => add(work, ms, ms);
    globalThis.clearTimeout = globalThis.clearInterval = (id) => this.#timers.delete(id);
    Date.now = () => this.now;
  }

  restore() {
    const { now, ...timers } = this.#real;
    Object.assign(globalThis, timers);
    Date.now = now;
  }

  /** Move the clock, run the timers that are due, and let the promises that they settle run. */
  async advance(ms) {
    const end = this.now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (due.length === 0) {
        break;
      }
      const [id, timer] = due[0];
      this.now = Math.max(this.now, timer.at);
      if (timer.everyMs) {
        timer.at += timer.everyMs;
      } else {
        this.#timers.delete(id);
      }
      timer.work();
      await settle();
    }
    this.now = end;
  }
}

const immediate = setImmediate;

/** Let all promises that can settle do so. */
export function settle() {
  return new Promise((resolve) => immediate(resolve));
}

/** The streams that pages open, in their order. */
export class FakeEventSource {
  static opened = [];
  listeners = {};
  isClosed = false;

  constructor(url) {
    this.url = url;
    FakeEventSource.opened.push(this);
  }

  static get last() {
    return FakeEventSource.opened.at(-1);
  }

  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }

  close() {
    this.isClosed = true;
  }

  send(name, data) {
    this.listeners[name]({ data: JSON.stringify(data) });
  }

  fail() {
    this.onerror();
  }
}

/** Storage of a browser, the same for all its tabs. */
export class FakeStorage {
  #items = new Map();

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, `${value}`);
  }

  removeItem(key) {
    this.#items.delete(key);
  }
}

/** Channels between the tabs of a browser: a message comes at all channels of the name but the sender's. */
export class FakeBroadcastChannel {
  static all = [];

  constructor(name) {
    this.name = name;
    FakeBroadcastChannel.all.push(this);
  }

  postMessage(data) {
    for (const channel of FakeBroadcastChannel.all) {
      if (channel !== this && channel.name === this.name) {
        channel.onmessage?.({ data: structuredClone(data) });
      }
    }
  }
}

/** Locks of a browser: the next tab runs its work when the work of the tab before has ended. */
export class FakeLocks {
  #held = Promise.resolve();

  request(_name, work) {
    this.#held = this.#held.then(work);
  }
}

/** Replace a global of node that may have no setter. */
export function setGlobal(name, value) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
