// The dialog in which one record is read: focus goes in, stays in, and goes back to where it came from.

import { button, h, setText, show } from "./dom.js";

export class Panel {
  /** `onClose()` is called once when the reader closes it; `onStep(-1 | 1)` asks for the record above or below. */
  constructor({ name, onClose, onStep }) {
    this.onClose = onClose;
    this.title = h("h2", { id: `${name}-title`, tabindex: -1, dir: "auto" });
    this.place = h("p", { class: "faint place" });
    this.body = h("div", { class: "panel-body" });
    this.actions = h("div", { class: "actions" });
    this.steps = h(
      "div",
      { class: "actions" },
      button("↑ Newer", () => onStep(-1), { class: "quiet" }),
      button("↓ Older", () => onStep(1), { class: "quiet" }),
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

  /** Opens the dialog, or shows another record in it. */
  open(title, place, ...content) {
    this.say(title, place);
    this.body.replaceChildren(...content);
    this.body.scrollTop = 0;
    if (!this.element.open) {
      this.element.showModal();
    }
    this.title.focus({ preventScroll: true });
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
    this.element.close();
  }

  closed() {
    if (!this.leaving) {
      this.onClose();
    }
  }

  /** A press on what is beside the dialog closes it. */
  outside(event) {
    if (event.target === this.element) {
      this.close();
    }
  }
}
