// The line under the header: one sentence that says whether all is well, also in the page's title and icon.

import { setAttribute, setText, show } from "./dom.js";
import { capital, clock, counted, duration, percent } from "./wording.js";

const SIGNS = { healthy: "✓", stuck: "!", down: "✕", unknown: "…" };
const WORDS = { healthy: "Healthy", stuck: "Stuck", down: "Not running", unknown: "Connecting" };

/** Returns {state, word, sentence}: what is worst decides. `link` is null while the server answers. */
export function judge(overview, link) {
  if (link !== null) {
    return {
      state: "down",
      word: "No server",
      sentence:
        `No connection to the dashboard’s server since ${clock(link.lostAt)}. What you see is from before; ` +
        "the page connects again by itself.",
    };
  }
  if (overview === null) {
    return { state: "unknown", word: WORDS.unknown, sentence: "Asking the dashboard’s server …" };
  }
  if (!overview.connected) {
    const since = overview.away_since === null ? "" : ` since ${clock(overview.away_since * 1000)}`;
    return {
      state: "down",
      word: "No Kafka",
      sentence:
        `No connection to Kafka at ${overview.servers}${since}. What you see is from before; ` +
        "the dashboard connects again by itself.",
    };
  }
  if (overview.missing.length > 0) {
    const topics = overview.missing.map((topic) => `“${topic}”`).join(" and ");
    return {
      state: "down",
      word: "No topic",
      sentence: `Kafka at ${overview.servers} has no topic ${topics} yet. Create the topics: gistream topics create.`,
    };
  }
  const { state, sentence } = overview.query;
  const name = state === "not running" ? "down" : state;
  const loading = overview.loading === null ? "" : ` Reading the last hour: ${percent(overview.loading)}.`;
  const query = `${WORDS[name]}. ${capital(sentence)}.${loading}`;
  if (overview.fault !== null) {
    // A query that is well is no reason to believe numbers that may lack something.
    const isWell = name === "healthy" || name === "unknown";
    const fault = `The dashboard: ${overview.fault}.`;
    return { state: isWell ? "stuck" : name, word: isWell ? "Incomplete" : WORDS[name], sentence: `${query} ${fault}` };
  }
  return { state: name, word: WORDS[name], sentence: query };
}

export class HealthLine {
  /** `onRetry` connects now. */
  constructor(onRetry) {
    this.element = document.getElementById("health");
    this.sign = document.getElementById("health-sign");
    this.line = document.getElementById("health-line");
    this.said = document.getElementById("health-said");
    this.retry = document.getElementById("health-retry");
    this.icon = document.querySelector("link[rel=icon]");
    this.page = "";
    this.overview = null;
    this.link = null;
    this.retry.addEventListener("click", onRetry);
  }

  setPage(page) {
    this.page = page;
    this.draw();
  }

  setOverview(overview) {
    this.overview = overview;
    this.draw();
  }

  setLink(link) {
    this.link = link.lostAt === null ? null : link;
    this.draw();
  }

  draw() {
    const { state, word, sentence } = judge(this.overview, this.link);
    setAttribute(this.element, "data-state", state);
    setText(this.sign, SIGNS[state]);
    setText(this.line, sentence);
    // The sentence counts documents; a screen reader is told when the state is another one, not every few seconds.
    if (this.said.dataset.word !== word) {
      this.said.dataset.word = word;
      setText(this.said, sentence);
    }
    show(this.retry, this.link !== null);
    setAttribute(this.icon, "href", `/static/icons/${state}.svg`);
    document.title = `${word} · ${this.page} · gistream`;
  }
}

/** Returns the sentence under the title of the overview: what is happening right now. */
export function happening(overview) {
  const { documents_per_minute: rate, waiting, eta, query } = overview;
  if (!overview.connected) {
    return "Nothing is read from Kafka at the moment.";
  }
  const parts = [
    rate > 0
      ? `${counted(Math.round(rate), "document")} summarized in the last minute`
      : "No document summarized in the last minute",
  ];
  if (waiting === null) {
    parts.push("how many wait is not known");
  } else if (waiting === 0) {
    parts.push("none waits");
  } else {
    const left = eta === null ? "" : `, about ${duration(eta)} of work`;
    const more = rate > 0 ? "more " : "";
    parts.push(`${counted(waiting, `${more}waits`, `${more}wait`)}${left}`);
  }
  const batch =
    query.total > 0 && query.state !== "not running"
      ? ` The running batch has ${query.done.toLocaleString("en")} of ${query.total.toLocaleString("en")} done.`
      : "";
  return `${parts.join("; ")}.${batch}`;
}
