import assert from "node:assert/strict";
import { test } from "node:test";

import { CallGroups, MAX_GROUPS } from "../../src/vats1c/web/static/inspector/call-groups.js";

const NOW = Date.parse("2026-03-05T12:00:00Z");

function exchange(id, callId = null, changes = {}) {
  return {
    id,
    at: new Date(NOW).toISOString(),
    call_id: callId,
    together: [],
    outcome: "ok",
    fault: null,
    ...changes,
  };
}

function idsOf(groups, name) {
  return groups.get(name).map(({ id }) => id);
}

test("an exchange without a call is a group of its own, and joins its call when the call has an id", () => {
  const groups = new CallGroups();
  assert.deepEqual([...groups.put([exchange(1)])], ["exchange 1"]);
  const changed = groups.put([exchange(2, 9, { together: [1] })]);

  assert.deepEqual([...changed].sort(), ["call 9", "exchange 1"]);
  assert.deepEqual(idsOf(groups, "call 9"), [1, 2]);
  assert.deepEqual(idsOf(groups, "exchange 1"), []);
  assert.equal(groups.groupOf(1), "call 9");
});

test("an exchange of the call that the page has not loaded is left out", () => {
  const groups = new CallGroups();
  groups.put([exchange(5, 9, { together: [4] })]);

  assert.deepEqual(idsOf(groups, "call 9"), [5]);
});

test("groups are in the order of their first exchanges, the newest first", () => {
  const groups = new CallGroups();
  groups.put([exchange(3), exchange(1, 9), exchange(4, 9), exchange(2)]);

  assert.deepEqual(groups.names(), ["exchange 3", "exchange 2", "call 9"]);
});

test("the oldest groups beyond the maximum are dropped and named as changed", () => {
  const groups = new CallGroups();
  groups.put(Array.from({ length: MAX_GROUPS }, (_, place) => exchange(place + 1)));
  assert.equal(groups.isCapped, false);
  const changed = groups.put([exchange(MAX_GROUPS + 1)]);

  assert.ok(groups.isCapped);
  assert.deepEqual([...changed], [`exchange ${MAX_GROUPS + 1}`, "exchange 1"]);
  assert.deepEqual(groups.get("exchange 1"), []);
  assert.equal(groups.groupOf(1), undefined);
});

test("refusals of the last hour are counted by outcome, the latest first; faults and hidden refusals are left out", () => {
  const groups = new CallGroups();
  const refused = (id, outcome, changes) => exchange(id, null, { outcome, ...changes });
  groups.put([
    refused(1, "auth"),
    refused(2, "xml"),
    refused(3, "auth"),
    refused(4, "size", { at: new Date(NOW - 3_600_000).toISOString() }),
    refused(5, "staged", { fault: "500" }),
    refused(6, "path"),
    exchange(7),
  ]);
  const counts = groups
    .refusals(NOW, { path: 6, auth: 2 })
    .map(({ outcome, count, last }) => [outcome, count, last.id]);

  assert.deepEqual(counts, [
    ["auth", 1, 3],
    ["xml", 1, 2],
  ]);
});
