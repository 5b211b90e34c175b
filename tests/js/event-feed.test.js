import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { FakeClock, FakeEventSource, setGlobal } from "./fakes.js";
import { ApiError } from "../../src/vats1c/web/static/lib/api.js";
import { EventFeed } from "../../src/vats1c/web/static/lib/event-feed.js";
import { exchangeEvents } from "../../src/vats1c/web/static/inspector/exchange-events.js";
import { CALL_EVENTS } from "../../src/vats1c/web/static/card/shared-feed.js";

const clock = new FakeClock();
let events;
let states;
let polls;
let answerPoll;

beforeEach(() => {
  clock.install();
  setGlobal("EventSource", FakeEventSource);
  FakeEventSource.opened = [];
  [events, states, polls] = [[], [], []];
  answerPoll = () => Promise.reject(new ApiError(0, "silent", "no answer"));
});
afterEach(() => clock.restore());

function follow(source = CALL_EVENTS, cursor = 7) {
  const feed = new EventFeed({
    api: {
      request: (method, path) => {
        polls.push(`${method} ${path}`);
        return answerPoll();
      },
    },
    source,
    cursor,
    onEvent: (name, data) => events.push([name, data]),
    onState: (state) => states.push(state),
  });
  feed.run();
  return feed;
}

test("a feed opens its stream after the last event and passes the events on", () => {
  const feed = follow();
  FakeEventSource.last.send("hello", { cursor: 9 });
  FakeEventSource.last.send("call", { id: 3, cursor: 12 });

  assert.equal(FakeEventSource.last.url, "/card/events?after=7");
  assert.deepEqual(events, [
    ["hello", { cursor: 9 }],
    ["call", { id: 3, cursor: 12 }],
  ]);
  assert.deepEqual(states, ["live"]);
  assert.equal(feed.cursor, 12);
});

test("a stream that ends is opened again after the last event, without a poll", async () => {
  follow();
  FakeEventSource.last.send("call", { cursor: 12 });
  FakeEventSource.last.send("bye", { reason: "stopping" });
  await clock.advance(1_000);

  assert.deepEqual(states, ["live", "lost"]);
  assert.ok(FakeEventSource.opened[0].isClosed);
  assert.equal(FakeEventSource.last.url, "/card/events?after=12");
  assert.deepEqual(polls, []);
});

test("a stream without a heartbeat is closed and opened again", async () => {
  follow();
  FakeEventSource.last.send("hello", { cursor: 9 });
  await clock.advance(39_000);
  FakeEventSource.last.send("beat", {});
  await clock.advance(39_000);
  assert.equal(FakeEventSource.opened.length, 1);
  await clock.advance(2_000);

  assert.deepEqual(states, ["live", "lost"]);
  assert.equal(FakeEventSource.opened.length, 2);
});

test("where no stream begins the feed polls, and tries a stream again after a minute", async () => {
  const answers = [{ calls: [{ cursor: 8 }, { cursor: 9 }], cursor: 9 }, null];
  answerPoll = () => new Promise((resolve) => setTimeout(() => resolve(answers.shift() ?? null), 20_000));
  follow();
  FakeEventSource.last.fail();
  await clock.advance(59_000);

  assert.deepEqual(
    events.map(([name, { cursor }]) => [name, cursor]),
    [
      ["call", 8],
      ["call", 9],
    ],
  );
  assert.equal(polls[0], "GET /api/v1/calls?after=7&wait=20");
  assert.equal(polls[1], "GET /api/v1/calls?after=9&wait=20");
  assert.equal(states.at(-1), "polling");
  assert.equal(FakeEventSource.opened.length, 1);
  await clock.advance(2_000);
  assert.equal(FakeEventSource.last.url, "/card/events?after=9");
  FakeEventSource.last.send("hello", { cursor: 9 });
  assert.equal(states.at(-1), "live");
});

test("the state stays polling while the next stream is tried", async () => {
  answerPoll = () => new Promise((resolve) => setTimeout(() => resolve(null), 61_000));
  follow();
  FakeEventSource.last.fail();
  await clock.advance(61_000);
  FakeEventSource.last.fail();

  assert.deepEqual(states, ["lost", "polling", "polling"]);
});

