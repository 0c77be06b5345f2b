// One summary: its sentences, what they stand on in the document, its signals, and where it came from.

import { ApiError, get } from "./api.js";
import { button, fact, h } from "./dom.js";
import { documentText, Evidence, summaryText } from "./evidence.js";
import { Panel } from "./panel.js";
import { bar } from "./tiles.js";
import { ago, clock, duration, fullTime, number, percent, STATUSES } from "./wording.js";

export class Detail {
  /** `onClose(place)`, `onStep(place, -1 | 1)`. */
  constructor({ onClose, onStep }) {
    this.place = null;
    this.reading = null;
    this.panel = new Panel({
      name: "detail",
      onClose: () => this.closed(onClose),
      onStep: (by) => onStep(this.place, by),
    });
    this.panel.actions.append(button("Copy link", (event) => copyLink(event.target), { class: "quiet" }));
    this.element = this.panel.element;
  }

  get shown() {
    return this.panel.shown;
  }

  /** Opens the record at a place: a row of the list, or what an address says. */
  async open(row) {
    this.reading?.abort();
    this.reading = new AbortController();
    const { signal } = this.reading;
    this.place = { topic: row.topic, partition: row.partition, offset: row.offset };
    this.panel.open(
      row.title || row.id || "Summary",
      row.id ?? "",
      h("p", { class: "faint loading" }, "Reading the summary and its document …"),
    );
    try {
      const answer = await get("/api/summary", new URLSearchParams(this.place), signal);
      this.panel.say(answer.row.title || answer.row.id, answer.row.id);
      this.panel.body.replaceChildren(...content(answer));
    } catch (error) {
      if (error.name === "AbortError") {
        return;
      }
      if (!(error instanceof ApiError)) {
        throw error;
      }
      this.panel.body.replaceChildren(problem(error.message, () => this.open(row)));
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

async function copyLink(element) {
  try {
    await navigator.clipboard.writeText(location.href);
    element.textContent = "Link copied";
  } catch {
    // Without TLS a browser lends no clipboard; the address bar has the same link.
    element.textContent = "Copy it from the address bar";
  }
}

function problem(sentence, onRetry) {
  return h(
    "div",
    { class: "empty" },
    h("h3", {}, "It cannot be shown"),
    h("p", {}, sentence),
    button("Try again", onRetry),
  );
}

function content(answer) {
  const { row, summary, sentences, document: text } = answer;
  const status = STATUSES[summary.status] ?? { label: summary.status, meaning: "" };
  const words = summaryText(answer);
  const page = text === null ? noDocument(answer.document_problem) : documentText(text);
  const evidence = text === null ? null : new Evidence(words, page);
  return [
    h(
      "section",
      { class: "part words", "aria-labelledby": "words-title" },
      h("h3", { id: "words-title" }, "Summary"),
      row.replaced ? h("p", { class: "note" }, "A newer summary of the same document has replaced this one.") : null,
      h(
        "p",
        { class: "status-line" },
        h("span", { class: `tag ${summary.status}` }, status.label),
        ` ${status.meaning}`,
      ),
      words,
      sentences.length > 0 && evidence ? hint(evidence) : null,
      summary.left_out.length > 0 ? h("p", { class: "faint" }, leftOut(summary.left_out)) : null,
    ),
    h(
      "section",
      { class: "part document", "aria-labelledby": "document-title" },
      h(
        "div",
        { class: "card-head" },
        h("h3", { id: "document-title" }, "Document"),
        text?.note ? h("p", { class: "faint" }, text.note) : null,
      ),
      text !== null && answer.document_problem ? h("p", { class: "note" }, answer.document_problem) : null,
      page,
    ),
    h(
      "section",
      { class: "part", "aria-labelledby": "signals-title" },
      h("h3", { id: "signals-title" }, "Signals"),
      signals(answer.signals),
    ),
    h(
      "section",
      { class: "part", "aria-labelledby": "origin-title" },
      h("h3", { id: "origin-title" }, "Where it came from"),
      provenance(row, summary),
    ),
    Object.keys(summary.metadata).length > 0
      ? h(
          "section",
          { class: "part", "aria-labelledby": "metadata-title" },
          h("h3", { id: "metadata-title" }, "Metadata"),
          h("dl", { class: "facts" }, ...Object.entries(summary.metadata).flatMap(([key, value]) => fact(key, value))),
        )
      : null,
  ].filter(Boolean);
}

function hint(evidence) {
  return h(
    "p",
    { class: "faint" },
    evidence.count > 0
      ? "Point at a sentence, or focus it, to see in the document what it stands on; press it to go there, and again " +
          "for the next place."
      : "No place of the document is known for these sentences.",
  );
}

function leftOut(parts) {
  const amounts = parts.map(({ kind, characters }) => `${number(characters)} characters (${kind})`);
  return `The model did not see: ${amounts.join(", ")}.`;
}

function noDocument(sentence) {
  return h("p", { class: "empty" }, sentence ?? "The document is not known.");
}

function signals(list) {
  if (list.length === 0) {
    return h("p", { class: "faint" }, "Nothing was measured.");
  }
  return h(
    "dl",
    { class: "signals" },
    ...list.map((signal) =>
      h(
        "div",
        {},
        h("dt", {}, signal.name),
        h(
          "dd",
          {},
          h("b", {}, shownValue(signal)),
          signal.share === null ? null : bar(signal.share),
          h("span", { class: "faint" }, signal.meaning),
        ),
      ),
    ),
  );
}

function shownValue({ name, value, share }) {
  if (value === null) {
    return name === "missing" ? "nothing" : "not measured";
  }
  return share === null ? String(value) : percent(value);
}

function provenance(row, summary) {
  const { model, prompt, source, tokens } = summary;
  const produced = Date.parse(summary.produced_at);
  return h(
    "dl",
    { class: "facts" },
    ...fact("Model", `${model.name} `, h("span", { class: "faint" }, model.representation)),
    ...fact("Prompt", prompt.name),
    ...fact("Recipe", h("code", {}, summary.recipe)),
    ...fact("Strategy", `${summary.strategy}, ${number(summary.chunks)} ${summary.chunks === 1 ? "part" : "parts"}`),
    ...fact("Tokens", `${number(tokens.prompt)} read, ${number(tokens.completion)} written`),
    ...fact("Time", summary.reused ? "none: it came from the store" : duration(summary.seconds)),
    ...fact("Produced to summarized", row.latency === null ? null : duration(row.latency)),
    ...fact(
      "Made",
      h("time", { datetime: summary.produced_at, title: fullTime(produced) }, `${clock(produced)}, ${ago(produced)}`),
    ),
    ...fact(
      "Document",
      source ? h("code", {}, `${source.topic}-${source.partition} offset ${source.offset}`) : "not from Kafka",
    ),
    ...fact("Summary", h("code", {}, `${row.topic}-${row.partition} offset ${row.offset}`)),
    ...fact("Mended", (summary.mended ?? []).join("; ")),
  );
}
