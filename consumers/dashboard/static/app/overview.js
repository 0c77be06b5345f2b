// The first page: what is happening, how it went in the last hour, what is the newest, and what failed and why.

import { ApiError, get } from "./api.js";
import { Chart } from "./charts.js";
import { h, setText } from "./dom.js";
import { happening } from "./health.js";
import { hourOf } from "./hour.js";
import { NewestResults } from "./newest.js";
import { renew } from "./renew.js";
import { backlogTable, queryCard, reasonsCard, statusCard, tiles } from "./tiles.js";

const CHARTS = [
  {
    name: "documents",
    title: "Documents per minute",
    unit: "documents/min",
    one: "document/min",
    kind: "area",
    colour: "blue",
    note: "Summaries that reached the output topic, counted over a minute.",
  },
  {
    name: "tokens",
    title: "Tokens per second",
    unit: "tokens/s",
    one: "token/s",
    kind: "area",
    colour: "teal",
    note: "Tokens that the model read and wrote, over a minute.",
  },
  {
    name: "backlog",
    title: "Waiting documents",
    unit: "documents",
    one: "document",
    kind: "area",
    colour: "amber",
    note: "On the input topic, without a result.",
  },
  {
    name: "dead_letters",
    title: "Dead letters",
    unit: "dead letters",
    one: "dead letter",
    kind: "bars",
    colour: "red",
    note: "Documents that could not be summarized, in each minute.",
  },
];

export function overview(shell) {
  return new Overview(shell);
}

class Overview {
  title = "Overview";

  constructor(shell) {
    this.shell = shell;
    this.sentence = h("p", { class: "lead" }, "Reading the topics …");
    this.tiles = h("div", { class: "tiles" });
    this.cards = h("div", { class: "cards" });
    this.backlog = h("div", {});
    this.charts = new Map(CHARTS.map((chart) => [chart.name, new Chart(chart)]));
    this.newest = new NewestResults();
    this.element = h(
      "div",
      { class: "page overview" },
      h("h1", {}, "Overview"),
      this.sentence,
      h("section", { "aria-label": "Now" }, this.tiles),
      h("section", { class: "two", "aria-label": "Newest" }, this.newest.summaries, this.newest.letters),
      h(
        "section",
        { "aria-labelledby": "hour-title" },
        h("h2", { id: "hour-title" }, "The last hour"),
        h("div", { class: "charts" }, ...[...this.charts.values()].map(({ element }) => element)),
        this.cards,
      ),
      h(
        "section",
        { "aria-labelledby": "backlog-title" },
        h("h2", { id: "backlog-title" }, "Waiting, by partition"),
        this.backlog,
      ),
    );
  }

  start() {
    if (this.shell.overview() !== null) {
      this.draw(this.shell.overview());
    }
    this.shell.follow(() => new URLSearchParams({ view: "overview" }));
    this.first();
  }

  /** Numbers at once, also when the stream takes a moment. */
  async first() {
    try {
      this.draw(await get("/api/overview"));
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      setText(this.sentence, error.message);
    }
  }

  onEvent(name, data) {
    if (name === "overview") {
      this.draw(data);
    }
  }

  draw(overview) {
    setText(this.sentence, happening(overview));
    renew(this.tiles, tiles(overview));
    renew(this.cards, statusCard(overview), reasonsCard(overview), queryCard(overview));
    renew(this.backlog, backlogTable(overview));
    const hour = hourOf(overview.hour);
    for (const [name, chart] of this.charts) {
      chart.set(hour[name]);
    }
    this.newest.update(overview);
  }

  close() {
    for (const chart of this.charts.values()) {
      chart.close();
    }
    this.newest.close();
  }
}
