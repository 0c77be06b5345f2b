// The numbers of the overview, each with its unit and what it means.

import { h } from "./dom.js";
import { capital, counted, duration, NOTHING, number, percent, STATUSES, unitOf } from "./wording.js";

/** Returns the tiles of the present moment. */
export function tiles(overview) {
  const { seconds, latency, statuses, reused, reasons } = overview;
  const summaries = sum(statuses);
  const letters = sum(reasons);
  return [
    tile(
      "Speed",
      number(overview.documents_per_minute),
      unitOf(overview.documents_per_minute, "document/min", "documents/min"),
      "summarized in the last minute",
    ),
    tile("Waiting", number(overview.waiting), unitOf(overview.waiting, "document"), waitingNote(overview)),
    tile("Per document", duration(seconds?.p50), "median", mostNote(seconds)),
    tile("Produced to summarized", duration(latency?.p50), "median", mostNote(latency)),
    tile(
      "Model",
      number(overview.tokens_per_second),
      unitOf(overview.tokens_per_second, "token/s", "tokens/s"),
      "read and written, over the last minute",
    ),
    tile("Summaries", number(summaries), "in the last hour", madeNote(statuses, summaries)),
    tile(
      "Reused",
      percent(summaries === 0 ? null : reused / summaries),
      "of the summaries",
      "taken from the store, not made again",
    ),
    tile(
      "Dead letters",
      number(letters),
      "in the last hour",
      letters > 0 ? "see which, and why" : "no document failed",
      { link: "/letters", bad: letters > 0 },
    ),
  ];
}

function tile(label, value, unit, note, { link = null, bad = false } = {}) {
  const content = [
    h("p", { class: "label" }, label),
    h("p", { class: "value" }, h("strong", {}, value), unit && value !== NOTHING ? ` ${unit}` : ""),
    h("p", { class: "faint" }, note),
  ];
  return link
    ? h("a", { class: bad ? "card tile bad" : "card tile", href: link }, ...content)
    : h("div", { class: "card tile" }, ...content);
}

function madeNote(statuses, summaries) {
  if (summaries === 0) {
    return "none yet";
  }
  return Object.entries(STATUSES)
    .map(([name, { label }]) => `${percent((statuses[name] ?? 0) / summaries)} ${label}`)
    .join(", ");
}

function mostNote(percentiles) {
  return percentiles === null ? "no summary in the last hour" : `95% take less than ${duration(percentiles.p95).replace("< ", "")}`;
}

function waitingNote({ waiting, eta, backlog_note: note, query }) {
  if (waiting === null) {
    return note ?? "not known: no query has reported";
  }
  if (waiting === 0) {
    return "every document has its result";
  }
  if (eta !== null) {
    return `done in about ${duration(eta)}`;
  }
  return query.state === "healthy" ? "too early to say for how long" : "no query works at the moment";
}

/** Returns the card with the shares of ok, repaired and extracts; the words carry the numbers, the bar the picture. */
export function statusCard({ statuses }) {
  const total = sum(statuses);
  const parts = Object.entries(STATUSES).map(([name, { label, meaning }]) => ({
    name,
    label,
    meaning,
    count: statuses[name] ?? 0,
    share: total === 0 ? 0 : (statuses[name] ?? 0) / total,
  }));
  return card(
    "How the summaries were made",
    total === 0
      ? empty("No summary in the last hour.")
      : [
          stacked(parts),
          h(
            "dl",
            { class: "legend" },
            ...parts.flatMap(({ name, label, meaning, count, share }) => [
              h("dt", {}, h("span", { class: `swatch ${name}`, "aria-hidden": "true" }), label),
              h(
                "dd",
                {},
                h("b", {}, percent(share)),
                ` ${counted(count, "summary", "summaries")}. `,
                h("span", { class: "faint" }, meaning),
              ),
            ]),
          ),
        ],
  );
}

function stacked(parts) {
  return h(
    "div",
    { class: "stacked", "aria-hidden": "true" },
    // A part without a width would still have its gap.
    ...parts
      .filter(({ count }) => count > 0)
      .map(({ name, share }) => {
        const part = h("span", { class: name });
        part.style.flexGrow = String(share);
        return part;
      }),
  );
}

