// One dead letter in a list: which document, why it failed, and how often it was tried.

import { placeName, withOpen } from "./address.js";
import { h, setAttribute, setText } from "./dom.js";
import { clock, counted, fullTime, size } from "./wording.js";

export function buildLetter(row) {
  const [topic, partition, offset] = row.source;
  return h(
    "a",
    { class: "row", "data-place": placeName(row) },
    h(
      "span",
      { class: "row-head" },
      h("span", { class: "row-title" }, row.key ?? `${topic}-${partition} offset ${offset}`),
      h("span", { class: "tags" }, h("span", { class: "tag failed" }, row.type), h("span", { class: "tag outcome" })),
      h(
        "time",
        { class: "row-time", datetime: new Date(row.arrived).toISOString(), title: fullTime(row.arrived) },
        clock(row.arrived),
      ),
    ),
    h("span", { class: "row-opening" }, row.message),
    h(
      "span",
      { class: "row-facts" },
      ...[
        `in ${row.stage}`,
        counted(row.attempts, "attempt"),
        row.size === null ? "no value" : size(row.size),
        `${topic}-${partition} offset ${offset}`,
      ].map((each) => h("span", {}, each)),
    ),
  );
}

/** Of a dead letter only what became of its document changes, and the address of the list around it. */
export function changeLetter(element, row) {
  setAttribute(element, "href", withOpen(row));
  setText(element.querySelector("time"), clock(row.arrived));
  const outcome = element.querySelector(".outcome");
  setText(outcome, row.outcome);
  outcome.hidden = row.outcome === "";
  outcome.classList.toggle("ok", row.outcome === "summarized");
}
