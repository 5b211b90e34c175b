import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { FakeClock, setGlobal } from "./fakes.js";
import { Api, ApiError } from "../../src/vats1c/web/static/lib/api.js";
import { Debounce } from "../../src/vats1c/web/static/lib/debounce.js";

const api = new Api("ru", "нет ответа");
const clock = new FakeClock();
let requests;
let answer;

beforeEach(() => {
  requests = [];
  setGlobal("fetch", async (path, request) => {
    requests.push({ path, ...request });
    return answer();
  });
});
afterEach(() => clock.restore());

const json =
  (content, status = 200) =>
  () =>
    Response.json(content, { status });

test("a question has the language of the page and no header of a change", async () => {
  answer = json({ callers: [{ id: 1 }] });

  assert.deepEqual(await api.findCallers("Анна & Ко", 5), [{ id: 1 }]);
  assert.equal(requests[0].path, `/api/v1/callers?${new URLSearchParams({ text: "Анна & Ко", limit: 5 })}`);
  assert.deepEqual(requests[0].headers, { "Accept-Language": "ru" });
  assert.equal(requests[0].body, undefined);
});

test("a change has the header that other sites cannot send, and JSON", async () => {
  answer = json({ id: 5 }, 201);
  await api.addCaller({ name: "Анна" });
  await api.removeCaller(5);
  await api.importFile("a.csv", new ArrayBuffer(3), true);

  const headers = { "Accept-Language": "ru", "X-Vats1c": "1", "Content-Type": "application/json" };
  assert.deepEqual([requests[0].headers, requests[0].body], [headers, '{"name":"Анна"}']);
  assert.deepEqual([requests[1].method, requests[1].body], ["DELETE", undefined]);
  assert.equal(requests[2].path, "/api/v1/callers/import?file=a.csv&dry_run=1");
  assert.equal(requests[2].headers["Content-Type"], "application/octet-stream");
});

test("an answer without content is null", async () => {
  answer = () => new Response(null, { status: 204 });

  assert.equal(await api.request("POST", "/sign-out"), null);
});

test("a refusal is an error with the sentence of the service", async () => {
  answer = json({ error: { code: "edit", message: "нельзя" } }, 403);

  await assert.rejects(api.me(), { status: 403, code: "edit", message: "нельзя" });
});

for (const [name, failing] of [
  [
    "a page of a proxy",
    () => new Response("<html>", { status: 502, headers: { "Content-Type": "text/html" } }),
  ],
  ["a broken connection", () => Promise.reject(new TypeError("failed to fetch"))],
  ["broken JSON", () => new Response("{", { headers: { "Content-Type": "application/json" } })],
]) {
  test(`${name} is an error with the sentence of the page`, async () => {
    answer = failing;

    await assert.rejects(api.me(), (error) => error instanceof ApiError && error.message === "нет ответа");
  });
}

test("a request that the page aborts is not an error of the service", async () => {
  answer = () => Promise.reject(new DOMException("aborted", "AbortError"));

  await assert.rejects(api.me(), { name: "AbortError" });
});

test("work waits for a pause in typing, and the work before it is aborted", async () => {
  clock.install();
  const signals = [];
  const work = new Debounce((signal) => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  work.soon();
  await clock.advance(200);
  work.soon();
  await clock.advance(200);
  assert.equal(signals.length, 0);
  await clock.advance(50);
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [false],
  );
  work.soon();
  await clock.advance(250);

  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, false],
  );
});
