// XML as people read it: indented, tags told from texts. Rule: what is no XML is shown as it came.

const ELEMENT = 1;

// Returns nodes to show: of well-formed XML elements a line each, otherwise the text itself.
export function pretty(text) {
  const parsed = new DOMParser().parseFromString(text, "application/xml");
  if (!text.trim() || parsed.querySelector("parsererror")) {
    return [document.createTextNode(text)];
  }
  const declaration = /^\s*(<\?xml[^>]*\?>)/.exec(text);
  const shown = declaration ? [part("tag", `${declaration[1]}\n`)] : [];
  return [...shown, ...lines(parsed.documentElement, 0)];
}

function lines(element, depth) {
  const indent = "  ".repeat(depth);
  const opening = [document.createTextNode(indent), part("tag", `<${element.nodeName}`), ...attributes(element)];
  const children = [...element.children];
  const text = element.textContent;
  if (!element.childNodes.length) {
    return [...opening, part("tag", "/>\n")];
  }
  const closing = part("tag", `</${element.nodeName}>\n`);
  if (!children.length) {
    return [...opening, part("tag", ">"), part("text", text), closing];
  }
  const inside = [...element.childNodes].flatMap((node) =>
    node.nodeType === ELEMENT
      ? lines(node, depth + 1)
      : node.textContent.trim()
        ? [document.createTextNode(`${indent}  `), part("text", `${node.textContent.trim()}\n`)]
        : [],
  );
  return [...opening, part("tag", ">\n"), ...inside, document.createTextNode(indent), closing];
}

function attributes(element) {
  return [...element.attributes].flatMap(({ name, value }) => [
    part("name", ` ${name}`),
    part("tag", "="),
    part("value", `"${value}"`),
  ]);
}

function part(kind, text) {
  const one = document.createElement("span");
  one.className = kind;
  one.textContent = text;
  return one;
}
