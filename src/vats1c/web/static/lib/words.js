// The language of a page, and the mechanism by which its dictionary becomes text.
// Rule: every page has two dictionaries with the same keys; a text with a number in it is a function of the number.

/** @typedef {"ru" | "en"} Language */

/**
 * The forms of a noun by the categories of Intl.PluralRules: "one", "few" and "many" in Russian, "one" and "other" in
 * English.
 * @typedef {Partial<Record<Intl.LDMLPluralRule, string>>} PluralForms
 */

/** @type {Language} */
export const language = document.documentElement.lang === "en" ? "en" : "ru";

const PLURAL_RULES = { ru: new Intl.PluralRules("ru"), en: new Intl.PluralRules("en") };
const NUMBER_FORMATS = {
  ru: new Intl.NumberFormat("ru", { maximumFractionDigits: 1 }),
  en: new Intl.NumberFormat("en", { maximumFractionDigits: 1 }),
};

/**
 * Put the words of a dictionary where the markup asks for them.
 * @param {ParentNode} root
 * @param {Record<string, any>} words
 */
export function translate(root, words) {
  for (const element of elementsWith(root, "data-word")) {
    element.textContent = words[element.dataset.word ?? ""];
  }
  for (const element of elementsWith(root, "data-label")) {
    element.setAttribute("aria-label", words[element.dataset.label ?? ""]);
  }
  for (const element of elementsWith(root, "data-placeholder")) {
    element.setAttribute("placeholder", words[element.dataset.placeholder ?? ""]);
  }
  // Style sheets show the title of a cell where a table is narrow.
  for (const element of elementsWith(root, "data-title")) {
    element.dataset.title = words[element.dataset.title ?? ""];
  }
}

/**
 * Return the form of a noun that goes with a whole number.
 * @param {Language} nounLanguage
 * @param {number} count
 * @param {PluralForms} forms
 */
export function plural(nounLanguage, count, forms) {
  return forms[PLURAL_RULES[nounLanguage].select(count)] ?? forms.other ?? forms.many ?? "";
}

/**
 * Return the form of a sentence that goes with a whole number, with the number in place of "#".
 * @param {Language} sentenceLanguage
 * @param {number} count
 * @param {PluralForms} forms
 */
export function counted(sentenceLanguage, count, forms) {
  return plural(sentenceLanguage, count, forms).replace("#", formatNumber(count, sentenceLanguage));
}

/**
 * @param {number} value
 * @param {Language} [numberLanguage]
 */
export function formatNumber(value, numberLanguage = language) {
  return NUMBER_FORMATS[numberLanguage].format(value);
}

/**
 * Return a function that formats a time, ISO 8601 or a Date: today as the clock shows it, other days with their date.
 * @param {Intl.DateTimeFormatOptions} clockOptions
 */
export function timeFormat(clockOptions) {
  const clock = new Intl.DateTimeFormat(language, clockOptions);
  const dated = new Intl.DateTimeFormat(language, {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
  return (/** @type {string | Date} */ time, now = new Date()) => {
    const at = new Date(time);
    return (at.toDateString() === now.toDateString() ? clock : dated).format(at);
  };
}

/**
 * @param {ParentNode} root
 * @param {string} attribute
 * @returns {Iterable<HTMLElement>}
 */
function elementsWith(root, attribute) {
  return root.querySelectorAll(`[${attribute}]`);
}
