// The script of the card page: it loads the calls of the day, and tries again until the service answers.

import { Api, ApiError } from "../lib/api.js";
import { byId } from "../lib/dom.js";
import { language, translate } from "../lib/words.js";
import { FRESH_MS } from "./card-model.js";
import { CardPage } from "./card-page.js";
import { showConnection } from "./header.js";
import { words } from "./words.js";

const LOAD_RETRY_MS = 3_000;

/**
 * Ask for the user and the calls since midnight, and for those that are still fresh just after midnight.
 * @param {Api} api
 * @returns {Promise<[import("../lib/api.js").User, import("./card-model.js").Call[], number]>}
 */
async function load(api) {
  const since = new Date(Math.min(new Date().setHours(0, 0, 0, 0), Date.now() - FRESH_MS)).toISOString();
  const user = await api.me();
  const { calls, cursor } = await api.request(
    "GET",
    `/api/v1/calls?limit=1000&since=${encodeURIComponent(since)}`,
  );
  return [user, calls, cursor];
}

async function begin() {
  translate(document, words);
  document.title = words.title;
  showConnection("connecting");
  const api = new Api(language, words.silent);
  for (;;) {
    try {
      new CardPage(api, ...(await load(api))).start();
      byId("trouble").hidden = true;
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      byId("trouble").textContent = error.message;
      byId("trouble").hidden = false;
      byId("signed-out").hidden = error.status !== 401;
      await new Promise((resolve) => setTimeout(resolve, LOAD_RETRY_MS));
    }
  }
}

begin();
