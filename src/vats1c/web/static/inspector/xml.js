// XML as people read it: indented, tags told from texts, entities spelled out.
// Rule: what does not hang together is shown as it came. No DOMParser: its own page of errors breaks the page's policy.

// Sticky, and an attribute begins with a space: where an end is missing, it is not looked for again from each character.
const TOKEN = /<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<(?!!--|!\[CDATA\[)(?:"[^"]*"|'[^']*'|[^'"<>])*>|[^<]+/gy;
const ATTRIBUTE = /(\s[^\s=]+)(\s*=\s*)("[^"]*"|'[^']*')/g;
// A document that is nested deeper than this is indented no further: its indents would be longer than its text.
const MAX_INDENT = 40;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

// Returns nodes to show.
export function pretty(text) {
  const tokens = text.match(TOKEN) ?? [];
  const nodes = tokens.join("") === text ? lines(tokens) : null;
  return nodes ?? [document.createTextNode(text)];
}

// Each element on a line, one that holds a text alone on one; null where tags do not match.
function lines(tokens) {
  const nodes = [];
  const open = [];
  tokens.forEach((token, place) => {
    const isText = !token.startsWith("<") || token.startsWith("<![");
    const isClosing = token.startsWith("</");
    if (isText && !token.trim() && !(isOpening(tokens[place - 1]) && tokens[place + 1]?.startsWith("</"))) {
      return;
    }
    if (isClosing && open.pop() !== nameOf(token)) {
      open.push(null);
    }
    const stays = isText ? isOpening(tokens[place - 1]) : isClosing && (isOpening(tokens[place - 1]) || holdsText(tokens, place));
    if (nodes.length && !stays) {
      nodes.push(document.createTextNode(`\n${"  ".repeat(Math.min(open.length, MAX_INDENT))}`));
    }
    nodes.push(...(isText ? [part("text", spelled(token))] : tag(token)));
    if (isOpening(token)) {
      open.push(nameOf(token));
    }
  });
  return open.length === 0 ? nodes : null;
}

function holdsText(tokens, place) {
  return !tokens[place - 1]?.startsWith("<") && isOpening(tokens[place - 2]);
}

function isOpening(token = "") {
  return /^<[^/?!]/.test(token) && !token.endsWith("/>");
}

function nameOf(token) {
  return /^<\/?([^\s/>]+)/.exec(token)?.[1];
}

function tag(token) {
  const nodes = [];
  let done = 0;
  for (const { index, 0: whole, 1: name, 2: equals, 3: value } of token.matchAll(ATTRIBUTE)) {
    nodes.push(part("tag", token.slice(done, index) + name + equals), part("value", value));
    done = index + whole.length;
  }
  return [...nodes, part("tag", token.slice(done))];
}

function spelled(text) {
  return text.replace(/&(\w+);/g, (whole, name) => ENTITIES[name] ?? whole);
}

function part(kind, text) {
  const one = document.createElement("span");
  one.className = kind;
  one.textContent = text;
  return one;
}
