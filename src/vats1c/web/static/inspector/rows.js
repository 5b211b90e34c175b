// A call as a row of the list, a refusal as a line on top of the page. Rule: nothing here calls the service.

import { button, el, find } from "../lib/dom.js";
import { formatNumber } from "../lib/words.js";
import { numberText, stepText } from "./exchange-text.js";
import { formatTime, outcomeWords, words } from "./words.js";

const MAX_CODES = 3;

/** @typedef {import("./call-groups.js").Exchange} Exchange */

/**
 * Show a call in its row.
 * @param {HTMLElement} row
 * @param {Exchange[]} exchanges  of the call, the oldest first
 */
export function fillRow(row, exchanges) {
  const [first] = exchanges;
  const refused = exchanges.find(({ outcome }) => outcome !== "ok");
  const named = exchanges.find(({ caller }) => caller) ?? first;
  row.classList.toggle("refused", Boolean(refused));
  const time = find(row, "time", HTMLTimeElement);
  time.textContent = formatTime(first.at);
  time.dateTime = first.at;
  find(row, ".number").textContent = numberText(named) || (refused ? outcomeWords(refused.outcome)[0] : "");
  find(row, ".name").textContent = named.caller ?? "";
  const steps = exchanges.flatMap((exchange, place) => stepElements(exchange, exchanges[place - 1]));
  find(row, ".steps").replaceChildren(...steps, ...badges(exchanges));
}

/**
 * Return the line of the refusals with one outcome: the reason, the remedy, the number of times, and two buttons.
 * @param {import("./call-groups.js").RefusalGroup} group
 * @param {() => void} onShow
 * @param {() => void} onHide
 */
export function refusalLine({ outcome, count, last }, onShow, onHide) {
  const [reason, remedy] = outcomeWords(outcome);
  const lastTime = formatTime(last.at);
  const times = count > 1 ? `${words.times(count)}, ${words.last_at(lastTime)}` : lastTime;
  const hide = button("×", onHide, "quiet");
  hide.title = words.hide;
  hide.setAttribute("aria-label", `${words.hide}: ${reason}`);
  const line = el("li");
  line.append(
    el("b", reason),
    el("span", remedy, "what"),
    el("span", `${times} · ${last.address}`, "hint"),
    button(words.show, onShow),
    hide,
  );
  return line;
}

/**
 * Return an exchange as a step of its call, after the time since the previous exchange.
 * @param {Exchange} exchange
 * @param {Exchange | undefined} previous
 */
function stepElements(exchange, previous) {
  const step = el("span", stepText(exchange, `HTTP ${exchange.status}, ${exchange.address}`), "step");
  step.dataset.outcome = exchange.outcome === "ok" ? "ok" : "refused";
  step.append(el("span", words.milliseconds(formatNumber(exchange.elapsed_ms)), "took"));
  if (!previous) {
    return [step];
  }
  const sinceMs = Date.parse(exchange.at) - Date.parse(previous.at);
  const isShort = sinceMs < 1_000;
  const since = isShort
    ? words.milliseconds(formatNumber(sinceMs))
    : words.seconds(formatNumber(sinceMs / 1_000));
  return [el("span", `+${since}`, "since"), step];
}

/**
 * Return the deliberate faults of a call and the first codes of its findings, those of refusals in red.
 * @param {Exchange[]} exchanges
 */
function badges(exchanges) {
  const codes = new Map(
    exchanges.flatMap(({ codes: found, outcome }) =>
      found.map((code) => [code, outcome === "ok" ? "warn" : "bad"]),
    ),
  );
  const faults = [...new Set(exchanges.map(({ fault }) => fault).filter(Boolean))];
  const shown = [...codes].slice(0, MAX_CODES);
  const more = codes.size - shown.length;
  return [
    ...faults.map((fault) => el("span", `${words.fault}: ${fault}`, "badge warn")),
    ...shown.map(([code, kind]) => el("span", code, `badge ${kind}`)),
    ...(more > 0 ? [el("span", `+${more}`, "badge warn")] : []),
  ];
}
