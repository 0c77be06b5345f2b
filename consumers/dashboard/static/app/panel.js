// The dialog in which one record is read: focus goes in, stays in, and goes back to where it came from.

import { ApiError, get } from "./api.js";
import { button, h, setText, show } from "./dom.js";

/** A subclass says the name of a record and the place below it (`heading(row)`), and shows it (`content(answer)`). */
export class Panel {
  /**
   * `path` answers with the record at a place; `waiting` stands there meanwhile. `onClose(place)` is called once when
   * the reader closes it; `onStep(place, -1 | 1)` asks for the record above or below.
   */
  constructor({ name, path, waiting, onClose, onStep }) {
    this.path = path;
    this.waiting = waiting;
    this.onClose = onClose;
    this.shownPlace = null;
    this.reading = null;
    this.title = h("h2", { id: `${name}-title`, tabindex: -1, dir: "auto" });
    this.place = h("p", { class: "faint place" });
    this.body = h("div", { class: "panel-body" });
    this.actions = h("div", { class: "actions" });
    this.steps = h(
      "div",
      { class: "actions" },
      button("↑ Newer", () => onStep(this.shownPlace, -1), { class: "quiet" }),
      button("↓ Older", () => onStep(this.shownPlace, 1), { class: "quiet" }),
    );
    this.element = h(
      "dialog",
      {
        class: `panel ${name}`,
        "aria-labelledby": `${name}-title`,
        close: () => this.closed(),
        click: (event) => this.outside(event),
      },
      h(
        "div",
        { class: "panel-head" },
        h("div", { class: "panel-name" }, this.title, this.place),
        this.actions,
        this.steps,
        button("Close", () => this.close(), { class: "quiet", "aria-keyshortcuts": "Escape" }),
      ),
      this.body,
    );
    this.leaving = false;
  }

  get shown() {
    return this.element.open;
  }

  /** Opens the record at a place, or shows another one: a row of the list, or what an address says. */
  async open(row) {
    this.reading?.abort();
    this.reading = new AbortController();
    const { signal } = this.reading;
    this.shownPlace = { topic: row.topic, partition: row.partition, offset: row.offset };
    this.say(...this.heading(row));
    this.body.replaceChildren(h("p", { class: "faint loading" }, this.waiting));
    this.body.scrollTop = 0;
    if (!this.element.open) {
      this.element.showModal();
    }
    this.title.focus({ preventScroll: true });
    try {
      const answer = await get(this.path, new URLSearchParams(this.shownPlace), signal);
      this.say(...this.heading(answer.row));
      this.body.replaceChildren(...this.content(answer));
    } catch (error) {
      if (error.name === "AbortError") {
        return;
      }
      if (!(error instanceof ApiError)) {
        throw error;
      }
      this.body.replaceChildren(
        h(
          "div",
          { class: "empty" },
          h("h3", {}, "It cannot be shown"),
          h("p", {}, error.message),
          button("Try again", () => this.open(row)),
        ),
      );
    }
  }

  say(title, place) {
    setText(this.title, title);
    setText(this.place, place);
    show(this.place, place !== title);
  }

  close() {
    this.element.close();
  }

  /** Closes it because the page goes away. */
  leave() {
    this.leaving = true;
    this.reading?.abort();
    this.element.close();
  }

  closed() {
    if (!this.leaving) {
      this.reading?.abort();
      this.body.replaceChildren();
      this.onClose(this.shownPlace);
    }
  }

  /** A press on what is beside the dialog closes it. */
  outside(event) {
    if (event.target === this.element) {
      this.close();
    }
  }
}
