import assert from "node:assert/strict";
import { test } from "node:test";

import {
  changesOf,
  copyOf,
  foldName,
  parseNumbers,
  unexplainedRows,
} from "../../src/vats1c/web/static/directory/caller-model.js";

const DETAILS = { name: "Anna", company: "", category: "VIP", manager: "244", note: "" };
const CALLER = {
  id: 5,
  numbers: ["+79235292926", "+4930123456"],
  changed: "2026-03-05T12:00:00Z",
  ...DETAILS,
};

test("a form that shows its caller holds no change", () => {
  assert.deepEqual(changesOf(CALLER, { ...DETAILS, numbers: ["+7 923 529-29-26", "+4930123456"] }), {});
});

test("the changes of a caller are the fields that differ", () => {
  const input = { ...DETAILS, company: "Fir", category: "", numbers: ["+7 923 529-29-26"] };

  assert.deepEqual(changesOf(CALLER, input), { company: "Fir", category: "", numbers: ["+7 923 529-29-26"] });
});

test("a removed caller is added again with all its fields and without its id", () => {
  assert.deepEqual(copyOf(CALLER), { ...DETAILS, numbers: CALLER.numbers });
});

test("numbers are one to a line", () => {
  assert.deepEqual(parseNumbers(" 8 923\n\n\t244 \r\n"), ["8 923", "244"]);
});

test("the rows without a finding are those passed over less the lines of the findings", () => {
  const skipped = [{ line: 2 }, { line: 2 }, { line: 7 }];

  assert.equal(unexplainedRows({ passed_over: 5, skipped }), 3);
  assert.equal(unexplainedRows({ passed_over: 1, skipped }), 0);
});

test("namesakes are equal in any case, with any spaces, and with Ё for Е", () => {
  assert.equal(foldName("ФЁДОР  Ёлкин"), foldName("Федор Елкин"));
});
