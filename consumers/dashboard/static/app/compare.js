// Two recipes side by side: the documents that have a summary of both, with the words marked in which they differ.

import { address } from "./address.js";
import { ApiError, get } from "./api.js";
import { button, h, setText, show } from "./dom.js";
import { clock, counted, duration, number, STATUSES } from "./wording.js";

const PAGE = 20;

export function compare(shell) {
  return new Compare(shell);
}

class Compare {
  title = "Two recipes";

  constructor(shell) {
    this.shell = shell;
    const parameters = new URLSearchParams(location.search);
    this.topic = parameters.get("topic") ?? "";
    this.changedOnly = parameters.get("changed") === "1";
    this.before = null;
    this.reading = null;
    this.count = h("p", { class: "count", role: "status" }, "Reading …");
    this.select = h("select", { id: "compare-topic", change: () => this.choose(this.select.value) });
    this.only = h("input", {
      id: "compare-only",
      type: "checkbox",
      change: () => this.setChangedOnly(this.only.checked),
    });
    this.only.checked = this.changedOnly;
    this.controls = h(
      "div",
      { class: "filters", hidden: true },
      h("div", { class: "field" }, h("label", { for: "compare-topic" }, "Compare with"), this.select),
      h("div", { class: "field check" }, this.only, h("label", { for: "compare-only" }, "Only those that differ")),
      h("p", { class: "faint key" }, h("del", {}, "only in A"), " ", h("ins", {}, "only in B")),
    );
    this.pairs = h("ol", { class: "pairs" });
    this.more = button("Show older ones", () => this.read(), { class: "more", hidden: true });
    this.empty = h("div", { class: "empty", hidden: true });
    this.element = h(
      "div",
      { class: "page compare" },
      h(
        "div",
        { class: "list-head" },
        h("div", { class: "title-line" }, h("h1", {}, "Two recipes"), this.count),
        this.controls,
      ),
      this.empty,
      this.pairs,
      this.more,
    );
  }

  start() {
    this.shell.follow(() => new URLSearchParams({ view: "overview" }));
    this.read();
  }

  close() {
    this.reading?.abort();
  }

  choose(topic) {
    this.topic = topic;
    this.restart();
  }

  setChangedOnly(changedOnly) {
    this.changedOnly = changedOnly;
    this.restart();
  }

  restart() {
    const parameters = new URLSearchParams();
    if (this.topic) {
      parameters.set("topic", this.topic);
    }
    if (this.changedOnly) {
      parameters.set("changed", "1");
    }
    history.replaceState(null, "", address(parameters));
    this.before = null;
    this.pairs.replaceChildren();
    this.read();
  }

  async read() {
    this.reading?.abort();
    this.reading = new AbortController();
    const { signal } = this.reading;
    const parameters = new URLSearchParams({ topic: this.topic, limit: PAGE });
    if (this.before !== null) {
      parameters.set("before", String(this.before));
    }
    try {
      this.draw(await get("/api/compare", parameters, signal));
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof ApiError)) {
        throw error;
      }
      if (error instanceof ApiError) {
        setText(this.count, error.message);
      }
    }
  }

  draw(answer) {
    const { topics, pairs, hint, more } = answer;
    this.select.replaceChildren(...topics.map((topic) => new Option(topic, topic)));
    this.select.value = this.topic || topics[0] || "";
    show(this.controls, topics.length > 0);
    const shown = this.changedOnly ? pairs.filter(({ same }) => !same) : pairs;
    this.pairs.append(...shown.map((pair) => h("li", {}, pairCard(pair))));
    this.before = answer.before;
    show(this.more, more);
    const { length } = this.pairs.children;
    setText(this.count, topics.length === 0 ? "" : `${counted(length, "document")}${more ? " so far" : ""}`);
    show(this.empty, length === 0 && !more);
    if (length === 0 && more) {
      this.read();
    }
    this.empty.replaceChildren(...(topics.length === 0 ? noTopic(hint) : noPair(this.changedOnly, hint)));
  }
}

function pairCard({ id, title, same, a, b }) {
  return h(
    "article",
    { class: "card pair" },
    h(
      "header",
      {},
      h("h2", { dir: "auto" }, title || id),
      title ? h("p", { class: "faint" }, id) : null,
      same ? h("p", { class: "tag" }, "the same words") : null,
    ),
    h("div", { class: "sides" }, side("A", a), side("B", b)),
  );
}

function side(letter, { row, words }) {
  const name = `${row.topic}: prompt ${row.prompt}, recipe ${row.recipe.slice(0, 8)}`;
  return h(
    "section",
    { class: "side", "aria-label": `${letter}: ${name}` },
    h("h3", {}, h("span", { class: "side-letter" }, letter), ` ${name}`),
    h("p", { class: "side-words", dir: "auto" }, ...words.map(word)),
    h(
      "p",
      { class: "row-facts" },
      ...[
        STATUSES[row.status]?.label ?? row.status,
        row.model,
        `${number(row.tokens)} tokens`,
        duration(row.seconds),
        clock(row.arrived),
      ].map((each) => h("span", {}, each)),
    ),
  );
}

/** A difference is told by its element and its underline, in words for screen readers, and then by colour. */
function word({ text, mark }) {
  if (mark === "same") {
    return text;
  }
  const [name, note] = mark === "removed" ? ["del", "only in A"] : ["ins", "only in B"];
  return h(name, {}, h("span", { class: "unseen" }, `[${note}: `), text, h("span", { class: "unseen" }, "]"));
}

function noTopic(hint) {
  return [
    h("h2", {}, "Only one recipe is known"),
    h("p", {}, hint ?? "Summarize a range of the input again with other settings, to a topic of its own."),
  ];
}

function noPair(changedOnly, hint) {
  return hint === null && changedOnly
    ? [h("h2", {}, "No difference"), h("p", {}, "Every document shown has the same words in both summaries.")]
    : [h("h2", {}, "No document has both yet"), h("p", {}, hint ?? "")];
}
