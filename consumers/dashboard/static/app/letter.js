// One dead letter: why it failed, its headers, and its value as text that is safe to look at.

import { button, fact, h } from "./dom.js";
import { Panel } from "./panel.js";
import { reasonWords } from "./tiles.js";
import { ago, clock, counted, fullTime, size } from "./wording.js";

export class Letter extends Panel {
  /** `onClose(place)`, `onStep(place, -1 | 1)`, `onRedrive(row)`. */
  constructor({ onRedrive, ...callbacks }) {
    super({ name: "letter", path: "/api/letter", waiting: "Reading the dead letter …", ...callbacks });
    this.row = null;
    this.again = button("Redrive …", () => onRedrive(this.row), { class: "strong", hidden: true });
    this.actions.append(this.again);
  }

  open(row) {
    this.again.hidden = true;
    return super.open(row);
  }

  heading(row) {
    // An address has no source; then it is not read yet.
    const place = row.source === undefined ? "" : `${row.source[0]}-${row.source[1]} offset ${row.source[2]}`;
    return [row.key ?? (place || "Dead letter"), place];
  }

  content(answer) {
    this.row = answer.row;
    this.again.hidden = false;
    return content(answer);
  }
}

const OUTCOMES = {
  "": "no other result of this document has been read",
  summarized: "summarized; nothing is left to do",
  "failed again": "failed again, which is a dead letter of its own",
};

function content({ row, error, headers, payload, payload_kind: kind, truncated }) {
  return [
    h(
      "section",
      { class: "part", "aria-labelledby": "why-title" },
      h("h3", { id: "why-title" }, "Why it failed"),
      h("p", { class: "why" }, h("b", {}, reasonWords(row.reason))),
      h("p", {}, error.message),
      h(
        "dl",
        { class: "facts" },
        ...fact("Attempts", counted(error.attempts, "attempt")),
        ...fact(
          "Failed",
          h(
            "time",
            { datetime: new Date(row.arrived).toISOString(), title: fullTime(row.arrived) },
            `${clock(row.arrived)}, ${ago(row.arrived)}`,
          ),
        ),
        ...fact("Since then", OUTCOMES[row.outcome]),
        ...fact("Dead letter", h("code", {}, `${row.topic}-${row.partition} offset ${row.offset}`)),
      ),
    ),
    h(
      "section",
      { class: "part payload", "aria-labelledby": "payload-title" },
      h(
        "div",
        { class: "card-head" },
        h("h3", { id: "payload-title" }, "What was in it"),
        h("p", { class: "faint" }, payloadNote(row, kind, truncated)),
      ),
      kind === "none"
        ? h("p", { class: "faint" }, "The record has no value.")
        : h("pre", { class: "text", tabindex: 0, role: "region", "aria-label": "Value as text" }, payload),
    ),
    h(
      "section",
      { class: "part", "aria-labelledby": "headers-title" },
      h("h3", { id: "headers-title" }, "Headers"),
      headers.length === 0
        ? h("p", { class: "faint" }, "The record has none of its own.")
        : h(
            "dl",
            { class: "facts" },
            ...headers.flatMap(([name, value]) => fact(name, h("code", {}, value ?? "null"))),
          ),
    ),
  ];
}

function payloadNote(row, kind, truncated) {
  const notes = [kind, row.size === null ? null : size(row.size), truncated ? "the first part is shown" : null];
  return notes.filter(Boolean).join(", ");
}
