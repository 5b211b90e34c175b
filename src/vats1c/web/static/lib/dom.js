// Elements of a page: found with their type, made with their text.

import { translate } from "./words.js";

/**
 * Return the element with an id. Raises an error where the page has no such element of the type.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type]
 */
export function byId(id, type) {
  return find(document, `#${id}`, type);
}

/**
 * Return the first element that matches a selector. Raises an error where `root` has no such element of the type.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [type]
 * @returns {T}
 */
export function find(root, selector, type) {
  const element = root.querySelector(selector);
  if (!(element instanceof (type ?? HTMLElement))) {
    throw new Error(`The page has no ${selector}`);
  }
  return /** @type {T} */ (element);
}

/**
 * Return a new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string | number} [text]
 * @param {string} [className]
 */
export function el(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = `${text}`;
  element.className = className;
  return element;
}

/**
 * Return a new button.
 * @param {string} text
 * @param {() => void} onClick
 * @param {string} [className]
 */
export function button(text, onClick, className = "") {
  const element = el("button", text, className);
  element.type = "button";
  element.addEventListener("click", onClick);
  return element;
}

/**
 * Return the terms of a description list, without those that have no value.
 * @param {(readonly [string, string | Node | null | undefined])[]} terms
 */
export function descriptions(terms) {
  return terms.flatMap(([term, value]) => {
    if (!value) {
      return [];
    }
    const description = el("dd");
    description.append(value);
    return [el("dt", term), description];
  });
}

/**
 * Return a copy of a template's content with the words of the page.
 * @param {string} id
 * @param {Record<string, any>} words
 */
export function cloneTemplate(id, words) {
  const content = /** @type {DocumentFragment} */ (byId(id, HTMLTemplateElement).content.cloneNode(true));
  translate(content, words);
  return content;
}

/**
 * Return a copy of a template's only element with the words of the page.
 * @param {string} id
 * @param {Record<string, any>} words
 */
export function cloneElement(id, words) {
  return find(cloneTemplate(id, words), "*");
}

/**
 * Show a text in its place, which is hidden while it has none.
 * @param {HTMLElement} place
 * @param {string} [text]
 */
export function showText(place, text = "") {
  place.textContent = text;
  place.hidden = !text;
}

/**
 * Copy a text that `shown` shows. A page that comes by plain HTTP has no clipboard and can only copy a selection.
 * @param {string} text
 * @param {Node} shown
 */
export async function copyText(text, shown) {
  if (navigator.clipboard) {
    // A user who has forbidden the clipboard can still select the text.
    await navigator.clipboard.writeText(text).catch(() => null);
  } else {
    getSelection()?.selectAllChildren(shown);
    document.execCommand("copy");
  }
}
