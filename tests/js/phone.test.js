import assert from "node:assert/strict";
import { test } from "node:test";

import { endAlike, formatPhone, looksLikePhone } from "../../src/vats1c/web/static/lib/phone.js";

for (const [number, shown] of [
  ["+79235292926", "+7 923 529-29-26"],
  ["+375291234567", "+375 29 123-45-67"],
  ["+37369123456", "+373 69 123-456"],
  ["+12025550123", "+1 202 555-0123"],
  ["+4930123456", "+4930123456"],
  ["+7923529292", "+7923529292"],
  ["244", "244"],
  ["", ""],
]) {
  test(`the number "${number}" is written "${shown}"`, () => assert.equal(formatPhone(number), shown));
}

test("numbers are alike by their last ten digits, in any notation", () => {
  assert.ok(endAlike("8 (923) 529-29-26", "+79235292926"));
  assert.ok(!endAlike("8 923 529-29-27", "+79235292926"));
  assert.ok(!endAlike("244", "244"));
});

test("a text of at least five digits and the signs of numbers looks like a number", () => {
  assert.ok(looksLikePhone("+7 (923) 529.29-26"));
  assert.ok(!looksLikePhone("2-44"));
  assert.ok(!looksLikePhone("12345 Ltd"));
});
