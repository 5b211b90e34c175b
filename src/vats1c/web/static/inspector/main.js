// The script of the inspector: it loads the page, and tries again until the service answers.

import { Api, ApiError } from "../lib/api.js";
import { byId } from "../lib/dom.js";
import { language, translate } from "../lib/words.js";
import { InspectorPage, showTrouble } from "./inspector-page.js";
import { words } from "./words.js";

const LOAD_RETRY_MS = 3_000;

async function begin() {
  translate(document, words);
  document.title = words.title;
  const page = new InspectorPage(new Api(language, words.silent));
  for (;;) {
    try {
      await page.start();
      showTrouble("");
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      const isForbidden = error.status === 403;
      showTrouble(isForbidden ? words.forbidden : error.message, isForbidden || error.status === 401);
      if (isForbidden) {
        byId("connection").hidden = true;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, LOAD_RETRY_MS));
    }
  }
}

begin();
