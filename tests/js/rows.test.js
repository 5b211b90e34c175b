import assert from "node:assert/strict";
import { test } from "node:test";

import { elementWith } from "./fakes.js";
import { decisions } from "../../src/vats1c/web/static/inspector/exchange-text.js";
import { faultText } from "../../src/vats1c/web/static/inspector/faults.js";
import { fillRow, refusalLine } from "../../src/vats1c/web/static/inspector/rows.js";
import { formatTime, words } from "../../src/vats1c/web/static/inspector/words.js";

const AT = Date.parse("2026-03-05T12:00:00Z");

function exchange(changes = {}) {
  return {
    id: 1,
    at: new Date(AT).toISOString(),
    publication: "telephony",
    op: "SayName",
    outcome: "ok",
    status: 200,
    address: "192.0.2.1",
    received: "89235292926",
    number: "+79235292926",
    subscriber: null,
    caller: "Анна",
    elapsed_ms: 0.52,
    call_id: 4,
    fault: null,
    codes: [],
    answer: { text: "" },
    ...changes,
  };
}

function filled(exchanges) {
  const row = elementWith("time", ".number", ".name", ".steps");
  fillRow(row, exchanges);
  const shown = row
    .querySelector(".steps")
    .children.map(({ className, textContent }) => [className, textContent]);
  return { row, steps: shown, text: (selector) => row.querySelector(selector).textContent };
}

test("a call is shown with its number, its caller and its steps", () => {
  const incoming = exchange({
    at: new Date(AT + 1_500).toISOString(),
    op: "IncomingCall",
    subscriber: { name: "Илья", extension: "244" },
    caller: null,
    elapsed_ms: 8.84,
  });
  const { row, steps, text } = filled([exchange(), incoming]);

  assert.equal(text("time"), formatTime(new Date(AT)));
  assert.deepEqual([text(".number"), text(".name"), row.className], ["+7 923 529-29-26", "Анна", ""]);
  assert.deepEqual(steps, [
    ["step", "SayName0,5 мс"],
    ["since", "+1,5 с"],
    ["step", "IncomingCall → 2448,8 мс"],
  ]);
});

test("a refused request is shown by its reason, and its codes are red", () => {
  const refused = exchange({
    op: null,
    outcome: "xml",
    status: 500,
    received: null,
    number: null,
    caller: null,
    codes: ["NOT-XML"],
  });
  const { row, steps, text } = filled([refused]);

  assert.deepEqual([text(".number"), row.className], ["Не XML", "refused"]);
  assert.deepEqual(steps, [
    ["step", "HTTP 500, 192.0.2.10,5 мс"],
    ["badge bad", "NOT-XML"],
  ]);
});

test("a row shows each fault once and three codes, and the number of the others", () => {
  const codes = ["A", "B", "C", "D", "E"];
  const { steps } = filled([exchange({ codes, fault: "slow" }), exchange({ codes: ["A"], fault: "slow" })]);
  const badges = steps.filter(([kind]) => kind.startsWith("badge"));

  assert.deepEqual(badges, [
    ["badge warn", "Намеренный сбой: slow"],
    ["badge warn", "A"],
    ["badge warn", "B"],
    ["badge warn", "C"],
    ["badge warn", "+2"],
  ]);
});

test("the line of a refusal has its reason, its remedy, its count and buttons that work", () => {
  const pressed = [];
  const group = { outcome: "auth", count: 3, last: exchange({ outcome: "auth" }) };
  const line = refusalLine(
    group,
    () => pressed.push("show"),
    () => pressed.push("hide"),
  );
  const [reason, remedy, hint, show, hide] = line.children;
  show.listeners.click();
  hide.listeners.click();

  assert.deepEqual([reason.textContent, remedy.textContent], words.outcomes.auth);
  assert.match(hint.textContent, /^3 раза, последний .* · 192\.0\.2\.1$/);
  assert.equal(hide.attributes["aria-label"], "Скрыть: Вход не принят");
  assert.deepEqual(pressed, ["show", "hide"]);
});

test("the decisions of an exchange say what was answered and to which caller", () => {
  const shown = (changes) => new Map(decisions(exchange(changes)));
  const found = shown({ directory: "crm", confidence: "exact", soap: "1.1", namespace: "http://VATS" });

  assert.equal(found.get("Исход"), "отвечено, HTTP 200");
  assert.equal(found.get("Операция"), "SayName, http://VATS, SOAP 1.1");
  assert.equal(found.get("Номер"), "+7 923 529-29-26, пришёл как «89235292926»");
  assert.equal(found.get("Звонит"), "Анна, справочник crm, точное совпадение");
  assert.equal(found.get("Ответ"), "имя текстом");
  assert.equal(shown({ answer: { text: "&lt;data&gt;" } }).get("Ответ"), "документ <data>");
  assert.equal(shown({ fault: "truncated 10" }).get("Исход"), "отвечено, но ответ не дошёл целым");
  assert.equal(shown({ outcome: "auth", status: 401, op: null }).get("Исход"), "Вход не принят, HTTP 401");
  assert.equal(shown({ caller: null }).get("Звонит"), "никого не нашлось");
  assert.equal(shown({ key: "k" }).get("Ключ"), "k — ключ никому не назначен");
});

test("a fault is a sentence: what happens, with which requests, how many are left", () => {
  const fault = {
    fault: "status",
    status: 503,
    op: "SayName",
    number: "+79235292926",
    applied: 2,
    ends: new Date(AT).toISOString(),
  };
  const sentence = (changes) => faultText({ ...fault, ...changes });

  assert.match(
    sentence({ next: 5 }),
    /^HTTP 503 · SayName · \+7 923 529-29-26 · осталось 3 · сломано 2 · до /,
  );
  assert.match(sentence({ every: 3 }), /каждый 3-й/);
  assert.match(sentence({ percent: 0 }), /0 %/);
  assert.match(sentence({ above: 10 }), /чаще 10 в секунду/);
  assert.match(sentence({}), /каждый запрос/);
});
