// How a call makes itself noticed: sound, desktop notification, title and icon.
// Rule: each says honestly whether it can; a browser rings once, however many tabs are open.

const REMEMBERED = 20;

// Whether this tab is the first to do something for a call.
function first(kind, name) {
  const key = `vats1c-did-${kind}`;
  const done = JSON.parse(localStorage.getItem(key) ?? "[]");
  if (done.includes(name)) {
    return false;
  }
  localStorage.setItem(key, JSON.stringify([name, ...done].slice(0, REMEMBERED)));
  return true;
}

function chosen(key) {
  return localStorage.getItem(key) === "on";
}

export class Sound {
  #context = null;

  constructor(onChange) {
    this.onChange = onChange;
    if (this.wanted) {
      this.#prepare();
    }
    // A browser lets a page sound only after somebody has touched it.
    for (const gesture of ["pointerdown", "keydown"]) {
      addEventListener(gesture, () => this.#context?.resume());
    }
  }

  get wanted() {
    return chosen("vats1c-sound");
  }

  // "off", "waits" for a gesture, or "on".
  get state() {
    return !this.wanted ? "off" : this.#context?.state === "running" ? "on" : "waits";
  }

  toggle() {
    // A sound that only waits is woken, by the click itself.
    if (this.state !== "waits") {
      localStorage.setItem("vats1c-sound", this.wanted ? "off" : "on");
    }
    if (this.wanted) {
      this.#prepare();
    }
    this.onChange();
  }

  ring(name) {
    if (this.state === "on" && first("sound", name)) {
      for (const beginning of [0, 0.25, 1.2, 1.45]) {
        this.#beep(this.#context.currentTime + beginning);
      }
    }
  }

  #prepare() {
    this.#context ??= new AudioContext();
    this.#context.onstatechange = () => this.onChange();
    this.#context.resume();
  }

  #beep(at) {
    const tone = this.#context.createOscillator();
    const volume = this.#context.createGain();
    tone.frequency.value = 880;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.2, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
    tone.connect(volume).connect(this.#context.destination);
    tone.start(at);
    tone.stop(at + 0.22);
  }
}

export class Notices {
  constructor(onChange) {
    this.onChange = onChange;
  }

  // "insecure": by HTTPS only; "denied" in the browser's settings; "off" or "on".
  get state() {
    if (!globalThis.isSecureContext || !("Notification" in globalThis)) {
      return "insecure";
    }
    if (Notification.permission === "denied") {
      return "denied";
    }
    return chosen("vats1c-notices") && Notification.permission === "granted" ? "on" : "off";
  }

  async toggle() {
    const on = this.state === "off" && (await Notification.requestPermission()) === "granted";
    localStorage.setItem("vats1c-notices", on ? "on" : "off");
    this.onChange();
  }

  show(name, title, text) {
    if (this.state !== "on" || document.hasFocus() || !first("notice", name)) {
      return;
    }
    try {
      const notice = new Notification(title, { body: text, tag: name, icon: "/static/icon-ringing.svg" });
      notice.onclick = () => {
        focus();
        notice.close();
      };
    } catch {
      // Phones offer notifications to installed applications only.
    }
  }
}

// The title and the icon of the tab: who rings, until the card was looked at.
export function titled(title, ringing) {
  document.title = ringing ? `☎ ${ringing}` : title;
  document.getElementById("icon").href = ringing ? "/static/icon-ringing.svg" : "/static/icon.svg";
}
