// Sends dead letters back, after a question that says how many and what happens.

import { ApiError, post } from "./api.js";
import { button, h } from "./dom.js";
import { counted } from "./wording.js";

const ONE =
  "Its document goes back to the topic that it came from, with its own key, value and headers. The query " +
  "summarizes it again.";
const MANY =
  "Their documents go back to the topics that they came from, with their own keys, values and headers. The " +
  "query summarizes them again.";

export class Redrive {
  /** `onDone()` is called after letters were sent. */
  constructor(onDone) {
    this.onDone = onDone;
    this.title = h("h2", { id: "redrive-title", tabindex: -1 });
    this.body = h("div", { class: "redrive-body" });
    this.buttons = h("div", { class: "actions" });
    this.element = h(
      "dialog",
      { class: "ask", "aria-labelledby": "redrive-title", "aria-describedby": "redrive-words" },
      this.title,
      this.body,
      this.buttons,
    );
    this.body.id = "redrive-words";
  }

  /** Asks; `what` is the body of the request: {places} or {reason}. */
  ask(count, words, what) {
    const letters = counted(count, "dead letter");
    this.title.textContent = `Redrive ${letters}?`;
    this.body.replaceChildren(
      h("p", {}, count === 1 ? ONE : MANY),
      h("p", {}, "Do this when the cause is gone: what fails again becomes a dead letter again."),
      h("p", { class: "faint" }, words),
    );
    const send = button(`Redrive ${letters}`, () => this.send(what, send), { class: "strong" });
    this.buttons.replaceChildren(
      button("Cancel", () => this.element.close()),
      send,
    );
    this.element.showModal();
    this.title.focus();
  }

  async send(what, sender) {
    sender.disabled = true;
    sender.textContent = "Sending …";
    try {
      this.result(await post("/api/redrive", what));
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      this.title.textContent = "Nothing was sent";
      this.body.replaceChildren(h("p", { role: "alert" }, error.message));
      this.finish();
    }
  }

  result({ sent, left }) {
    this.title.textContent = `${counted(sent, "document")} sent back`;
    this.body.replaceChildren(
      h(
        "p",
        { role: "status" },
        sent > 0
          ? "The query summarizes what was sent; the result appears in the feed, or here when it fails again."
          : "No document was sent.",
      ),
      left.length > 0 ? h("h3", {}, `${counted(left.length, "dead letter")} left alone`) : "",
      left.length > 0 ? h("ul", {}, ...left.slice(0, 20).map(({ name, why }) => h("li", {}, `${name}: ${why}`))) : "",
    );
    this.finish();
    this.onDone();
  }

  finish() {
    this.buttons.replaceChildren(button("Close", () => this.element.close(), { class: "strong" }));
    this.title.focus();
  }
}
