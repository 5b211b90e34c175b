// The header of the card page: the user, the connection, and the switches of the alerts.

import { byId } from "../lib/dom.js";
import { language } from "../lib/words.js";
import { words } from "./words.js";

/**
 * @param {import("../lib/api.js").Api} api
 * @param {import("../lib/api.js").User} user
 */
export function showUser(api, user) {
  byId("who").textContent = [user.name, user.extension].filter(Boolean).join(", ");
  byId("to-directory").hidden = !user.edit;
  byId("language", HTMLAnchorElement).href = `/language/${language === "en" ? "ru" : "en"}?next=/card`;
  byId("sign-out").addEventListener("click", async () => {
    await api.signOut();
    location.assign("/sign-in");
  });
}

/** @param {import("../lib/event-feed.js").FeedState} state */
export function showConnection(state) {
  byId("connection").dataset.state = state;
  byId("connection").textContent = words[state];
}

/**
 * @param {import("./alerts.js").Sound} sound
 * @param {import("./alerts.js").Notices} notices
 */
export function listenToSwitches(sound, notices) {
  byId("sound").addEventListener("click", () => sound.toggle());
  byId("notices").addEventListener("click", () => notices.toggle());
}

/**
 * @param {import("./alerts.js").Sound} sound
 * @param {import("./alerts.js").Notices} notices
 */
export function showSwitches(sound, notices) {
  showSwitch("sound", sound.state, words[/** @type {const} */ (`sound_${sound.state}`)]);
  showSwitch("notices", notices.state, words[/** @type {const} */ (`notices_${notices.state}`)]);
}

/**
 * @param {string} id
 * @param {string} state
 * @param {string} text
 */
function showSwitch(id, state, text) {
  const button = byId(id, HTMLButtonElement);
  button.textContent = text;
  button.setAttribute("aria-pressed", String(state === "on"));
  button.disabled = state === "denied" || state === "insecure";
}
