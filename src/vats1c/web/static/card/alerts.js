// How a call draws attention: sound, desktop notification, title and icon of the tab.
// Rule: each alert shows whether it can work, and a browser rings once for a call, however many tabs are open.

import { byId } from "../lib/dom.js";

const MAX_REMEMBERED = 20;
const SOUND_KEY = "vats1c-sound";
const NOTICES_KEY = "vats1c-notices";
const BEEPS_S = [0, 0.25, 1.2, 1.45];

/**
 * Return whether this tab is the first in its browser to alert about a call, and remember that it has.
 * @param {string} kind
 * @param {string} name  of the call
 */
function claim(kind, name) {
  const key = `vats1c-did-${kind}`;
  const claimed = JSON.parse(localStorage.getItem(key) ?? "[]");
  if (claimed.includes(name)) {
    return false;
  }
  localStorage.setItem(key, JSON.stringify([name, ...claimed].slice(0, MAX_REMEMBERED)));
  return true;
}

/** @param {string} key */
function isChosen(key) {
  return localStorage.getItem(key) === "on";
}

export class Sound {
  #onChange;
  /** @type {AudioContext | null} */
  #context = null;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
    if (this.#isWanted) {
      this.#prepare();
    }
    // Browsers let a page sound only after the user has touched the page.
    for (const gesture of ["pointerdown", "keydown"]) {
      addEventListener(gesture, () => this.#context?.resume());
    }
  }

  get #isWanted() {
    return isChosen(SOUND_KEY);
  }

  /**
   * "waits": for the first gesture on the page.
   * @returns {"off" | "waits" | "on"}
   */
  get state() {
    if (!this.#isWanted) {
      return "off";
    }
    return this.#context?.state === "running" ? "on" : "waits";
  }

  toggle() {
    // The click itself is the gesture for which the sound waits: the sound stays on.
    if (this.state !== "waits") {
      localStorage.setItem(SOUND_KEY, this.#isWanted ? "off" : "on");
    }
    if (this.#isWanted) {
      this.#prepare();
    }
    this.#onChange();
  }

  /** @param {string} name  of the call */
  ring(name) {
    if (this.#context && this.state === "on" && claim("sound", name)) {
      for (const start of BEEPS_S) {
        beep(this.#context, this.#context.currentTime + start);
      }
    }
  }

  #prepare() {
    this.#context ??= new AudioContext();
    this.#context.onstatechange = () => this.#onChange();
    this.#context.resume();
  }
}

/**
 * @param {AudioContext} context
 * @param {number} start  in seconds of the context's clock
 */
function beep(context, start) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = 880;
  volume.gain.setValueAtTime(0.0001, start);
  volume.gain.exponentialRampToValueAtTime(0.2, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.2);
  tone.connect(volume).connect(context.destination);
  tone.start(start);
  tone.stop(start + 0.22);
}

export class Notices {
  #onChange;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /**
   * "insecure": browsers have notifications for pages that come by HTTPS only. "denied": in the browser's settings.
   * @returns {"insecure" | "denied" | "off" | "on"}
   */
  get state() {
    if (!globalThis.isSecureContext || !("Notification" in globalThis)) {
      return "insecure";
    }
    if (Notification.permission === "denied") {
      return "denied";
    }
    return isChosen(NOTICES_KEY) && Notification.permission === "granted" ? "on" : "off";
  }

  async toggle() {
    const isOn = this.state === "off" && (await Notification.requestPermission()) === "granted";
    localStorage.setItem(NOTICES_KEY, isOn ? "on" : "off");
    this.#onChange();
  }

  /**
   * Show a notification, unless the user looks at the page.
   * @param {string} name  of the call
   * @param {string} title
   * @param {string} body
   */
  show(name, title, body) {
    if (this.state !== "on" || document.hasFocus() || !claim("notice", name)) {
      return;
    }
    try {
      const notice = new Notification(title, { body, tag: name, icon: "/static/icon-ringing.svg" });
      notice.onclick = () => {
        focus();
        notice.close();
      };
    } catch {
      // Phones have notifications for installed applications only.
    }
  }
}

/**
 * Show in the title and the icon of the tab who calls; without a caller, the title of the page.
 * @param {string} title
 * @param {string} ringing  the caller, "" for none
 */
export function showInTitle(title, ringing) {
  document.title = ringing ? `☎ ${ringing}` : title;
  byId("icon", HTMLLinkElement).href = ringing ? "/static/icon-ringing.svg" : "/static/icon.svg";
}
