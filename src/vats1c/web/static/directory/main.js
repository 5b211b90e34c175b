// The script of the directory page: its three parts as tabs, and the keys that work everywhere.
// Rule: typed text stays until it is saved or cancelled, also after an error or the end of the session.

import { ApiError } from "../lib/api.js";
import { byId, find } from "../lib/dom.js";
import { language, translate } from "../lib/words.js";
import { CallerList } from "./caller-list.js";
import { DirectoryPage } from "./directory-page.js";
import { FileImport } from "./file-import.js";
import { UnknownNumbers } from "./unknown-numbers.js";
import { words } from "./words.js";

const TABS = ["callers", "unknown", "import"];
const SIGN_IN = "/sign-in?next=/directory";

const page = new DirectoryPage();
const callers = new CallerList(page, { onImport: () => showTab("import", true) });
const unknown = new UnknownNumbers(page, {
  onNamed: () => callers.search(),
  onComplete(caller) {
    showTab("callers");
    callers.edit(caller);
  },
});
const fileImport = new FileImport(page, () => {
  callers.search();
  unknown.load();
});

function begin() {
  document.title = words.directory;
  translate(document, words);
  const otherLanguage = byId("language", HTMLAnchorElement);
  otherLanguage.lang = language === "en" ? "ru" : "en";
  otherLanguage.href = `/language/${otherLanguage.lang}?next=/directory`;
  find(document, "#signed-out a", HTMLAnchorElement).href = SIGN_IN;
  for (const name of TABS) {
    const tab = byId(`tab-${name}`);
    tab.addEventListener("click", () => showTab(name));
    tab.addEventListener("keydown", (event) => moveToTab(event, name));
  }
  byId("sign-out").addEventListener("click", signOut);
  document.addEventListener("keydown", focusSearch);
  addEventListener("focus", returnToPage);
  addEventListener("hashchange", () => showTab(tabOfAddress()));
  addEventListener("beforeunload", (event) => {
    if (hasUnsavedText()) {
      event.preventDefault();
    }
  });
  // A browser opens a file that is dropped beside the drop area, and leaves the page.
  for (const name of ["dragover", "drop"]) {
    addEventListener(name, (event) => event.preventDefault());
  }
  open();
}

async function open() {
  try {
    page.showUser(await page.api.me());
  } catch (error) {
    page.showTrouble(error, open);
    if (error instanceof ApiError && error.status === 401) {
      page.showSignedOut(words.first_sign_in, words.first_sign_in_link);
    }
    return;
  }
  if (await callers.search()) {
    byId("desk").hidden = false;
    showTab(tabOfAddress());
    unknown.load();
  }
}

/** Go on where the user was, after signing in again in another tab; load the numbers that have called meanwhile. */
async function returnToPage() {
  if (page.isSignedOut) {
    try {
      page.showUser(await page.api.me());
    } catch {
      return;
    }
    page.retry();
  } else if (!byId("unknown").hidden) {
    unknown.load();
  }
}

async function signOut() {
  try {
    await page.api.signOut();
  } catch (error) {
    page.showTrouble(error, signOut);
    return;
  }
  // The browser asks a user who would lose unsaved text, and the user may stay.
  page.showSignedOut();
  location.assign(SIGN_IN);
}

function tabOfAddress() {
  const name = location.hash.slice(1);
  return TABS.includes(name) ? name : TABS[0];
}

/** @param {string} name */
function showTab(name, hasFocus = false) {
  for (const other of TABS) {
    const tab = byId(`tab-${other}`);
    tab.ariaSelected = String(other === name);
    tab.tabIndex = other === name ? 0 : -1;
    byId(other).hidden = other !== name;
  }
  if (hasFocus) {
    byId(`tab-${name}`).focus();
  }
  if (tabOfAddress() !== name) {
    history.replaceState(null, "", name === TABS[0] ? location.pathname : `#${name}`);
  }
  if (name === "unknown") {
    unknown.load();
  }
}

/**
 * @param {KeyboardEvent} event
 * @param {string} name  of the tab that has the focus
 */
function moveToTab(event, name) {
  const at = TABS.indexOf(name);
  /** @type {Record<string, number>} */
  const targets = { ArrowRight: at + 1, ArrowLeft: at - 1 + TABS.length, Home: 0, End: TABS.length - 1 };
  if (event.key in targets) {
    event.preventDefault();
    showTab(TABS[targets[event.key] % TABS.length], true);
  }
}

/** @param {KeyboardEvent} event */
function focusSearch(event) {
  const isTyping = event.target instanceof Element && event.target.closest("input, textarea");
  // On a Russian keyboard the key of the slash gives a dot.
  const isSlash = event.key === "/" || (event.code === "Slash" && event.key === ".");
  const isAlone = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (isSlash && isAlone && !isTyping && !byId("desk").hidden) {
    event.preventDefault();
    showTab("callers");
    byId("text", HTMLInputElement).select();
  }
}

function hasUnsavedText() {
  /** @type {NodeListOf<HTMLInputElement | HTMLTextAreaElement>} */
  const controls = document.querySelectorAll("form.caller :is(input, textarea), #numbers input");
  return fileImport.isBusy || [...controls].some((control) => control.value !== control.defaultValue);
}

begin();
