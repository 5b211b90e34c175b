// XML as people read it: indented, with the character entities replaced.
// Rule: text that is not well-formed is returned as it came. DOMParser cannot be used: its own error page has an inline
// style, which the Content-Security-Policy of the page forbids.

// Sticky, and an attribute begins with a space: without this, a missing end would be searched for from every character.
const TOKEN = /<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<(?!!--|!\[CDATA\[)(?:"[^"]*"|'[^']*'|[^'"<>])*>|[^<]+/gy;
const ATTRIBUTE = /(\s[^\s=]+)(\s*=\s*)("[^"]*"|'[^']*')/g;
const INDENT = "  ";
// Deeper elements are indented no further: their indents would be longer than their text.
const MAX_INDENTS = 40;
/** @type {Record<string, string>} */
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * A part of the text; `kind` is "" for text without a colour.
 * @typedef {{ kind: "" | "tag" | "value" | "text", text: string }} XmlPart
 */

/**
 * Return the parts of an indented document.
 * @param {string} text
 * @returns {XmlPart[]}
 */
export function formatXml(text) {
  const tokens = text.match(TOKEN) ?? [];
  const parts = tokens.join("") === text ? indent(tokens) : null;
  return parts ?? [{ kind: "", text }];
}

/**
 * Put each element on a line of its own; an element that holds text only takes one line with its text.
 * @param {string[]} tokens
 * @returns {XmlPart[] | null}  null where the tags do not match
 */
function indent(tokens) {
  /** @type {XmlPart[]} */
  const parts = [];
  /** The names of the open elements; null after an end tag that matches none. @type {(string | null)[]} */
  const open = [];
  tokens.forEach((token, place) => {
    const isText = isTextToken(token);
    const isEnd = token.startsWith("</");
    const isAfterStart = isStart(tokens[place - 1]);
    if (isText && !token.trim() && !(isAfterStart && tokens[place + 1]?.startsWith("</"))) {
      return;
    }
    if (isEnd && open.pop() !== nameOf(token)) {
      open.push(null);
    }
    const staysOnLine = isText ? isAfterStart : isEnd && (isAfterStart || endsText(tokens, place));
    if (parts.length && !staysOnLine) {
      parts.push({ kind: "", text: `\n${INDENT.repeat(Math.min(open.length, MAX_INDENTS))}` });
    }
    parts.push(
      ...(isText ? [{ kind: /** @type {const} */ ("text"), text: replaceEntities(token) }] : tagParts(token)),
    );
    if (isStart(token)) {
      open.push(nameOf(token));
    }
  });
  return open.length === 0 ? parts : null;
}

/**
 * Return whether the end tag at `place` ends an element that holds text only.
 * @param {string[]} tokens
 * @param {number} place
 */
function endsText(tokens, place) {
  return isTextToken(tokens[place - 1]) && isStart(tokens[place - 2]);
}

/** @param {string | undefined} token */
function isTextToken(token = "") {
  return !token.startsWith("<") || token.startsWith("<![");
}

/** @param {string | undefined} token */
function isStart(token = "") {
  return /^<[^/?!]/.test(token) && !token.endsWith("/>");
}

/** @param {string} tag */
function nameOf(tag) {
  return /^<\/?([^\s/>]+)/.exec(tag)?.[1] ?? "";
}

/**
 * Return a tag with the values of its attributes apart.
 * @param {string} tag
 */
function tagParts(tag) {
  /** @type {XmlPart[]} */
  const parts = [];
  let end = 0;
  for (const { index, 0: whole, 1: name, 2: equals, 3: value } of tag.matchAll(ATTRIBUTE)) {
    parts.push({ kind: "tag", text: tag.slice(end, index) + name + equals }, { kind: "value", text: value });
    end = index + whole.length;
  }
  return [...parts, { kind: /** @type {const} */ ("tag"), text: tag.slice(end) }];
}

/** @param {string} text */
function replaceEntities(text) {
  return text.replace(/&(\w+);/g, (entity, name) => ENTITIES[name] ?? entity);
}
