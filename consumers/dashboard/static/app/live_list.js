// A list that grows at its top while somebody reads it. New rows never move what the reader reads: they wait behind a
// button while the reader is below the top, has opened or focused a row, points at the list, or has paused it.

import { placeName } from "./address.js";
import { button, h, perFrame, setAttribute, setText, show } from "./dom.js";
import { FeedRows } from "./feed_rows.js";
import { VirtualList } from "./virtual_list.js";
import { number } from "./wording.js";

// Rows from the end at which the next older ones are read.
const AHEAD = 25;
// A pointer that moved over the list within this time is about to click.
const POINTING_MS = 1500;
// Pixels from the top within which the reader is taken to be there.
const TOP = 24;
// Rows that were held are looked at again this often, as time alone can free them.
const LOOK_MS = 500;

export class LiveList {
  /** `rowElement` is {build, change}; `isOpen()` tells whether a row is read; `older(lastRow)` returns {rows, more}. */
  constructor({ label, rowElement, isOpen, onOpen, onStale, older, nothing }) {
    this.rows = new FeedRows();
    this.isOpen = isOpen;
    this.onOpen = onOpen;
    this.onStale = onStale;
    this.older = older;
    this.nothing = nothing;
    this.paused = false;
    this.pointedAt = -Infinity;
    this.reading = false;
    this.generation = 0;
    this.archive = "none";
    this.stale = false;
    this.changed = false;
    this.list = new VirtualList({ label, ...rowElement, key: placeName, onMove: () => this.nearEnd() });
    this.list.element.addEventListener("pointermove", () => {
      this.pointedAt = performance.now();
    });
    this.list.element.addEventListener("click", (event) => this.pick(event));
    this.fresh = button("", () => this.toTop(), { class: "fresh strong", hidden: true });
    this.more = button("", () => this.readOn(true), { class: "more", hidden: true });
    this.end = h("p", { class: "faint end" });
    this.empty = h("div", { class: "empty", hidden: true });
    this.element = h(
      "div",
      { class: "live-list" },
      h("div", { class: "fresh-line" }, this.fresh),
      this.empty,
      this.list.element,
      this.more,
      this.end,
    );
    this.frame = perFrame(() => this.flush());
  }

  start() {
    addEventListener("scroll", this.frame, { passive: true });
    this.ticker = setInterval(this.frame, LOOK_MS);
  }

  close() {
    removeEventListener("scroll", this.frame);
    clearInterval(this.ticker);
    this.list.close();
  }

  /** Starts with a page; `archive` tells whether older rows than the kept ones can be read. */
  reset({ rows, more, archive = false }) {
    this.generation += 1;
    this.stale = false;
    this.archive = archive ? "closed" : "none";
    this.rows.reset(rows, more);
    this.draw();
  }

  /** Takes rows of the stream, oldest first. */
  take(rows) {
    this.changed = this.rows.take(rows) || this.changed;
    this.frame();
  }

  /** The rows are not all that there is any more: the page is read again when that moves nothing. */
  setStale() {
    this.stale = true;
    this.frame();
  }

  setPaused(paused) {
    this.paused = paused;
    this.frame();
  }

  get held() {
    return (
      this.paused ||
      this.isOpen() ||
      scrollY > TOP ||
      this.list.hasFocus ||
      performance.now() - this.pointedAt < POINTING_MS ||
      !(getSelection()?.isCollapsed ?? true)
    );
  }

  flush() {
    if (!this.held && this.stale) {
      this.readAgain();
    } else if (!this.held && this.rows.show()) {
      this.draw();
    } else {
      // Nothing is laid out again for rows that wait: the reader's own clicks and keys come first.
      if (this.changed) {
        this.list.set(this.rows.rows);
      }
      this.drawFresh();
    }
    this.changed = false;
  }

  draw() {
    this.list.set(this.rows.rows);
    this.drawFresh();
    const { length } = this.rows.rows;
    const on = this.rows.more || this.archive !== "none";
    show(this.more, on);
    setText(this.more, this.rows.more ? "Show older ones" : "Show older ones from the archive");
    setText(this.end, length > 0 && !on ? "There are no older ones here." : "");
    show(this.empty, length === 0);
    show(this.list.element, length > 0);
    if (length === 0) {
      this.empty.replaceChildren(...this.nothing());
    }
  }

  drawFresh() {
    setText(this.fresh, this.stale ? "↑ Show the newest" : `↑ ${number(this.rows.waitingCount)} new`);
    show(this.fresh, this.stale || this.rows.waitingCount > 0);
  }

  /** Shows what is new, from the top. */
  toTop() {
    this.pointedAt = -Infinity;
    this.list.current = null;
    scrollTo(0, 0);
    if (this.stale) {
      this.readAgain();
    } else {
      this.rows.show();
      this.draw();
    }
  }

  readAgain() {
    this.stale = false;
    this.onStale();
  }

  /** Reads on before the reader reaches the end; the archive only after the reader asked for it once. */
  nearEnd() {
    if (this.list.last > this.rows.rows.length - AHEAD && (this.rows.more || this.archive === "open")) {
      this.readOn(false);
    }
  }

  async readOn(asked) {
    const last = this.rows.rows.at(-1);
    if (this.reading || (last === undefined && this.archive === "none")) {
      return;
    }
    const { generation } = this;
    const archive = !this.rows.more;
    if (archive && asked) {
      this.archive = "open";
    }
    this.reading = true;
    setAttribute(this.list.element, "aria-busy", "true");
    try {
      const page = await this.older(last, archive);
      if (page !== null && generation === this.generation) {
        this.rows.append(page.rows, archive ? false : page.more);
        if (archive && !page.more) {
          this.archive = "none";
        }
      }
    } finally {
      this.reading = false;
      setAttribute(this.list.element, "aria-busy", null);
    }
    this.draw();
  }

  pick(event) {
    const link = event.target.closest("a.row");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
      return;
    }
    event.preventDefault();
    this.onOpen(this.rows.places.get(link.dataset.place));
  }

  /** Moves the focus to the row of a place, where it is in the list. */
  focus(place) {
    this.list.focus(this.list.indexOf(placeName(place)));
  }

  /** Returns the row above (-1) or below (1) a place. */
  neighbour(place, by) {
    return this.rows.rows[this.list.indexOf(placeName(place)) + by];
  }
}
