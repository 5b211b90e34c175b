import assert from "node:assert/strict";
import { test } from "node:test";

import { CardModel, FRESH_MS, MAX_CARDS, nameOf } from "../../src/vats1c/web/static/card/card-model.js";

const NOW = Date.parse("2026-03-05T12:00:00Z");
const no = () => false;

function call(id, agoMs = 0, changes = {}) {
  const at = new Date(NOW - agoMs).toISOString();
  return {
    id,
    cursor: id ?? 0,
    at,
    last: at,
    received: "8",
    rings: [{ extension: "244", last: at }],
    ...changes,
  };
}

function model(calls, closed = {}) {
  const made = new CardModel(closed, ({ extension }) => extension === "244");
  calls.forEach((one) => made.put(one));
  return made;
}

test("a call is a card for two minutes after its last ring, then history", () => {
  const calls = model([
    call(1, FRESH_MS - 1),
    call(2, FRESH_MS),
    call(3, 3_600_000, { last: new Date(NOW).toISOString() }),
  ]);

  assert.deepEqual(calls.cards(NOW, no, no), ["1", "3"]);
  assert.deepEqual(
    calls.today(NOW).map(({ id }) => id),
    [1, 2, 3],
  );
});

test("a card with unsaved text stays, whatever its age and however many are newer", () => {
  const newer = Array.from({ length: MAX_CARDS }, (_, place) => call(place + 10, place));
  const calls = model([...newer, call(1, 600_000), call(2, 700_000)]);
  const cards = calls.cards(
    NOW,
    (name) => name === "1",
    (name) => name === "2",
  );

  assert.deepEqual(cards, ["10", "11", "12", "13", "14", "1", "2"]);
});

test("a page has at most five cards, the newest", () => {
  const calls = model(Array.from({ length: 8 }, (_, place) => call(place + 1, 1_000 - place)));

  assert.deepEqual(calls.cards(NOW, no, no), ["8", "7", "6", "5", "4"]);
});

test("a closed card stays closed, and a call from the history is a card until it is closed", () => {
  const calls = model([call(1, 1_000), call(2, 600_000)]);
  calls.close("1", NOW);
  calls.pin("2");
  assert.deepEqual(calls.cards(NOW, no, no), ["2"]);
  calls.close("2", NOW);

  assert.deepEqual(calls.cards(NOW, no, no), []);
});

test("a closed call that rings the user again is new again; a ring of a colleague changes nothing", () => {
  const calls = model([call(1, 60_000)], { 1: NOW - 30_000 });
  const ring = (extension) => ({ extension, last: new Date(NOW).toISOString() });

  assert.equal(calls.put(call(1, 60_000, { cursor: 2, rings: [ring("245")] })), false);
  assert.deepEqual(calls.cards(NOW, no, no), []);
  assert.equal(calls.put(call(1, 60_000, { cursor: 3, rings: [ring("244")] })), true);
  assert.deepEqual(calls.cards(NOW, no, no), ["1"]);
});

test("an older state of a call does not replace a newer state", () => {
  const calls = model([call(1, 0, { cursor: 5, repeat: 2 })]);

  assert.equal(calls.put(call(1, 0, { cursor: 4, repeat: 1 })), false);
  assert.equal(calls.get("1").repeat, 2);
});

test("a call that is not in the journal is known by its number", () => {
  const calls = model([]);

  assert.equal(nameOf({ id: null, received: "8923" }), "unwritten 8923");
  assert.equal(calls.put(call(null, 0, { received: "8923" })), true);
  assert.equal(calls.put(call(null, 0, { received: "8923" })), false);
  assert.throws(() => calls.get("5"), /no call 5/);
});

test("closed calls are forgotten after a day", () => {
  const calls = model([], { 1: NOW - 86_400_001, 2: NOW - 86_400_000 });
  calls.close("3", NOW);

  assert.deepEqual(Object.keys(calls.closed), ["2", "3"]);
});
