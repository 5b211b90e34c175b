import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { document, setGlobal } from "./fakes.js";
import { Pointer } from "../../src/vats1c/web/static/lib/pointer.js";

const realNow = performance.now;
let listeners;
let nowMs;
let under;
let scrolled;

beforeEach(() => {
  [listeners, nowMs, under, scrolled] = [{}, 0, null, []];
  setGlobal("addEventListener", (name, listener) => (listeners[name] = listener));
  setGlobal("scrollBy", ({ top }) => scrolled.push(top));
  document.elementFromPoint = () => under;
  performance.now = () => nowMs;
});
afterEach(() => (performance.now = realNow));

function control(top = 0) {
  const element = {
    top,
    isConnected: true,
    closest: () => element,
    getBoundingClientRect: () => ({ top: element.top }),
  };
  return element;
}

const move = (pointerType = "mouse") => listeners.pointermove({ clientX: 1, clientY: 1, pointerType });
const press = (pointerType = "mouse") => listeners.pointerdown({ clientX: 1, clientY: 1, pointerType });
const release = (pointerType = "mouse") => listeners.pointerup({ clientX: 1, clientY: 1, pointerType });

test("elements may move while the pointer is outside the page", () => {
  const pointer = new Pointer();
  assert.ok(pointer.isAway);
  assert.ok(pointer.allowsMoves);
  move();
  assert.ok(!pointer.allowsMoves);
  document.documentElement.listeners.pointerleave();

  assert.ok(pointer.isAway);
  assert.ok(pointer.allowsMoves);
});

test("elements may move once the pointer has rested for a second, unless it rests on a control", () => {
  const pointer = new Pointer();
  move();
  nowMs = 999;
  assert.ok(!pointer.allowsMoves);
  nowMs = 1_000;
  assert.ok(pointer.allowsMoves);
  under = control();

  assert.ok(!pointer.allowsMoves);
});

test("no element moves while a button is pressed", () => {
  const pointer = new Pointer();
  press();
  nowMs = 5_000;
  assert.ok(!pointer.allowsMoves);
  release();

  assert.ok(pointer.allowsMoves);
});

test("a finger that has left the screen rests nowhere", () => {
  const pointer = new Pointer();
  under = control();
  press("touch");
  assert.equal(pointer.control, under);
  release("touch");

  assert.ok(pointer.isAway);
  assert.equal(pointer.control, null);
});

test("the page scrolls by as much as a change has moved the control under the pointer", () => {
  const pointer = new Pointer();
  under = control(100);
  move();
  pointer.keepInPlace(() => (under.top = 140));

  assert.deepEqual(scrolled, [40]);
});

test("the page does not scroll where no control is under the pointer, or the control is gone", () => {
  const pointer = new Pointer();
  move();
  pointer.keepInPlace(() => {});
  under = control(100);
  pointer.keepInPlace(() => Object.assign(under, { top: 0, isConnected: false }));

  assert.deepEqual(scrolled, []);
});
