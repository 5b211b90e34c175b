// Callers and import reports as values. Rule: nothing here knows the page.

import { CALLER_FIELDS } from "../lib/api.js";
import { formatPhone } from "../lib/phone.js";

/** @typedef {import("../lib/api.js").Caller} Caller */
/** @typedef {import("../lib/api.js").CallerChanges} CallerChanges */
/** @typedef {import("../lib/api.js").CallerDetails} CallerDetails */

/**
 * What a form holds.
 * @typedef {CallerDetails & { numbers: string[] }} CallerInput
 */

/**
 * Return the numbers in a text that has one number to a line.
 * @param {string} text
 */
export function parseNumbers(text) {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

/**
 * Return the fields in which the form of a caller differs from the caller.
 * @param {Caller} caller
 * @param {CallerInput} input
 */
export function changesOf(caller, input) {
  /** @type {CallerChanges} */
  const changes = {};
  for (const field of CALLER_FIELDS) {
    if (input[field] !== caller[field]) {
      changes[field] = input[field];
    }
  }
  if (input.numbers.join("\n") !== caller.numbers.map(formatPhone).join("\n")) {
    changes.numbers = input.numbers;
  }
  return changes;
}

/**
 * Return a removed caller as it is added again.
 * @param {Caller} caller
 * @returns {CallerInput}
 */
export function copyOf({ numbers, name, company, category, manager, note }) {
  return { numbers, name, company, category, manager, note };
}

/**
 * Return the number of rows that a report counts as passed over without a finding that names them.
 * @param {Pick<import("../lib/api.js").ImportReport, "passed_over" | "skipped">} report
 */
export function unexplainedRows(report) {
  return Math.max(0, report.passed_over - new Set(report.skipped.map((row) => row.line)).size);
}

/**
 * Return a name in the form in which namesakes are equal.
 * @param {string} name
 */
export function foldName(name) {
  return name.toLowerCase().replaceAll("ё", "е").split(/\s+/).join(" ");
}
