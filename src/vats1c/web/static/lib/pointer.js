// The pointer, and the control under it.
// Rule: a change that the page makes by itself never moves a control under the pointer.

const CONTROLS = "button, a, input, textarea, select, label";
// A pointer that has moved within this time may be on its way to a control.
const REST_MS = 1_000;

export class Pointer {
  /** The position in the window; null outside the page. @type {{ x: number, y: number, movedMs: number } | null} */
  #position = null;
  #isPressed = false;

  constructor() {
    const move = (/** @type {PointerEvent} */ { clientX, clientY }) => {
      this.#position = { x: clientX, y: clientY, movedMs: performance.now() };
    };
    const release = (/** @type {PointerEvent} */ { pointerType }) => {
      this.#isPressed = false;
      // A finger that has left the screen has no position.
      this.#position = pointerType === "mouse" ? this.#position : null;
    };
    addEventListener("pointermove", move, { passive: true });
    addEventListener("pointerdown", (event) => {
      move(event);
      this.#isPressed = true;
    });
    addEventListener("pointerup", release);
    addEventListener("pointercancel", release);
    document.documentElement.addEventListener("pointerleave", () => (this.#position = null));
  }

  /** Whether the pointer is outside the page. */
  get isAway() {
    return this.#position === null;
  }

  /** The control under the pointer, null where there is none. */
  get control() {
    return this.#position
      ? (document.elementFromPoint(this.#position.x, this.#position.y)?.closest(CONTROLS) ?? null)
      : null;
  }

  /** Whether elements may move: no button is pressed, and the pointer rests on no control. */
  get allowsMoves() {
    const rests = this.#position === null || performance.now() - this.#position.movedMs >= REST_MS;
    return !this.#isPressed && rests && !this.control;
  }

  /**
   * Change the page by `change`, and scroll by the distance that the control under the pointer has moved.
   * @param {() => void} change
   */
  keepInPlace(change) {
    const { control } = this;
    const before = control?.getBoundingClientRect().top ?? 0;
    change();
    const after = control?.isConnected ? control.getBoundingClientRect().top : before;
    if (after !== before) {
      scrollBy({ top: after - before, behavior: "instant" });
    }
  }
}
