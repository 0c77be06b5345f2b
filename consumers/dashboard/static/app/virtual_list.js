// A list of rows of one height, of which only those near the window are in the page. So 10,000 rows scroll as 30 do.

import { h, perFrame, setAttribute } from "./dom.js";

// Rows above and below the window, for fast scrolling and for the keyboard.
const AROUND = 8;

export class VirtualList {
  /** `build(item)` makes a row's element, `change(element, item)` renews it, `key(item)` names it for good. */
  constructor({ label, build, change, key, onMove }) {
    this.build = build;
    this.change = change;
    this.key = key;
    this.onMove = onMove;
    this.items = [];
    this.elements = new Map();
    this.current = null;
    this.last = 0;
    this.rowHeight = 0;
    this.element = h("ol", {
      class: "rows",
      "aria-label": label,
      keydown: (event) => this.step(event),
      focusin: (event) => this.focused(event),
    });
    this.onScroll = perFrame(() => this.draw());
    this.onResize = () => {
      this.rowHeight = 0;
      this.onScroll();
    };
    addEventListener("scroll", this.onScroll, { passive: true });
    addEventListener("resize", this.onResize);
  }

  close() {
    removeEventListener("scroll", this.onScroll);
    removeEventListener("resize", this.onResize);
  }

  set(items) {
    this.items = items;
    this.draw();
  }

  /** The height of a row in pixels, as the style says for this width; asking for it costs a layout. */
  get height() {
    this.rowHeight ||= Number.parseFloat(getComputedStyle(this.element).getPropertyValue("--row"));
    return this.rowHeight || 80;
  }

  get hasFocus() {
    return this.element.contains(document.activeElement);
  }

  indexOf(key) {
    return this.items.findIndex((item) => this.key(item) === key);
  }

  draw() {
    const { height } = this;
    const top = this.element.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / height) - AROUND);
    this.last = Math.min(this.items.length, Math.ceil((innerHeight - top) / height) + AROUND);
    this.element.style.height = `${this.items.length * height}px`;
    const indexes = [];
    for (let index = first; index < this.last; index += 1) {
      indexes.push(index);
    }
    this.addCurrent(indexes);
    this.place(indexes, height);
    this.onMove?.();
  }

  /** The row that has the focus, or that Tab leads to, is in the page wherever the reader scrolls. */
  addCurrent(indexes) {
    let index = this.current === null ? -1 : this.indexOf(this.current);
    if (index < 0) {
      index = indexes[0] ?? -1;
      this.current = index < 0 ? null : this.key(this.items[index]);
    }
    if (index >= 0 && !indexes.includes(index)) {
      indexes.push(index);
      indexes.sort((a, b) => a - b);
    }
  }

  /** Rows keep their order, so elements are added and removed, never moved: a moved element loses the focus. */
  place(indexes, height) {
    const wanted = new Set(indexes.map((index) => this.key(this.items[index])));
    for (const [key, element] of this.elements) {
      if (!wanted.has(key)) {
        element.remove();
        this.elements.delete(key);
      }
    }
    let next = this.element.firstChild;
    for (const index of indexes) {
      const item = this.items[index];
      const key = this.key(item);
      let element = this.elements.get(key);
      if (element === undefined) {
        element = h("li", {}, this.build(item));
        this.elements.set(key, element);
        this.element.insertBefore(element, next);
      } else {
        next = element.nextSibling;
      }
      this.change(element.firstChild, item);
      element.style.transform = `translateY(${index * height}px)`;
      setAttribute(element, "aria-posinset", index + 1);
      setAttribute(element, "aria-setsize", this.items.length);
      setAttribute(element.firstChild, "tabindex", key === this.current ? 0 : -1);
    }
  }

  focused(event) {
    const element = event.target.closest("li");
    for (const [key, each] of this.elements) {
      if (each === element) {
        this.current = key;
      }
      setAttribute(each.firstChild, "tabindex", each === element ? 0 : -1);
    }
  }

  /** Arrow keys, Page Up, Page Down, Home and End go through the rows; Enter opens one, as it is a link. */
  step(event) {
    const page = Math.max(1, Math.floor(innerHeight / this.height) - 3);
    const end = this.items.length;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -end, End: end };
    if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    event.preventDefault();
    const index = this.indexOf(this.current) + steps[event.key];
    this.focus(Math.min(end - 1, Math.max(0, index)));
  }

  /** Moves the focus to a row, and the row into the window. */
  focus(index) {
    if (index < 0 || index >= this.items.length) {
      return;
    }
    this.current = this.key(this.items[index]);
    this.draw();
    const element = this.elements.get(this.current);
    element.firstChild.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });
  }
}
