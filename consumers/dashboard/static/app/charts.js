// A chart of the last hour, drawn as SVG: axes, an area or bars, and a readout for pointer and keyboard.

import { h, setAttribute, setText, show, svg } from "./dom.js";
import { minute, NOTHING, number, unitOf } from "./wording.js";

const HEIGHT = 150;
const MARGIN = { top: 10, right: 8, bottom: 22, left: 44 };
// Minutes between two marks of the time axis.
const MARK_MINUTES = 15;

/** Returns a round number at or above `value`, so that the axis has round marks. */
export function roundAbove(value) {
  if (value <= 4) {
    return 4;
  }
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].find((factor) => factor * power >= value) * power;
}

export class Chart {
  /** `kind`: "area" or "bars"; `unit` stands behind a value, `one` behind 1: "documents/min", "document/min". */
  constructor({ title, note, unit, one, kind, colour }) {
    this.unit = unit;
    this.one = one;
    this.kind = kind;
    this.points = [];
    this.chosen = null;
    this.width = 0;
    this.drawing = svg("svg", { class: `plot ${colour}`, height: HEIGHT, "aria-hidden": "true" });
    this.readout = h("p", { class: "readout" });
    this.stage = h(
      "div",
      {
        class: "stage",
        tabindex: 0,
        role: "slider",
        "aria-label": `${title}, by time`,
        "aria-valuemin": 0,
        pointermove: (event) => this.point(event),
        pointerdown: (event) => this.point(event),
        pointerleave: () => this.choose(null),
        blur: () => this.choose(null),
        focus: () => this.chosen ?? this.choose(this.points.length - 1),
        keydown: (event) => this.step(event),
      },
      this.drawing,
    );
    this.table = h("tbody");
    this.details = h(
      "details",
      { class: "as-table", toggle: () => this.drawTable() },
      h("summary", {}, "As a table"),
      h(
        "table",
        {},
        h("caption", { class: "unseen" }, title),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Until"), h("th", { scope: "col" }, unit))),
        this.table,
      ),
    );
    this.element = h(
      "figure",
      { class: "card chart" },
      h("figcaption", {}, h("h3", {}, title), this.readout, h("p", { class: "faint" }, note)),
      this.stage,
      this.details,
    );
    this.observer = new ResizeObserver(([entry]) => {
      this.width = Math.floor(entry.contentRect.width);
      this.draw();
    });
    this.observer.observe(this.stage);
  }

  /** `points`: [{time in ms, value or null}], oldest first. */
  set(points) {
    this.points = points;
    if (this.chosen !== null) {
      this.chosen = Math.min(this.chosen, points.length - 1);
    }
    this.draw();
    this.drawTable();
  }

  close() {
    this.observer.disconnect();
  }

