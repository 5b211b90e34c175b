// The directory page: who is at it, its three parts as tabs, and the keys that work everywhere.
// Rule: what was typed stays until it is saved or cancelled, whatever fails and whoever is signed out.

import { CallerList } from "./caller-list.js";
import { Desk } from "./directory-desk.js";
import { Importing } from "./file-import.js";
import { Unknown } from "./unknown-numbers.js";

const TABS = ["callers", "unknown", "import"];
const SIGN_IN = "/sign-in?next=/directory";

const desk = new Desk();
const callers = new CallerList(desk, { toImport: () => show("import", true) });
const unknown = new Unknown(desk, {
  named: () => callers.search(),
  complete(caller) {
    show("callers");
    callers.edit(caller);
  },
});
const importing = new Importing(desk, () => {
  callers.search();
  unknown.load();
});

function begin() {
  const { words, language } = desk;
  document.title = words.directory;
  desk.translate(document);
  const other = desk.find("#language");
  other.lang = language === "en" ? "ru" : "en";
  other.href = `/language/${other.lang}?next=/directory`;
  desk.find("#signed-out a").href = SIGN_IN;
  for (const name of TABS) {
    const tab = desk.find(`#tab-${name}`);
    tab.addEventListener("click", () => show(name));
    tab.addEventListener("keydown", (event) => move(event, name));
  }
  desk.find("#sign-out").addEventListener("click", signOut);
  document.addEventListener("keydown", toSearch);
  window.addEventListener("focus", comeBack);
  window.addEventListener("hashchange", () => show(wanted()));
  window.addEventListener("beforeunload", (event) => typed() && event.preventDefault());
  // A file dropped beside its place would be opened instead of the page.
  for (const name of ["dragover", "drop"]) {
    window.addEventListener(name, (event) => event.preventDefault());
  }
  open();
}

async function open() {
  try {
    desk.signedIn(await desk.api.me());
  } catch (error) {
    desk.trouble(error, open);
    if (error.status === 401) {
      desk.signedOut(desk.words.first_sign_in, desk.words.first_sign_in_link);
    }
    return;
  }
  if (await callers.search()) {
    desk.find("#desk").hidden = false;
    show(wanted());
    unknown.load();
  }
}

// Whoever has signed in again, in another tab, goes on where they were.
async function comeBack() {
  if (desk.isSignedOut) {
    try {
      desk.signedIn(await desk.api.me());
    } catch {
      return;
    }
    desk.retry();
  } else if (!desk.find("#unknown").hidden) {
    unknown.load();
  }
}

async function signOut() {
  try {
    await desk.api.signOut();
  } catch (error) {
    desk.trouble(error, signOut);
    return;
  }
  // Whoever would lose what they typed is asked first, and may stay.
  desk.signedOut();
  location.assign(SIGN_IN);
}

function wanted() {
  const name = location.hash.slice(1);
  return TABS.includes(name) ? name : TABS[0];
}

function show(name, focus = false) {
  for (const one of TABS) {
    const tab = desk.find(`#tab-${one}`);
    tab.ariaSelected = String(one === name);
    tab.tabIndex = one === name ? 0 : -1;
    desk.find(`#${one}`).hidden = one !== name;
  }
  if (focus) {
    desk.find(`#tab-${name}`).focus();
  }
  if (wanted() !== name) {
    history.replaceState(null, "", name === TABS[0] ? location.pathname : `#${name}`);
  }
  if (name === "unknown") {
    unknown.load();
  }
}

function move(event, name) {
  const at = TABS.indexOf(name);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + TABS.length, Home: 0, End: TABS.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    show(TABS[to % TABS.length], true);
  }
}

function toSearch(event) {
  const typing = event.target.closest?.("input, textarea");
  // On a Russian keyboard the same key gives a dot.
  const asked = event.key === "/" || (event.code === "Slash" && event.key === ".");
  const alone = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (asked && alone && !typing && !desk.find("#desk").hidden) {
    event.preventDefault();
    show("callers");
    desk.find("#text").select();
  }
}

function typed() {
  const controls = document.querySelectorAll("form.caller :is(input, textarea), #numbers input");
  return importing.isBusy || [...controls].some((control) => control.value !== control.defaultValue);
}

begin();
