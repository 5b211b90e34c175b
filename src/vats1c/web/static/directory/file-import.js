// The import of a file: checked, then imported, then perhaps undone; a report shows the result of each step.
// Rule: the bytes that were checked are imported, even if the file has changed since.

import { byId, cloneTemplate, el, find, showText } from "../lib/dom.js";
import { formatNumber } from "../lib/words.js";
import { unexplainedRows } from "./caller-model.js";
import { words } from "./words.js";

// The service takes no larger file.
const MAX_BYTES = 32 * 1024 * 1024;

/** @typedef {import("../lib/api.js").ImportReport} ImportReport */

/**
 * The number of rows with one result, and the key of its word.
 * @typedef {["added" | "will_change" | "did_change" | "same" | "passed_over" | "removed_rows" | "restored" | "kept", number]} Figure
 */

export class FileImport {
  #page;
  #onChange;
  #file = byId("file", HTMLInputElement);
  #dropArea = byId("drop");
  #report = byId("report");
  #problem = byId("import-problem");
  isBusy = false;

  /**
   * @param {import("./directory-page.js").DirectoryPage} page
   * @param {() => void} onChange  called when the directory has changed
   */
  constructor(page, onChange) {
    this.#page = page;
    this.#onChange = onChange;
    this.#file.addEventListener("change", () => this.#choose(this.#file.files?.[0]));
    const setOver = (/** @type {boolean} */ isOver) => this.#dropArea.classList.toggle("over", isOver);
    for (const name of ["dragenter", "dragover"]) {
      this.#dropArea.addEventListener(name, () => setOver(true));
    }
    for (const name of ["dragleave", "drop"]) {
      this.#dropArea.addEventListener(name, () => setOver(false));
    }
    this.#dropArea.addEventListener("drop", (event) => this.#choose(event.dataTransfer?.files[0]));
  }

  /** @param {File | undefined} file */
  async #choose(file) {
    if (!file || this.isBusy) {
      return;
    }
    const { name } = file;
    if (file.size > MAX_BYTES) {
      showText(this.#problem, words.too_large);
    } else {
      await this.#work(words.checking, async () => {
        const bytes = await read(file);
        this.#showCheck(name, bytes, await this.#page.api.importFile(name, bytes, true));
      });
    }
    // The user can choose the same file again, once it is corrected.
    this.#file.value = "";
  }

  /**
   * @param {string} name
   * @param {ArrayBuffer} bytes
   * @param {ImportReport} report
   */
  #showCheck(name, bytes, report) {
    const count = report.added + report.changed;
    this.#showReport(name, words.report, count ? words.report_hint : words.nothing_new, [
      ["added", report.added],
      ["will_change", report.changed],
      ["same", report.same],
      ["passed_over", report.passed_over],
    ]);
    const start = find(this.#report, ".go");
    start.hidden = count === 0;
    start.textContent = words.import_it(count);
    start.addEventListener("click", () => this.#import(name, bytes));
    this.#showSkippedRows(report);
  }

  /**
   * @param {string} name
   * @param {ArrayBuffer} bytes
   */
  #import(name, bytes) {
    return this.#work(words.importing, async () => {
      const report = await this.#page.api.importFile(name, bytes, false);
      this.#showReport(name, words.done, "", [
        ["added", report.added],
        ["did_change", report.changed],
        ["same", report.same],
        ["passed_over", report.passed_over],
      ]);
      const undo = find(this.#report, ".undo");
      undo.hidden = false;
      undo.addEventListener("click", () => this.#undo(name, report.id));
      this.#showSkippedRows(report);
      this.#onChange();
    });
  }

  /**
   * @param {string} name
   * @param {number} id
   */
  #undo(name, id) {
    return this.#work(words.undoing, async () => {
      const report = await this.#page.api.undoImport(id);
      this.#showReport(name, words.undone, report.kept ? words.kept_hint : "", [
        ["removed_rows", report.removed],
        ["restored", report.restored],
        ["kept", report.kept],
      ]);
      this.#onChange();
    });
  }

  /**
   * @param {string} name
   * @param {string} title
   * @param {string} hint
   * @param {Figure[]} figures
   */
  #showReport(name, title, hint, figures) {
    const report = this.#report;
    report.replaceChildren(cloneTemplate("import-report", words));
    find(report, "h2").textContent = title;
    find(report, ".file").textContent = name;
    showText(find(report, ".hint"), hint);
    find(report, ".figures").append(...figures.map(figureElement));
    find(report, ".go").hidden = true;
    find(report, ".undo").hidden = true;
    find(report, ".skipped").hidden = true;
    find(report, ".other").addEventListener("click", () => this.#startAgain());
    this.#dropArea.hidden = true;
    report.hidden = false;
    report.focus();
  }

  /** @param {ImportReport} report */
  #showSkippedRows(report) {
    const place = find(this.#report, ".skipped");
    place.hidden = report.passed_over === 0;
    find(place, "table").hidden = report.skipped.length === 0;
    const rows = report.skipped.map(({ line, message, code }) => {
      const row = el("tr");
      row.append(el("td", line), el("td", message), el("td", code, "code"));
      return row;
    });
    find(place, "tbody").append(...rows);
    const more = unexplainedRows(report);
    showText(find(place, ".unsaid"), more ? words.unsaid(more) : "");
  }

  #startAgain() {
    this.#report.hidden = true;
    this.#report.replaceChildren();
    showText(this.#problem);
    this.#dropArea.hidden = false;
    this.#file.focus();
  }

  /**
   * @param {string} sentence  shown while the work is under way
   * @param {() => Promise<void>} work
   */
  async #work(sentence, work) {
    if (this.isBusy) {
      return;
    }
    const busy = byId("busy");
    this.isBusy = true;
    showText(this.#problem);
    busy.textContent = sentence;
    try {
      await work();
    } catch (error) {
      this.#page.showError(error, this.#problem);
    } finally {
      this.isBusy = false;
      busy.textContent = "";
    }
  }
}

/** @param {Figure} figure */
function figureElement([word, count]) {
  const part = el("div", "", count ? word : `${word} zero`);
  part.append(el("dt", words[word]), el("dd", formatNumber(count)));
  return part;
}

/**
 * Read a file. The browser's own error, for a file that is gone or a folder, is not in the language of the page.
 * @param {File} file
 */
async function read(file) {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new Error(words.unreadable);
  }
}