  draw() {
    if (this.width === 0 || this.points.length === 0) {
      return;
    }
    const values = this.points.map(({ value }) => value).filter((value) => value !== null);
    const top = roundAbove(Math.max(0, ...values));
    const plot = { width: this.width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
    const x = (index) =>
      MARGIN.left +
      ((index + (this.kind === "bars" ? 0.5 : 0)) * plot.width) / (this.points.length - (this.kind === "bars" ? 0 : 1));
    const y = (value) => MARGIN.top + plot.height * (1 - value / top);
    setAttribute(this.drawing, "width", this.width);
    this.drawing.replaceChildren(
      ...[0, top / 2, top].map((value) => this.mark(value, y(value), plot.width)),
      ...this.times(x),
      ...(this.kind === "bars" ? this.bars(x, y, plot) : this.area(x, y)),
      ...this.cursor(x, y, plot),
    );
    this.say();
  }

  mark(value, y, width) {
    return svg(
      "g",
      { class: "mark" },
      svg("line", { x1: MARGIN.left, x2: MARGIN.left + width, y1: y, y2: y }),
      svg("text", { x: MARGIN.left - 8, y: y + 4, "text-anchor": "end" }, short(value)),
    );
  }

  times(x) {
    const last = this.points.length - 1;
    const minutes = (this.points[last].time - this.points[0].time) / 60_000;
    const marks = [];
    for (let before = MARK_MINUTES; before <= minutes + 1; before += MARK_MINUTES) {
      const index = Math.max(0, Math.round(last * (1 - before / minutes)));
      const anchor = index === 0 ? "start" : "middle";
      marks.push(
        svg(
          "text",
          { class: "time", x: x(index), y: HEIGHT - 5, "text-anchor": anchor },
          minute(this.points[index].time),
        ),
      );
    }
    return [...marks, svg("text", { class: "time", x: x(last), y: HEIGHT - 5, "text-anchor": "end" }, "now")];
  }

  /** An unknown value leaves a gap. */
  area(x, y) {
    const runs = [];
    let run = null;
    this.points.forEach(({ value }, index) => {
      if (value === null) {
        run = null;
      } else if (run === null) {
        runs.push((run = [index]));
      } else {
        run.push(index);
      }
    });
    return runs.flatMap((indexes) => {
      const line = indexes.map((index) => `${x(index).toFixed(1)},${y(this.points[index].value).toFixed(1)}`).join("L");
      const [first, last] = [x(indexes[0]).toFixed(1), x(indexes.at(-1)).toFixed(1)];
      return [
        svg("path", { class: "area", d: `M${first},${y(0)}L${line}L${last},${y(0)}Z` }),
        svg("path", { class: "line", d: `M${line}` }),
      ];
    });
  }

  bars(x, y, plot) {
    const width = Math.max(1.5, plot.width / this.points.length - 2);
    return this.points.flatMap(({ value }, index) =>
      value
        ? [
            svg("rect", {
              class: "column",
              x: x(index) - width / 2,
              width,
              y: y(value),
              height: y(0) - y(value),
              rx: 1,
            }),
          ]
        : [],
    );
  }

  cursor(x, y, plot) {
    if (this.chosen === null) {
      return [];
    }
    const { value } = this.points[this.chosen];
    const at = x(this.chosen);
    return [
      svg("line", { class: "cursor", x1: at, x2: at, y1: MARGIN.top, y2: MARGIN.top + plot.height }),
      ...(value === null ? [] : [svg("circle", { class: "cursor-point", cx: at, cy: y(value), r: 4 })]),
    ];
  }

  say() {
    const index = this.chosen ?? this.points.length - 1;
    const { time, value } = this.points[index];
    const when = this.chosen === null ? "now" : minute(time);
    const text = `${value === null ? NOTHING : number(value)} ${unitOf(value, this.one, this.unit)}, ${when}`;
    setText(this.readout, text);
    setAttribute(this.stage, "aria-valuemax", this.points.length - 1);
    setAttribute(this.stage, "aria-valuenow", index);
    setAttribute(this.stage, "aria-valuetext", value === null ? `not known, ${when}` : text);
  }

  point(event) {
    const box = this.drawing.getBoundingClientRect();
    const share = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
    this.choose(Math.round(Math.min(1, Math.max(0, share)) * (this.points.length - 1)));
  }

  step(event) {
    const last = this.points.length - 1;
    const steps = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowDown: -1,
      ArrowUp: 1,
      PageDown: -6,
      PageUp: 6,
      Home: -last,
      End: last,
    };
    if (event.key === "Escape") {
      this.choose(null);
    } else if (event.key in steps) {
      event.preventDefault();
      this.choose(Math.min(last, Math.max(0, (this.chosen ?? last) + steps[event.key])));
    }
  }

  choose(index) {
    this.chosen = this.points.length === 0 ? null : index;
    this.draw();
  }

  /** A row for every five minutes is short enough to be read out. */
  drawTable() {
    if (!this.details.open || this.points.length === 0) {
      return;
    }
    const step = Math.max(1, Math.round(this.points.length / 12));
    const rows = [];
    for (let index = this.points.length - 1; index >= 0; index -= step) {
      const { time, value } = this.points[index];
      rows.push(h("tr", {}, h("td", {}, minute(time)), h("td", {}, value === null ? NOTHING : number(value))));
    }
    this.table.replaceChildren(...rows);
    show(this.table, true);
  }
}

function short(value) {
  return value >= 10_000 ? `${number(value / 1000)}k` : Number.isInteger(value) ? number(value) : String(value);
}
