// One dead letter: why it failed, its headers, and its value as text that is safe to look at.

import { ApiError, get } from "./api.js";
import { button, fact, h } from "./dom.js";
import { Panel } from "./panel.js";
import { reasonWords } from "./tiles.js";
import { ago, clock, counted, fullTime, size } from "./wording.js";

export class Letter {
  /** `onClose(place)`, `onStep(place, -1 | 1)`, `onRedrive(row)`. */
  constructor({ onClose, onStep, onRedrive }) {
    this.place = null;
    this.row = null;
    this.reading = null;
    this.panel = new Panel({
      name: "letter",
      onClose: () => this.closed(onClose),
      onStep: (by) => onStep(this.place, by),
    });
    this.again = button("Redrive …", () => onRedrive(this.row), { class: "strong", hidden: true });
    this.panel.actions.append(this.again);
    this.element = this.panel.element;
  }

  get shown() {
    return this.panel.shown;
  }

  async open(row) {
    this.reading?.abort();
    this.reading = new AbortController();
    const { signal } = this.reading;
    this.place = { topic: row.topic, partition: row.partition, offset: row.offset };
    this.again.hidden = true;
    this.panel.open(row.key ?? "Dead letter", "", h("p", { class: "faint loading" }, "Reading the dead letter …"));
    try {
      const answer = await get("/api/letter", new URLSearchParams(this.place), signal);
      this.row = answer.row;
      const [topic, partition, offset] = answer.row.source;
      const place = `${topic}-${partition} offset ${offset}`;
      this.panel.say(answer.row.key ?? place, place);
      this.panel.body.replaceChildren(...content(answer));
      this.again.hidden = false;
    } catch (error) {
      if (error.name === "AbortError") {
        return;
      }
      if (!(error instanceof ApiError)) {
        throw error;
      }
      this.panel.body.replaceChildren(
        h(
          "div",
          { class: "empty" },
          h("h3", {}, "It cannot be shown"),
          h("p", {}, error.message),
          button("Try again", () => this.open(row)),
        ),
      );
    }
  }

  close() {
    this.panel.close();
  }

  leave() {
    this.reading?.abort();
    this.panel.leave();
  }

  closed(onClose) {
    this.reading?.abort();
    this.panel.body.replaceChildren();
    onClose(this.place);
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
