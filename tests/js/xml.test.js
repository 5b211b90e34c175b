import assert from "node:assert/strict";
import { test } from "node:test";

import { formatXml } from "../../src/vats1c/web/static/inspector/xml.js";

const text = (parts) => parts.map((part) => part.text).join("");

test("elements are indented, and an element with text only takes one line", () => {
  assert.equal(
    text(formatXml('<?xml version="1.0"?><a><b x="1"><c>t</c><d/></b>\n  <e></e></a>')),
    [
      '<?xml version="1.0"?>',
      "<a>",
      '  <b x="1">',
      "    <c>t</c>",
      "    <d/>",
      "  </b>",
      "  <e></e>",
      "</a>",
    ].join("\n"),
  );
});

test("tags, values of attributes and texts are separate parts, and character entities are replaced", () => {
  assert.deepEqual(formatXml(`<a x='1' y = "2">R &amp; K &lt;&unknown;</a>`), [
    { kind: "tag", text: "<a x=" },
    { kind: "value", text: "'1'" },
    { kind: "tag", text: " y = " },
    { kind: "value", text: '"2"' },
    { kind: "tag", text: ">" },
    { kind: "text", text: "R & K <&unknown;" },
    { kind: "tag", text: "</a>" },
  ]);
});

test("comments and CDATA sections may hold tags, and white space alone in an element stays", () => {
  assert.equal(
    text(formatXml("<a><!-- <b> --><c><![CDATA[</a>]]></c><d> </d></a>")),
    ["<a>", "  <!-- <b> -->", "  <c><![CDATA[</a>]]></c>", "  <d> </d>", "</a>"].join("\n"),
  );
});

for (const broken of [
  "",
  "plain",
  "<a>",
  "</a>",
  "<a></b>",
  "<a><b></a></b>",
  "<a",
  "<a x='1>",
  "a & b",
  "<a><!-- </a>",
]) {
  test(`what is not well-formed is shown as it came: ${JSON.stringify(broken)}`, () => {
    assert.equal(text(formatXml(broken)), broken);
  });
}

test("the indent of deep elements is limited", () => {
  const depth = 1_000;
  const shown = text(formatXml("<a>".repeat(depth) + "</a>".repeat(depth)));

  assert.equal(Math.max(...shown.split("\n").map((line) => line.search("<"))), 80);
});