/** Returns the card with the dead letters of the last hour by reason, each a link to them. */
export function reasonsCard({ reasons }) {
  const entries = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  const most = Math.max(1, ...entries.map(([, count]) => count));
  return card(
    "Why documents failed",
    entries.length === 0
      ? empty("No document failed in the last hour.")
      : h(
          "ul",
          { class: "bars" },
          ...entries.map(([reason, count]) =>
            h(
              "li",
              {},
              h("a", { href: `/letters?${new URLSearchParams({ reason })}` }, reasonWords(reason)),
              bar(count / most, "bad"),
              h("b", {}, number(count)),
            ),
          ),
        ),
  );
}

/** Returns a reason as words: "summarize/DeadlineExceeded" is "DeadlineExceeded in summarize". */
export function reasonWords(reason) {
  const [stage, type] = reason.split("/", 2);
  return type ? `${type} in ${stage}` : reason;
}

/** Returns a bar whose number stands beside it. */
export function bar(share, kind = "") {
  const fill = h("span", { class: `fill ${kind}` });
  fill.style.width = `${Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10}%`;
  return h("span", { class: "bar-track", "aria-hidden": "true" }, fill);
}

/** Returns the card about the query: where it runs, its running batch, the last one, its restarts. */
export function queryCard({ query, servers }) {
  const running = query.total > 0 && query.state !== "not running";
  return card(
    "The query",
    h(
      "p",
      {},
      h("b", { class: `state ${query.state.replace(" ", "-")}` }, `${capital(query.state)}.`),
      ` ${capital(query.sentence)}.`,
    ),
    whatToDo(query),
    running
      ? h(
          "p",
          { class: "progress-line" },
          bar(query.done / query.total, "good"),
          `${number(query.done)} of ${number(query.total)} of the running batch`,
        )
      : null,
    h(
      "dl",
      { class: "facts" },
      h("dt", {}, "Kafka"),
      h("dd", {}, servers),
      h("dt", {}, "Last batch"),
      h(
        "dd",
        {},
        query.batch === null ? "none yet" : `number ${number(query.batch)}, ${duration(query.batch_seconds)}`,
      ),
      h("dt", {}, "Restarts"),
      h("dd", {}, number(query.restarts)),
    ),
  );
}

function whatToDo({ state }) {
  if (state === "not running") {
    const command = h("code", {}, "gistream run");
    return h("p", { class: "faint" }, "Start it with ", command, "; it resumes where it stopped.");
  }
  return state === "stuck"
    ? h("p", { class: "faint" }, "See what its engine does with ", h("code", {}, "gistream engine"), ".")
    : null;
}

/** Returns what waits in each partition. */
export function backlogTable({ backlog }) {
  if (backlog.length === 0) {
    return h(
      "div",
      { class: "card" },
      empty(
        "The input topic is not known yet. ",
        "Create the topics with ",
        h("code", {}, "gistream topics create"),
        ".",
      ),
    );
  }
  const most = Math.max(1, ...backlog.map(({ waiting }) => waiting ?? 0));
  return h(
    "div",
    { class: "card table-card" },
    h(
      "table",
      { class: "partitions" },
      h("caption", { class: "unseen" }, "Waiting documents by partition of the input topic"),
      h(
        "thead",
        {},
        h("tr", {}, ...["Topic", "Partition", "End", "Waiting"].map((name) => h("th", { scope: "col" }, name))),
      ),
      h(
        "tbody",
        {},
        ...backlog.map(({ topic, partition, end, waiting }) =>
          h(
            "tr",
            {},
            h("td", {}, topic),
            h("td", { class: "amount" }, String(partition)),
            h("td", { class: "amount" }, number(end)),
            h("td", { class: "with-bar" }, h("b", {}, number(waiting)), bar((waiting ?? 0) / most, "amber")),
          ),
        ),
      ),
    ),
  );
}

function card(title, ...content) {
  return h("section", { class: "card" }, h("h3", {}, title), ...content);
}

function empty(...words) {
  return h("p", { class: "faint" }, ...words);
}

function sum(counts) {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