test("the pauses between attempts grow to ten seconds, and an event makes them short again", async () => {
  follow();
  const waits = [];
  for (let attempt = 0; attempt < 7; attempt += 1) {
    const opened = FakeEventSource.opened.length;
    const startMs = clock.now;
    FakeEventSource.last.fail();
    while (FakeEventSource.opened.length === opened) {
      await clock.advance(50);
    }
    waits.push(clock.now - startMs);
  }
  // Each pause is random by a quarter up and down.
  for (const [attempt, pauseMs] of [1_000, 2_000, 5_000, 10_000, 10_000, 10_000, 10_000].entries()) {
    assert.ok(Math.abs(waits[attempt] - pauseMs) <= pauseMs / 4 + 50, `${waits}`);
  }
  FakeEventSource.last.send("hello", {});
  FakeEventSource.last.fail();
  const opened = FakeEventSource.opened.length;
  await clock.advance(625);
  assert.equal(FakeEventSource.opened.length, opened + 1);
});

test("the end of the session is shown until a stream begins", async () => {
  answerPoll = () => Promise.reject(new ApiError(401, "login", "sign in"));
  follow();
  FakeEventSource.last.send("hello", {});
  FakeEventSource.last.send("bye", { reason: "expired" });
  assert.equal(states.at(-1), "out");
  await clock.advance(1_000);
  FakeEventSource.last.fail();
  await clock.advance(100);
  assert.deepEqual(states.slice(1), ["out", "out", "out"]);
  await clock.advance(3_000);
  FakeEventSource.last.send("hello", {});

  assert.equal(states.at(-1), "live");
});

test("reconnect opens a new stream at once: in a pause, and in place of a stream that does not begin", async () => {
  const feed = follow();
  FakeEventSource.last.fail();
  await clock.advance(0);
  feed.reconnect();
  await clock.advance(0);
  assert.equal(FakeEventSource.opened.length, 2);
  feed.reconnect();
  await clock.advance(0);

  assert.equal(FakeEventSource.opened.length, 3);
  assert.ok(FakeEventSource.opened[1].isClosed);
  assert.equal(polls.length, 1);
});

test("reconnect leaves an open stream alone", async () => {
  const feed = follow();
  FakeEventSource.last.send("hello", {});
  feed.reconnect();
  await clock.advance(0);

  assert.equal(FakeEventSource.opened.length, 1);
  assert.ok(!FakeEventSource.last.isClosed);
});

test("an ended feed closes its stream and passes nothing on", async () => {
  const feed = follow();
  const stream = FakeEventSource.last;
  stream.send("hello", {});
  feed.end();
  stream.send("call", { cursor: 12 });
  await clock.advance(120_000);

  assert.ok(stream.isClosed);
  assert.equal(FakeEventSource.opened.length, 1);
  assert.deepEqual([states, events.length, feed.cursor], [["live"], 1, 7]);
});

test("an error of the page's own code ends the feed and is not taken for a lost connection", async () => {
  answerPoll = () => Promise.reject(new TypeError("a defect"));
  const feed = new EventFeed({
    api: { request: () => answerPoll() },
    source: CALL_EVENTS,
    cursor: 0,
    onEvent: () => {},
    onState: () => {},
  });
  const run = feed.run();
  FakeEventSource.last.fail();

  await assert.rejects(run, /a defect/);
});

test("a call outside the journal, or an older one, does not move the cursor back", () => {
  const feed = follow();
  for (const cursor of [12, 0, 11]) {
    FakeEventSource.last.send("call", { cursor });
  }

  assert.equal(feed.cursor, 12);
});

test("the exchanges of a search are followed by its query, and a new journal moves the cursor back", async () => {
  const answers = [{ exchanges: [{ id: 1 }], cursor: 1 }];
  answerPoll = () => new Promise((resolve) => setTimeout(() => resolve(answers.shift() ?? null), 61_000));
  const feed = follow(exchangeEvents({ text: "7 923", outcome: "ok" }), 40);
  assert.equal(FakeEventSource.last.url, "/api/v1/exchanges/events?text=7+923&outcome=ok&after=40");
  FakeEventSource.last.fail();
  await clock.advance(61_000);

  assert.equal(polls[0], "GET /api/v1/exchanges?text=7+923&outcome=ok&wait=10&after=40");
  assert.deepEqual(events, [["exchanges", { exchanges: [{ id: 1 }], cursor: 1 }]]);
  assert.equal(feed.cursor, 1);
});
