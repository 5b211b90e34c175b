import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import {
  FakeBroadcastChannel,
  FakeClock,
  FakeEventSource,
  FakeLocks,
  FakeStorage,
  setGlobal,
} from "./fakes.js";
import { SharedFeed } from "../../src/vats1c/web/static/card/shared-feed.js";

const clock = new FakeClock();
let leave;

beforeEach(() => {
  clock.install();
  leave = [];
  FakeEventSource.opened = [];
  FakeBroadcastChannel.all = [];
  setGlobal("EventSource", FakeEventSource);
  setGlobal("BroadcastChannel", FakeBroadcastChannel);
  setGlobal("navigator", { locks: new FakeLocks() });
  setGlobal("localStorage", new FakeStorage());
  setGlobal("addEventListener", (name, listener) => name === "pagehide" && leave.push(listener));
});
afterEach(() => clock.restore());

function tab() {
  const opened = { events: [], states: [] };
  opened.feed = new SharedFeed({
    api: { request: () => Promise.resolve(null) },
    cursor: 7,
    onEvent: (name, data) => opened.events.push([name, data]),
    onState: (state) => opened.states.push(state),
  });
  opened.feed.start();
  return opened;
}

test("of two tabs one opens a stream, and both get its events and its state", async () => {
  const [first, second] = [tab(), tab()];
  await clock.advance(0);
  FakeEventSource.last.send("call", { id: 1, cursor: 8 });

  assert.equal(FakeEventSource.opened.length, 1);
  for (const { events, states, feed } of [first, second]) {
    assert.deepEqual(events, [["call", { id: 1, cursor: 8 }]]);
    assert.equal(states.at(-1), "live");
    assert.equal(feed.cursor, 8);
  }
});

test("a tab that comes later learns the state from the elected tab", async () => {
  tab();
  await clock.advance(0);
  FakeEventSource.last.send("hello", { cursor: 8 });
  const later = tab();

  assert.deepEqual(later.states, ["live"]);
});

test("what a tab publishes comes at the other tabs only", async () => {
  const [first, second] = [tab(), tab()];
  second.feed.publish("closed", { call: "5" });

  assert.deepEqual(first.events, [["closed", { call: "5" }]]);
  assert.deepEqual(second.events, []);
});

test("another tab may ask the elected tab to connect again", async () => {
  const [, second] = [tab(), tab()];
  await clock.advance(0);
  second.feed.reconnect();
  await clock.advance(0);

  assert.equal(FakeEventSource.opened.length, 2);
});

test("without locks a lease elects one tab, and after it is closed another that goes on where it was", async () => {
  setGlobal("navigator", {});
  const [, second] = [tab(), tab()];
  await clock.advance(5_000);
  assert.equal(FakeEventSource.opened.length, 1);
  FakeEventSource.last.send("call", { id: 1, cursor: 8 });
  // The elected tab is gone: it renews its lease no more.
  const { own } = JSON.parse(localStorage.getItem("vats1c-lease"));
  const { setItem } = localStorage;
  localStorage.setItem = function (key, value) {
    if (JSON.parse(value).own !== own) {
      setItem.call(this, key, value);
    }
  };
  await clock.advance(10_000);

  assert.equal(FakeEventSource.opened.length, 2);
  assert.equal(FakeEventSource.last.url, "/card/events?after=8");
  assert.equal(second.feed.cursor, 8);
});

test("a tab that is closed gives its lease back, and no other tab's", async () => {
  setGlobal("navigator", {});
  tab();
  tab();
  await clock.advance(5_000);
  const [closeFirst, closeSecond] = leave;
  closeSecond();
  assert.notEqual(localStorage.getItem("vats1c-lease"), null);
  closeFirst();

  assert.equal(localStorage.getItem("vats1c-lease"), null);
});
