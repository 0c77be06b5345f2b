// One summary: its sentences, what they stand on in the document, its signals, and where it came from.

import { button, fact, h } from "./dom.js";
import { documentText, Evidence, summaryText } from "./evidence.js";
import { Panel } from "./panel.js";
import { bar } from "./tiles.js";
import { ago, clock, duration, fullTime, number, percent, STATUSES } from "./wording.js";

export class Detail extends Panel {
  /** `onClose(place)`, `onStep(place, -1 | 1)`. */
  constructor(callbacks) {
    super({ name: "detail", path: "/api/summary", waiting: "Reading the summary and its document …", ...callbacks });
    this.actions.append(button("Copy link", (event) => copyLink(event.target), { class: "quiet" }));
  }

  heading(row) {
    return [row.title || row.id || "Summary", row.id ?? ""];
  }

  content(answer) {
    return content(answer);
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
