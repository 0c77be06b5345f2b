// One summary in a list: title, opening, and the facts that tell it from its neighbours.

import { placeName, withOpen } from "./address.js";
import { h, setAttribute, setText } from "./dom.js";
import { clock, duration, fullTime, number, STATUSES } from "./wording.js";

/** Returns the element of a row: a link, so that it opens in another tab as well. */
export function buildRow(row) {
  return h(
    "a",
    { class: "row", "data-place": placeName(row) },
    h(
      "span",
      { class: "row-head" },
      h("span", { class: "row-title" }),
      h("span", { class: "tags" }),
      h("time", { class: "row-time" }),
    ),
    h("span", { class: "row-opening", dir: "auto" }),
    h("span", { class: "row-facts" }),
  );
}

/** Makes an element of `buildRow` show `row`; costs nothing when nothing has changed. */
export function changeRow(element, row) {
  setAttribute(element, "href", withOpen(row));
  const state = row.kind === "deletion" || row.deleted ? "deleted" : row.replaced ? "replaced" : "current";
  const shown = `${state} ${row.title} ${row.opening.length}`;
  if (element.dataset.shown === shown) {
    return;
  }
  element.dataset.shown = shown;
  setAttribute(element, "data-state", state);
  const [head, opening, facts] = element.children;
  const [title, tags, time] = head.children;
  setText(title, row.title || row.id || "without an id");
  tags.replaceChildren(...tagsOf(row, state));
  setAttribute(time, "datetime", new Date(row.arrived).toISOString());
  setAttribute(time, "title", fullTime(row.arrived));
  setText(time, clock(row.arrived));
  setText(opening, openingOf(row));
  facts.replaceChildren(...factsOf(row));
}

function tagsOf(row, state) {
  const tags = [];
  if (state === "deleted") {
    tags.push(h("span", { class: "tag deleted" }, "deleted"));
  } else if (state === "replaced") {
    tags.push(h("span", { class: "tag replaced" }, "replaced"));
  }
  if (row.kind === "summary") {
    tags.push(h("span", { class: `tag ${row.status}` }, STATUSES[row.status]?.label ?? row.status));
  }
  if (row.reused) {
    tags.push(h("span", { class: "tag" }, "reused"));
  }
  return tags;
}

function openingOf(row) {
  if (row.kind === "deletion") {
    return "The document was deleted, so its summary is gone.";
  }
  return row.deleted ? "Its document was deleted later, and the summary’s words with it." : row.opening;
}

function factsOf(row) {
  if (row.kind === "deletion") {
    return [h("span", {}, row.id)];
  }
  const facts = [
    row.title ? row.id : null,
    row.prompt,
    row.model,
    `${number(row.tokens)} tokens`,
    duration(row.seconds),
    ...Object.entries(row.metadata)
      .slice(0, 3)
      .map(([key, value]) => `${key}: ${value}`),
  ];
  return facts.filter(Boolean).map((each) => h("span", {}, each));
}
