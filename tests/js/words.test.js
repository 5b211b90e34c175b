import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import "./fakes.js";
import { counted, formatNumber, plural, timeFormat } from "../../src/vats1c/web/static/lib/words.js";
import * as card from "../../src/vats1c/web/static/card/words.js";
import * as directory from "../../src/vats1c/web/static/directory/words.js";
import * as inspector from "../../src/vats1c/web/static/inspector/words.js";

const PAGES = { "card.html": card, "directory.html": directory, "calls.html": inspector };

function keysOf(words, prefix = "") {
  return Object.entries(words).flatMap(([key, word]) =>
    typeof word === "object" && !Array.isArray(word)
      ? keysOf(word, `${prefix}${key}.`)
      : [`${prefix}${key} ${typeof word}`],
  );
}

for (const [page, { dictionaries }] of Object.entries(PAGES)) {
  test(`the dictionaries of ${page} are equal in their keys`, () => {
    assert.deepEqual(keysOf(dictionaries.ru).sort(), keysOf(dictionaries.en).sort());
  });

  test(`every word that ${page} asks for is a text of its dictionary`, async () => {
    const markup = await readFile(new URL(`../../src/vats1c/web/static/${page}`, import.meta.url), "utf-8");
    const asked = [...markup.matchAll(/data-(?:word|label|placeholder|title)="(\w+)"/g)].map(
      ([, key]) => key,
    );

    assert.ok(asked.length > 5);
    assert.deepEqual(
      asked.filter((key) => typeof dictionaries.ru[key] !== "string"),
      [],
    );
  });
}

test("Russian nouns take the form of their number", () => {
  const forms = { one: "раз", few: "раза", many: "раз" };
  const few = [2, 3, 4, 22, 104];
  const many = [0, 5, 11, 12, 14, 20, 111, 112];

  assert.deepEqual(
    few.map((count) => plural("ru", count, forms)),
    few.map(() => "раза"),
  );
  assert.deepEqual(
    many.map((count) => plural("ru", count, { ...forms, one: "?" })),
    many.map(() => "раз"),
  );
  assert.equal(plural("ru", 21, { ...forms, one: "один" }), "один");
});

test("sentences with a number are right in both languages", () => {
  const { ru, en } = directory.dictionaries;

  assert.deepEqual([1, 2, 5, 21].map(ru.found), [
    "Найдена 1 запись",
    "Найдены 2 записи",
    "Найдено 5 записей",
    "Найдена 21 запись",
  ]);
  assert.deepEqual([1, 2].map(en.found), ["1 caller found", "2 callers found"]);
  assert.deepEqual([1, 2, 5].map(inspector.dictionaries.ru.bytes), ["1 байт", "2 байта", "5 байт"]);
  assert.deepEqual([1, 2].map(inspector.dictionaries.en.bytes), ["1 byte", "2 bytes"]);
  assert.deepEqual(
    [2, 3, 4].map(card.dictionaries.en.repeat),
    [2, 3, 4].map((n) => `${n}${["nd", "rd", "th"][n - 2]} call in 10 minutes`),
  );
});

test("numbers take the signs of their language", () => {
  assert.equal(formatNumber(1234.56, "en"), "1,234.6");
  assert.equal(formatNumber(0.25), "0,3");
  assert.equal(counted("en", 1_000, { other: "# rows" }), "1,000 rows");
});

test("a time of today is shown without the date, another with it", () => {
  const format = timeFormat({ hour: "2-digit", minute: "2-digit" });
  const now = new Date(2026, 2, 5, 15, 0);

  assert.equal(format(new Date(2026, 2, 5, 9, 7), now), "09:07");
  assert.match(format(new Date(2026, 2, 4, 9, 7), now), /^4 мар.*09:07$/);
});

test("the directory names today and yesterday, then the date, with the year where it differs", () => {
  const now = new Date(2026, 2, 5, 0, 30);
  const shown = (...time) => directory.formatTime(new Date(...time).toISOString(), now);

  assert.equal(shown(2026, 2, 5, 0, 10), "сегодня, 00:10");
  assert.equal(shown(2026, 2, 4, 23, 50), "вчера, 23:50");
  assert.match(shown(2026, 2, 3, 12), /^3 мар\.?$/);
  assert.match(shown(2025, 2, 5, 12), /^5 мар.* 2025/);
});

test("an outcome without words is called as in the API", () => {
  assert.deepEqual(inspector.outcomeWords("xml")[0], "Не XML");
  assert.deepEqual(inspector.outcomeWords("unheard"), ["unheard", ""]);
});
