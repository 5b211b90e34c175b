// An exchange as texts: its number, its step, and what the service decided.

import { formatPhone } from "../lib/phone.js";
import { formatNumber } from "../lib/words.js";
import { outcomeWords, words } from "./words.js";

// Deliberate faults with which an answer does not arrive, or not in full.
const LOST_ANSWER = /^(hang|reset|truncated)/;

/** @typedef {import("./call-groups.js").Exchange} Exchange */
/** @typedef {import("./exchange-detail.js").FullExchange} FullExchange */

/**
 * Return the number as people write it; "" where the request had none.
 * @param {Exchange} exchange
 */
export function numberText({ number, received, outcome }) {
  if (number) {
    return formatPhone(number);
  }
  return received || (outcome === "ok" ? words.hidden_number : "");
}

/**
 * Return the operation with the subscriber it went to: "IncomingCall → 244"; `unread` stands for an unknown operation.
 * @param {Exchange} exchange
 * @param {string} unread
 */
export function stepText({ op, subscriber }, unread) {
  return [op ?? unread, subscriber?.extension || subscriber?.name].filter(Boolean).join(" → ");
}

/**
 * Return what the service decided, as terms and their values.
 * @param {FullExchange} exchange
 * @returns {[string, string][]}
 */
export function decisions(exchange) {
  const { op, outcome } = exchange;
  const isAnswered = outcome === "ok";
  const isDocument = exchange.answer.text.includes("&lt;data&gt;");
  return [
    [words.outcome_of, outcomeText(exchange)],
    ["", isAnswered ? "" : outcomeWords(outcome)[1]],
    [words.fault, exchange.fault ?? ""],
    [words.operation, op ? `${op}, ${exchange.namespace ?? ""}, SOAP ${exchange.soap ?? "?"}` : ""],
    [words.contract, op === "SayName" && isAnswered ? (isDocument ? words.document : words.plain_name) : ""],
    [words.number, op ? sentNumberText(exchange) : ""],
    [words.caller, callerText(exchange)],
    [words.key, exchange.key ? `${exchange.key} — ${ownerText(exchange)}` : ""],
    [words.elapsed, words.milliseconds(formatNumber(exchange.elapsed_ms))],
    [words.publication, exchange.publication || `${words.nowhere}: ${exchange.url}`],
    [words.sender, exchange.address],
    [words.call, exchange.call_id === null ? "" : words.row(exchange.call_id)],
  ];
}

/** @param {FullExchange} exchange */
function outcomeText({ outcome, status, fault }) {
  if (outcome !== "ok") {
    return words.refused(outcomeWords(outcome)[0], status);
  }
  return fault && LOST_ANSWER.test(fault) ? words.not_arrived : words.answered(status);
}

/** @param {FullExchange} exchange */
function sentNumberText(exchange) {
  const { received, number } = exchange;
  return [numberText(exchange), received && received !== number && words.as_sent(received)]
    .filter(Boolean)
    .join(", ");
}

/** @param {FullExchange} exchange */
function callerText({ caller, directory, confidence, outcome }) {
  if (!caller) {
    return outcome === "ok" ? words.nobody : "";
  }
  return [caller, directory && words.found_in(directory), confidence && words.confidence[confidence]]
    .filter(Boolean)
    .join(", ");
}

/** @param {FullExchange} exchange */
function ownerText({ subscriber }) {
  return subscriber ? [subscriber.name, subscriber.extension].filter(Boolean).join(", ") : words.no_owner;
}
