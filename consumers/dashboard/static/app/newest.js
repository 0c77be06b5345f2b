// The newest summaries and dead letters on the overview: read again when the topics have more, at most once a second.

import { ApiError, get } from "./api.js";
import { placeName } from "./address.js";
import { h } from "./dom.js";
import { renew } from "./renew.js";
import { reasonWords } from "./tiles.js";
import { ago, fullTime } from "./wording.js";

const COUNT = 5;
const PAUSE_MS = 1000;
const IDLE_MS = 20_000;

export class NewestResults {
  constructor() {
    this.summaryList = h("div", {});
    this.letterList = h("div", {});
    this.summaries = this.card("Newest summaries", this.summaryList, "/feed", "All in the feed");
    this.letters = this.card("Newest failures", this.letterList, "/letters", "All dead letters");
    this.state = null;
    this.kept = null;
    this.readAt = 0;
    this.reading = null;
  }

  card(title, list, link, more) {
    return h(
      "section",
      { class: "card" },
      h("div", { class: "card-head" }, h("h2", {}, title), h("a", { href: link }, more)),
      list,
    );
  }

  /** Reads again when the numbers of the overview have changed; now and then also else, as times go by. */
  update(overview) {
    const state = JSON.stringify([overview.kept, overview.reasons, overview.statuses, overview.connected]);
    const age = Date.now() - this.readAt;
    const pause = state === this.state ? IDLE_MS : PAUSE_MS;
    if (this.reading || (age < pause && !(this.kept === 0 && overview.kept > 0))) {
      return;
    }
    this.state = state;
    this.kept = overview.kept;
    this.readAt = Date.now();
    this.read();
  }

  async read() {
    this.reading = new AbortController();
    const { signal } = this.reading;
    try {
      const parameters = new URLSearchParams({ limit: COUNT });
      const [feed, letters] = await Promise.all([
        get("/api/feed", parameters, signal),
        get("/api/letters", parameters, signal),
      ]);
      renew(this.summaryList, newestSummaries(feed.rows));
      renew(this.letterList, newestLetters(letters.rows));
    } catch (error) {
      // The health line says that the server is away; the next overview reads again.
      if (!(error instanceof ApiError) && error.name !== "AbortError") {
        throw error;
      }
    } finally {
      this.reading = null;
    }
  }

  close() {
    this.reading?.abort();
  }
}

function newestSummaries(rows) {
  if (rows.length === 0) {
    return h(
      "p",
      { class: "faint" },
      "No summary yet. Start a query with ",
      h("code", {}, "gistream run"),
      ", and send it a text with ",
      h("code", {}, "gistream produce"),
      ".",
    );
  }
  return h(
    "ol",
    { class: "newest" },
    ...rows
      .slice(0, COUNT)
      .map((row) =>
        h(
          "li",
          {},
          h("a", { href: `/feed?open=${placeName(row)}` }, row.title || row.id),
          when(row),
          h("p", {}, row.kind === "deletion" ? "The document was deleted." : row.opening),
        ),
      ),
  );
}

function newestLetters(rows) {
  if (rows.length === 0) {
    return h("p", { class: "faint" }, "No document has failed.");
  }
  return h(
    "ol",
    { class: "newest" },
    ...rows
      .slice(0, COUNT)
      .map((row) =>
        h(
          "li",
          {},
          h("a", { href: `/letters?open=${placeName(row)}` }, row.key ?? `offset ${row.source[2]}`),
          when(row),
          h("p", {}, h("b", {}, `${reasonWords(row.reason)}: `), row.message),
        ),
      ),
  );
}

function when({ arrived }) {
  return h("time", { datetime: new Date(arrived).toISOString(), title: fullTime(arrived) }, ago(arrived));
}
