// The filters above the feed. What they say goes to the address, and from there to the server.

import { filterCount } from "./address.js";
import { get } from "./api.js";
import { button, h, setText, show } from "./dom.js";
import { STATUSES } from "./wording.js";

// A search starts when the reader stops typing for this long.
const TYPING_MS = 200;

export class FilterBar {
  /** `onChange(filters)` gets every change. */
  constructor(filters, onChange) {
    this.filters = filters;
    this.onChange = onChange;
    this.facets = { statuses: [], prompts: [], models: [], metadata: {} };
    this.timer = 0;
    this.search = h("input", {
      type: "search",
      id: "filter-text",
      placeholder: "Search id, title and summary",
      "aria-keyshortcuts": "/",
      autocomplete: "off",
      spellcheck: "false",
      input: () => this.typed(),
      keydown: (event) => this.leave(event),
    });
    this.status = this.select("status", "Status", "Any status");
    this.prompt = this.select("prompt", "Prompt", "Any prompt");
    this.model = this.select("model", "Model", "Any model");
    this.key = h("select", { id: "filter-key", change: () => this.drawValues() });
    this.value = h("select", { id: "filter-value", change: () => this.addPair() });
    this.chips = h("ul", { class: "chips", "aria-label": "Metadata filters" });
    this.clear = button("Clear filters", () => this.clearAll(), { class: "quiet" });
    this.element = h(
      "form",
      {
        class: "filters",
        role: "search",
        "aria-label": "Filter the summaries",
        submit: (event) => event.preventDefault(),
      },
      h(
        "div",
        { class: "field grow" },
        h("label", { for: "filter-text", class: "unseen" }, "Search"),
        this.search,
        h("kbd", { "aria-hidden": "true" }, "/"),
      ),
      ...[this.status, this.prompt, this.model].map((select) =>
        h("div", { class: "field" }, h("label", { for: select.id, class: "unseen" }, select.dataset.label), select),
      ),
      h(
        "div",
        { class: "field pair" },
        h("label", { for: "filter-key", class: "unseen" }, "Metadata key"),
        this.key,
        h("label", { for: "filter-value", class: "unseen" }, "Metadata value"),
        this.value,
      ),
      this.chips,
      this.clear,
    );
    this.draw();
    this.load();
  }

  select(name, label, any) {
    return h("select", {
      id: `filter-${name}`,
      "data-label": label,
      "data-any": any,
      "data-name": name,
      change: (event) => this.change({ ...this.filters, [name]: event.target.value }),
      pointerdown: () => this.load(),
      focus: () => this.load(),
    });
  }

  /** Reads what there is to choose from; the server knows it from the rows it keeps. */
  async load() {
    try {
      this.facets = await get("/api/facets");
      this.draw();
    } catch {
      // What was chosen before stays; the health line says that the server is away.
    }
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.change({ ...this.filters, text: this.search.value.trim() }), TYPING_MS);
  }

  leave(event) {
    if (event.key === "Escape" && this.search.value === "") {
      this.search.blur();
    }
  }

  change(filters) {
    clearTimeout(this.timer);
    this.filters = filters;
    this.draw();
    this.onChange(filters);
  }

  clearAll() {
    this.search.value = "";
    this.change({ text: "", status: "", prompt: "", model: "", meta: [] });
    this.search.focus();
  }

  addPair() {
    const pair = `${this.key.value}:${this.value.value}`;
    if (this.key.value && this.value.value && !this.filters.meta.includes(pair)) {
      this.change({ ...this.filters, meta: [...this.filters.meta, pair] });
    }
    this.key.value = "";
    this.drawValues();
  }

  removePair(pair) {
    this.change({ ...this.filters, meta: this.filters.meta.filter((each) => each !== pair) });
    this.search.focus();
  }

  draw() {
    if (document.activeElement !== this.search) {
      this.search.value = this.filters.text;
    }
    options(this.status, this.facets.statuses, this.filters.status, (name) => STATUSES[name]?.label ?? name);
    options(this.prompt, this.facets.prompts, this.filters.prompt);
    options(this.model, this.facets.models, this.filters.model);
    const keys = Object.keys(this.facets.metadata);
    if (document.activeElement !== this.key && document.activeElement !== this.value) {
      this.key.replaceChildren(new Option("Metadata", ""), ...keys.map((key) => new Option(key, key)));
      this.drawValues();
    }
    show(this.key.parentElement, keys.length > 0);
    this.chips.replaceChildren(
      ...this.filters.meta.map((pair) =>
        h(
          "li",
          {},
          chip(pair, () => this.removePair(pair)),
        ),
      ),
    );
    show(this.chips, this.filters.meta.length > 0);
    show(this.clear, filterCount(this.filters) > 0);
  }

  drawValues() {
    const values = this.facets.metadata[this.key.value] ?? [];
    this.value.replaceChildren(new Option("is …", ""), ...values.map((value) => new Option(value, value)));
    show(this.value, this.key.value !== "");
  }
}

function chip(pair, onRemove) {
  const words = pair.replace(":", ": ");
  const element = button("", onRemove, { class: "chip", "aria-label": `Remove the filter ${words}` });
  element.append(h("span", {}, words), h("span", { "aria-hidden": "true" }, "×"));
  return element;
}

/** Renews the options unless the reader has the list open; a chosen value stays, also when it is gone. */
function options(select, values, chosen, words = (value) => value) {
  const all = [...new Set(chosen ? [...values, chosen] : values)];
  const state = JSON.stringify(all);
  if (select.dataset.state !== state) {
    select.dataset.state = state;
    select.replaceChildren(new Option(select.dataset.any, ""), ...all.map((value) => new Option(words(value), value)));
  }
  select.value = chosen;
  setText(select.options[0], select.dataset.any);
}
