// A call as a row, a refusal as a line on top. Rule: nothing here asks the service.

import { numberOf } from "./exchange-detail.js";
import { figure, outcomeOf, told, words } from "./words.js";

const MOST_CODES = 3;

// Fills the row of a call in.
export function fill(row, exchanges) {
  const [first] = exchanges;
  const refused = exchanges.find(({ outcome }) => outcome !== "ok");
  const named = exchanges.find(({ caller }) => caller) ?? first;
  row.classList.toggle("refused", Boolean(refused));
  row.querySelector("time").textContent = told(first.at);
  row.querySelector("time").dateTime = first.at;
  row.querySelector(".number").textContent = numberOf(named) || (refused ? outcomeOf(refused.outcome)[0] : "");
  row.querySelector(".name").textContent = named.caller ?? "";
  const steps = exchanges.flatMap((one, place) => step(one, exchanges[place - 1]));
  row.querySelector(".steps").replaceChildren(...steps, ...marks(exchanges));
}

// A row of the strip on top: why, what to do about it, how often, and a way to look or to hide it.
export function refusal({ outcome, count, last }, onShow, onHide) {
  const row = document.createElement("li");
  const [why, what] = outcomeOf(outcome);
  const [show, hide] = [document.createElement("button"), document.createElement("button")];
  show.type = hide.type = "button";
  show.textContent = words.show;
  hide.textContent = "×";
  hide.title = words.hide;
  hide.setAttribute("aria-label", `${words.hide}: ${why}`);
  hide.className = "quiet";
  show.onclick = onShow;
  hide.onclick = onHide;
  const times = count > 1 ? `${words.times(count)}, ${words.last_at(told(last.at))}` : told(last.at);
  row.append(said("b", why), said("span", what, "what"), said("span", `${times} · ${last.address}`, "hint"), show, hide);
  return row;
}

// An exchange as a step of its call, after how long since the one before.
function step(one, before) {
  const parts = [];
  if (before) {
    const since = Date.parse(one.at) - Date.parse(before.at);
    const long = since < 1_000 ? words.milliseconds(figure(since)) : words.seconds(figure(since / 1_000));
    parts.push(said("span", `+${long}`, "since"));
  }
  const who = one.subscriber ? one.subscriber.extension || one.subscriber.name : "";
  const what = [one.op ?? `HTTP ${one.status}, ${one.address}`, who].filter(Boolean).join(" → ");
  const shown = said("span", what, "step");
  shown.dataset.outcome = one.outcome === "ok" ? "ok" : "refused";
  shown.append(said("span", words.milliseconds(figure(one.elapsed_ms)), "took"));
  return [...parts, shown];
}

// What to look at in a call: the codes of its reports, those of a refusal in red.
function marks(exchanges) {
  const codes = new Map(exchanges.flatMap((one) => one.codes.map((code) => [code, one.outcome === "ok" ? "warn" : "bad"])));
  const shown = [...codes].slice(0, MOST_CODES).map(([code, kind]) => said("span", code, `badge ${kind}`));
  const more = codes.size - shown.length;
  const faults = [...new Set(exchanges.map(({ fault }) => fault).filter(Boolean))];
  const broken = faults.map((fault) => said("span", `${words.fault}: ${fault}`, "badge warn"));
  return more > 0 ? [...broken, ...shown, said("span", `+${more}`, "badge warn")] : [...broken, ...shown];
}

function said(tag, text, kind = "") {
  const one = document.createElement(tag);
  one.textContent = text;
  one.className = kind;
  return one;
}
