// The rows of the feed in this browser: which are shown, and which wait until the reader looks for them.

import { placeName } from "./address.js";

// While the reader is at the top, more than this are dropped at the end; scrolling down brings them back.
export const SHOWN = 300;
// New rows that wait; of more, the oldest are read again from the server when the reader gets there.
const WAITING = 300;

export class FeedRows {
  constructor() {
    this.reset([], false);
  }

  /** Starts with a page of rows, newest first; `more` tells whether the server has older ones. */
  reset(rows, more) {
    this.rows = rows;
    this.more = more;
    this.waiting = [];
    this.waitingCount = 0;
    this.cut = false;
    this.places = new Map(rows.map((row) => [placeName(row), row]));
  }

  /** The number of the newest row that is known: the server sends what came after it. */
  get newest() {
    return (this.waiting[0] ?? this.rows[0])?.number ?? 0;
  }

  /** Takes rows of the stream, oldest first. A row that is known has changed; a new one waits. Tells of a change. */
  take(rows) {
    let changed = false;
    for (const row of rows) {
      const place = placeName(row);
      if (this.places.has(place)) {
        this.change(place, row);
        changed = true;
      } else if (row.number > this.newest) {
        this.places.set(place, row);
        this.waiting.unshift(row);
        this.waitingCount += 1;
      }
    }
    for (const row of this.waiting.splice(WAITING)) {
      this.places.delete(placeName(row));
      this.cut = true;
    }
    return changed;
  }

  change(place, row) {
    this.places.set(place, row);
    for (const list of [this.rows, this.waiting]) {
      const index = list.findIndex((each) => placeName(each) === place);
      if (index >= 0) {
        list[index] = row;
      }
    }
  }

  /** Puts the waiting rows on top. Where some of them were cut, the rows below them are read again on demand. */
  show() {
    if (this.waitingCount === 0) {
      return false;
    }
    this.rows = this.cut ? this.waiting : [...this.waiting, ...this.rows];
    this.more ||= this.cut;
    this.waiting = [];
    this.waitingCount = 0;
    this.cut = false;
    this.trim();
    return true;
  }

  /** Drops the rows that the reader is far from. */
  trim() {
    if (this.rows.length > SHOWN) {
      this.rows.length = SHOWN;
      this.more = true;
    }
    this.places = new Map([...this.rows, ...this.waiting].map((row) => [placeName(row), row]));
  }

  /** Appends older rows. */
  append(rows, more) {
    const fresh = rows.filter((row) => !this.places.has(placeName(row)));
    for (const row of fresh) {
      this.places.set(placeName(row), row);
    }
    this.rows = [...this.rows, ...fresh];
    this.more = more;
  }
}
