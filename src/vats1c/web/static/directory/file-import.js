// Importing a file: checked first, then imported, then undone if need be; the report says which of these it shows.
// Rule: what was checked is what is imported, even if the file has changed since.

import { unsaid } from "../lib/api.js";
import { element, tell } from "./directory-desk.js";
import { figure } from "./words.js";

const MOST_BYTES = 32 * 1024 * 1024;

export class Importing {
  // `changed` is told that the directory has changed.
  constructor(desk, changed) {
    this.desk = desk;
    this.changed = changed;
    this.isBusy = false;
    this.file = desk.find("#file");
    this.drop = desk.find("#drop");
    this.report = desk.find("#report");
    this.problem = desk.find("#import-problem");
    this.file.addEventListener("change", () => this.#choose(this.file.files[0]));
    for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
      this.drop.addEventListener(name, () => this.drop.classList.toggle("over", over));
    }
    this.drop.addEventListener("drop", (event) => this.#choose(event.dataTransfer.files[0]));
  }

  async #choose(file) {
    if (!file || this.isBusy) {
      return;
    }
    // The same file, mended, can be chosen again.
    const name = file.name;
    const tooLarge = file.size > MOST_BYTES;
    if (tooLarge) {
      tell(this.problem, this.desk.words.too_large);
    } else {
      await this.#work(this.desk.words.checking, async () => {
        const bytes = await read(file, this.desk.words.unreadable);
        this.#checked(name, bytes, await this.desk.api.importFile(name, bytes, true));
      });
    }
    this.file.value = "";
  }

  #checked(name, bytes, said) {
    const { words } = this.desk;
    const count = said.added + said.changed;
    const report = this.#show(name, words.report, count ? words.report_hint : words.nothing_new, [
      ["added", said.added],
      ["will_change", said.changed],
      ["same", said.same],
      ["passed_over", said.passed_over],
    ]);
    const go = report.querySelector(".go");
    go.hidden = count === 0;
    go.textContent = words.import_it(count);
    go.addEventListener("click", () => this.#import(name, bytes));
    this.#skipped(said);
  }

  #import(name, bytes) {
    return this.#work(this.desk.words.importing, async () => {
      const said = await this.desk.api.importFile(name, bytes, false);
      const report = this.#show(name, this.desk.words.done, "", [
        ["added", said.added],
        ["did_change", said.changed],
        ["same", said.same],
        ["passed_over", said.passed_over],
      ]);
      const undo = report.querySelector(".undo");
      undo.hidden = false;
      undo.addEventListener("click", () => this.#undo(name, said.id));
      this.#skipped(said);
      this.changed();
    });
  }

  #undo(name, id) {
    return this.#work(this.desk.words.undoing, async () => {
      const said = await this.desk.api.undoImport(id);
      this.#show(name, this.desk.words.undone, said.kept ? this.desk.words.kept_hint : "", [
        ["removed_rows", said.removed],
        ["restored", said.restored],
        ["kept", said.kept],
      ]);
      this.changed();
    });
  }

  #show(name, title, hint, figures) {
    const { desk, report } = this;
    report.replaceChildren(desk.stamp("import-report"));
    report.querySelector("h2").textContent = title;
    report.querySelector(".file").textContent = name;
    tell(report.querySelector(".hint"), hint);
    report.querySelector(".figures").append(...figures.map(([word, count]) => this.#figure(word, count)));
    report.querySelector(".go").hidden = true;
    report.querySelector(".undo").hidden = true;
    report.querySelector(".skipped").hidden = true;
    report.querySelector(".other").addEventListener("click", () => this.#again());
    this.drop.hidden = true;
    report.hidden = false;
    report.focus();
    return report;
  }

  #figure(word, count) {
    const part = element("div", "", count ? word : `${word} zero`);
    part.append(element("dt", this.desk.words[word]), element("dd", figure(count, this.desk.language)));
    return part;
  }

  #skipped(said) {
    const place = this.report.querySelector(".skipped");
    place.hidden = said.passed_over === 0;
    place.querySelector("table").hidden = said.skipped.length === 0;
    place.querySelector("tbody").append(
      ...said.skipped.map((row) => {
        const line = element("tr", "");
        line.append(element("td", row.line), element("td", row.message), element("td", row.code, "code"));
        return line;
      }),
    );
    const more = unsaid(said);
    tell(place.querySelector(".unsaid"), more ? this.desk.words.unsaid(more) : "");
  }

  #again() {
    this.report.hidden = true;
    this.report.replaceChildren();
    tell(this.problem);
    this.drop.hidden = false;
    this.file.focus();
  }

  async #work(sentence, work) {
    if (this.isBusy) {
      return;
    }
    const busy = this.desk.find("#busy");
    this.isBusy = true;
    tell(this.problem);
    busy.textContent = sentence;
    try {
      await work();
    } catch (error) {
      this.desk.explain(error, this.problem);
    } finally {
      this.isBusy = false;
      busy.textContent = "";
    }
  }
}

// A file may be gone, or be a folder: the browser says so in words of its own.
async function read(file, sentence) {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new Error(sentence);
  }
}
