// The summaries as they arrive, newest first, with filters that live in the address.

import { address, closeAddress, filterCount, filterParameters, openAddress, readFilters, readOpen } from "./address.js";
import { ApiError, get } from "./api.js";
import { Detail } from "./detail.js";
import { button, h, setAttribute, setText } from "./dom.js";
import { buildRow, changeRow } from "./feed_row.js";
import { FilterBar } from "./filters.js";
import { LiveList } from "./live_list.js";
import { counted } from "./wording.js";

const PAGE = 100;

export function feed(shell) {
  return new Feed(shell);
}

class Feed {
  title = "Feed";

  constructor(shell) {
    this.shell = shell;
    this.filters = readFilters();
    this.reading = null;
    // Up to where the server’s changes were read.
    this.cursor = null;
    this.bar = new FilterBar(this.filters, (filters) => this.filter(filters));
    this.detail = new Detail({
      onClose: (place) => this.closed(place),
      onStep: (place, by) => this.open(this.list.neighbour(place, by)),
    });
    this.list = new LiveList({
      label: "Summaries, newest first",
      rowElement: { build: buildRow, change: changeRow },
      isOpen: () => this.detail.shown,
      onOpen: (row) => this.open(row),
      onStale: () => this.read(),
      older: (last, archive) => this.older(last, archive),
      nothing: () => (filterCount(this.filters) > 0 ? noMatch(() => this.bar.clearAll()) : nothingYet()),
    });
    this.count = h("p", { class: "count" }, "Reading …");
    // Read out when the reader chose something, not with every record that arrives.
    this.said = h("p", { class: "unseen", role: "status" });
    this.pause = button("Pause", () => this.setPaused(!this.list.paused), { "aria-pressed": "false" });
    this.element = h(
      "div",
      { class: "page feed" },
      h(
        "div",
        { class: "list-head" },
        h("div", { class: "title-line" }, h("h1", {}, "Feed"), this.count, this.said, this.pause),
        this.bar.element,
      ),
      this.list.element,
      this.detail.element,
    );
  }

  start() {
    this.list.start();
    this.read();
    const place = readOpen();
    if (place) {
      this.detail.open(place);
    }
  }

  close() {
    this.reading?.abort();
    this.list.close();
    this.detail.leave();
  }

  /** Reads the newest page with the filters, then follows what comes after it. */
  async read() {
    this.reading?.abort();
    this.reading = new AbortController();
    const { signal } = this.reading;
    try {
      const page = await get("/api/feed", this.parameters({ limit: PAGE }), signal);
      this.cursor = page.cursor;
      this.list.reset({ ...page, archive: page.older });
      this.showCount(page.matching);
      setText(this.said, this.count.textContent);
    } catch (error) {
      if (error.name === "AbortError") {
        return;
      }
      this.failed(error);
    }
    this.shell.follow(() => this.parameters({ view: "feed", since: this.cursor }));
  }

  parameters(more) {
    const parameters = filterParameters(this.filters);
    for (const [name, value] of Object.entries(more)) {
      if (value !== null) {
        parameters.set(name, String(value));
      }
    }
    return parameters;
  }

  /** The kept rows follow each other by number, those of the archive by time; `last` is undefined in an empty list. */
  async older(last, archive) {
    const [path, before] = archive ? ["/api/feed/older", last?.arrived] : ["/api/feed", last.number];
    try {
      return await get(path, this.parameters({ limit: PAGE, before: before ?? null }));
    } catch (error) {
      this.failed(error);
      return null;
    }
  }

  onEvent(name, data) {
    if (name === "rows") {
      this.cursor = data.cursor;
      this.list.take(data.rows);
      this.showCount(data.matching);
      if (data.reset) {
        this.list.setStale();
      }
    }
  }

  showCount(matching) {
    const words = counted(matching, "summary", "summaries");
    setText(this.count, filterCount(this.filters) === 0 ? words : `${words} ${matching === 1 ? "matches" : "match"}`);
  }

  filter(filters) {
    this.filters = filters;
    history.replaceState(null, "", address(filterParameters(filters)));
    scrollTo(0, 0);
    this.read();
  }

  setPaused(paused) {
    this.list.setPaused(paused);
    setAttribute(this.pause, "aria-pressed", String(paused));
    setText(this.pause, paused ? "Resume" : "Pause");
  }

  failed(error) {
    if (!(error instanceof ApiError)) {
      throw error;
    }
    setText(this.count, error.message);
    setText(this.said, error.message);
  }

  open(row) {
    if (row) {
      openAddress(row, this.detail.shown);
      this.detail.open(row);
    }
  }

  /** The browser's Back closes what was opened here. */
  onBack() {
    const place = readOpen();
    if (place) {
      this.detail.open(place);
    } else {
      this.detail.close();
    }
  }

  closed(place) {
    closeAddress();
    this.list.focus(place);
  }
}

function noMatch(onClear) {
  return [
    h("h2", {}, "No summary matches"),
    h("p", {}, "New ones that match appear here by themselves."),
    button("Clear filters", onClear),
  ];
}

function nothingYet() {
  return [
    h("h2", {}, "No summary yet"),
    h("p", {}, "They appear here as soon as a query writes them. Start one, and send it texts:"),
    h("pre", { tabindex: 0, "aria-label": "Commands" }, "gistream run\ngistream produce files PATHS"),
  ];
}
