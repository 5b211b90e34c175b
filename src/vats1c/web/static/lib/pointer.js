// The pointer, and the control under it. Rule: what the page changes by itself never moves a control under the pointer.

const CONTROLS = "button, a, input, textarea, select, label";
// A pointer that moved less than this ago, milliseconds, may be on its way to a control.
const STILL = 1_000;

export class Pointer {
  #at = null;
  #pressed = false;

  constructor() {
    const moved = ({ clientX, clientY }) => (this.#at = { x: clientX, y: clientY, moved: performance.now() });
    const released = (event) => {
      this.#pressed = false;
      // A finger that has left the screen is nowhere.
      this.#at = event.pointerType === "mouse" ? this.#at : null;
    };
    addEventListener("pointermove", moved, { passive: true });
    addEventListener("pointerdown", (event) => {
      moved(event);
      this.#pressed = true;
    });
    addEventListener("pointerup", released);
    addEventListener("pointercancel", released);
    document.documentElement.addEventListener("pointerleave", () => (this.#at = null));
  }

  // Whether the pointer is outside of the page.
  get isAway() {
    return this.#at === null;
  }

  // The control under the pointer, null where there is none.
  get control() {
    return this.#at ? (document.elementFromPoint(this.#at.x, this.#at.y)?.closest(CONTROLS) ?? null) : null;
  }

  // Whether elements may move: nothing is pressed, and the pointer rests on no control.
  get allowsMoves() {
    return !this.#pressed && (this.isAway || (performance.now() - this.#at.moved >= STILL && !this.control));
  }

  // Changes the page by `work`; scrolls by as much as the control under the pointer has moved.
  keepInPlace(work) {
    const { control } = this;
    const before = control?.getBoundingClientRect().top;
    work();
    const after = control?.isConnected ? control.getBoundingClientRect().top : before;
    if (control && after !== before) {
      scrollBy({ top: after - before, behavior: "instant" });
    }
  }
}
