// The dead letters: which documents failed, why, what was in them, and sending them back.

import { address, closeAddress, openAddress, readOpen } from "./address.js";
import { ApiError, get } from "./api.js";
import { button, h, setAttribute, setText, show } from "./dom.js";
import { Letter } from "./letter.js";
import { buildLetter, changeLetter } from "./letter_row.js";
import { LiveList } from "./live_list.js";
import { Redrive } from "./redrive.js";
import { reasonWords } from "./tiles.js";
import { counted, number } from "./wording.js";

const PAGE = 100;

export function letters(shell) {
  return new Letters(shell);
}

class Letters {
  title = "Dead letters";

  constructor(shell) {
    this.shell = shell;
    this.reason = new URLSearchParams(location.search).get("reason") ?? "";
    this.counts = {};
    this.cursor = null;
    this.reading = null;
    this.redrive = new Redrive(() => this.read());
    this.letter = new Letter({
      onClose: (place) => this.closed(place),
      onStep: (place, by) => this.open(this.list.neighbour(place, by)),
      onRedrive: (row) =>
        this.redrive.ask(1, `It failed with ${reasonWords(row.reason)}: ${row.message}`, {
          places: [[row.topic, row.partition, row.offset]],
        }),
    });
    this.list = new LiveList({
      label: "Dead letters, newest first",
      rowElement: { build: buildLetter, change: changeLetter },
      isOpen: () => this.letter.shown || this.redrive.element.open,
      onOpen: (row) => this.open(row),
      onStale: () => this.read(),
      older: (last) => this.older(last),
      nothing: () => (this.reason ? noneOf(this.reason) : none()),
    });
    this.count = h("p", { class: "count" }, "Reading …");
    // Read out when the reader chose something, not with every record that arrives.
    this.said = h("p", { class: "unseen", role: "status" });
    this.all = button("", () => this.askAll(), { hidden: true });
    this.reasons = h("ul", { class: "reasons", "aria-label": "Reasons", click: (event) => this.choose(event) });
    this.element = h(
      "div",
      { class: "page letters" },
      h(
        "div",
        { class: "list-head" },
        h("div", { class: "title-line" }, h("h1", {}, "Dead letters"), this.count, this.said, this.all),
        this.reasons,
      ),
      this.list.element,
      this.letter.element,
      this.redrive.element,
    );
  }

  start() {
    this.list.start();
    this.read();
    const place = readOpen();
    if (place) {
      this.letter.open(place);
    }
  }

  close() {
    this.reading?.abort();
    this.list.close();
    this.letter.leave();
    this.redrive.element.close();
  }

  async read() {
    this.reading?.abort();
    this.reading = new AbortController();
    const { signal } = this.reading;
    try {
      const page = await get("/api/letters", this.parameters({ limit: PAGE }), signal);
      this.cursor = page.cursor;
      this.list.reset(page);
      this.showReasons(page.reasons);
      setText(this.said, this.count.textContent);
    } catch (error) {
      if (error.name === "AbortError") {
        return;
      }
      this.failed(error);
    }
    this.shell.follow(() => this.parameters({ view: "letters", since: this.cursor }));
  }

  parameters(more) {
    const parameters = new URLSearchParams(this.reason ? { reason: this.reason } : {});
    for (const [name, value] of Object.entries(more)) {
      if (value !== null) {
        parameters.set(name, String(value));
      }
    }
    return parameters;
  }

  async older(last) {
    try {
      return await get("/api/letters", this.parameters({ limit: PAGE, before: last.number }));
    } catch (error) {
      this.failed(error);
      return null;
    }
  }

  failed(error) {
    if (!(error instanceof ApiError)) {
      throw error;
    }
    setText(this.count, error.message);
    setText(this.said, error.message);
  }

  onEvent(name, data) {
    if (name === "letters") {
      this.cursor = data.cursor;
      this.list.take(data.rows);
      this.showReasons(data.reasons);
      if (data.reset) {
        this.list.setStale();
      }
    }
  }

  showReasons(counts) {
    this.counts = counts;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    setText(
      this.count,
      this.reason
        ? `${counted(counts[this.reason] ?? 0, "dead letter")} of ${number(total)}`
        : counted(total, "dead letter"),
    );
    const entries = Object.entries(counts).sort(([, a], [, b]) => b - a);
    this.drawReasons([["", total], ...entries]);
    const chosen = counts[this.reason] ?? 0;
    show(this.all, chosen > 0);
    setText(this.all, `Redrive all ${number(chosen)} …`);
  }

  /** The links stay the same elements, so that one with the focus keeps it. */
  drawReasons(entries) {
    show(this.reasons, entries.length > 1);
    entries.forEach(([reason, count], index) => {
      const item =
        this.reasons.children[index] ?? this.reasons.appendChild(h("li", {}, h("a", {}, h("span", {}), h("b", {}))));
      const [link] = item.children;
      setAttribute(link, "href", address(new URLSearchParams(reason ? { reason } : {})));
      setAttribute(link, "data-reason", reason);
      setAttribute(link, "aria-current", reason === this.reason ? "true" : null);
      setText(link.children[0], reason ? reasonWords(reason) : "All reasons");
      setText(link.children[1], number(count));
    });
    while (this.reasons.children.length > entries.length) {
      this.reasons.lastChild.remove();
    }
  }

  choose(event) {
    const link = event.target.closest("a");
    if (link && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.reason = link.dataset.reason;
      history.replaceState(null, "", link.getAttribute("href"));
      scrollTo(0, 0);
      this.showReasons(this.counts);
      this.read();
    }
  }

  askAll() {
    this.redrive.ask(this.counts[this.reason], `All that failed with ${reasonWords(this.reason)}.`, {
      reason: this.reason,
    });
  }

  open(row) {
    if (row) {
      openAddress(row, this.letter.shown);
      this.letter.open(row);
    }
  }

  /** The browser's Back closes what was opened here. */
  onBack() {
    const place = readOpen();
    if (place) {
      this.letter.open(place);
    } else {
      this.letter.close();
    }
  }

  closed(place) {
    closeAddress();
    this.list.focus(place);
  }
}

function none() {
  return [
    h("h2", {}, "No dead letters"),
    h("p", {}, "A document that cannot be summarized appears here, with the reason."),
  ];
}

function noneOf(reason) {
  return [
    h("h2", {}, `None failed with ${reasonWords(reason)}`),
    h("p", {}, h("a", { href: "/letters" }, "Show all reasons")),
  ];
}
