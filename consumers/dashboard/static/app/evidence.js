// A summary beside its document: each sentence with the places that it stands on, marked both ways.
//
// The server cuts both texts, as it counts in characters and a browser in UTF-16 units. Nothing here counts.

import { h, setAttribute } from "./dom.js";

// The pointer rests this long on a sentence before the document moves to its place.
const RESTING_MS = 150;
// A text is put into the page in blocks of about this many units, of which the browser lays out those in sight.
const BLOCK = 6000;

/** Returns the summary: a button for each sentence, with its number and what it stands on in words. */
export function summaryText({ sentences, gaps }) {
  if (sentences.length === 0) {
    return h("pre", { class: "answer", tabindex: 0, role: "region", "aria-label": "The summary" }, gaps.join(""));
  }
  const parts = [];
  sentences.forEach((sentence, index) => {
    parts.push(gaps[index], sentenceElement(sentence, index));
  });
  parts.push(gaps[sentences.length]);
  return h("p", { class: "sentences", dir: "auto" }, ...parts);
}

function sentenceElement({ text, origin, support, stands, evidence }, index) {
  const kind = origin === "text" ? "own" : support === null ? "unmeasured" : stands ? "stands" : "unfounded";
  return h(
    "span",
    {
      class: `sentence ${kind}`,
      role: "button",
      tabindex: 0,
      "aria-pressed": "false",
      "data-sentence": index,
      "data-places": evidence.join(" "),
    },
    h("sup", { "aria-hidden": "true" }, String(index + 1)),
    text,
    h("span", { class: "unseen" }, ` (${standing(kind, support, evidence)})`),
  );
}

function standing(kind, support, evidence) {
  const places = evidence.length === 1 ? "1 place" : `${evidence.length} places`;
  return {
    own: `the document’s own words, ${places}`,
    unmeasured: "not measured",
    stands: `stands on ${places}, support ${support?.toFixed(2)}`,
    unfounded: `stands on nothing; nearest: ${places}, support ${support?.toFixed(2)}`,
  }[kind];
}

/** Returns the document's text, its places marked with the numbers of their sentences. */
export function documentText({ segments }) {
  const text = h("div", {
    class: "text",
    tabindex: 0,
    role: "region",
    "aria-label": "Text of the document",
    dir: "auto",
  });
  let block = h("div", { class: "block" });
  let length = 0;
  const next = () => {
    text.append(block);
    block = h("div", { class: "block" });
    length = 0;
  };
  segments.forEach((segment, index) => {
    if (segment.sentences.length > 0) {
      block.append(placeElement(segment, index));
      length += segment.text.length;
      return;
    }
    let rest = segment.text;
    while (length + rest.length > BLOCK) {
      const cut = lineEnd(rest, Math.max(0, BLOCK - length));
      if (cut < 0) {
        break;
      }
      // The end of the block stands for the line's end.
      block.append(rest.slice(0, cut));
      rest = rest.slice(cut + 1);
      next();
    }
    block.append(rest);
    length += rest.length;
  });
  text.append(block);
  return text;
}

function lineEnd(text, from) {
  const after = text.indexOf("\n", from);
  return after >= 0 ? after : text.lastIndexOf("\n");
}

function placeElement({ text, sentences }, index) {
  const numbers = sentences.map((sentence) => sentence + 1);
  return h(
    "mark",
    {
      class: "evidence",
      role: "button",
      tabindex: 0,
      "aria-pressed": "false",
      "data-segment": index,
      "data-sentences": sentences.join(" "),
    },
    h("sup", { "aria-hidden": "true" }, numbers.join(",")),
    text,
    h("span", { class: "unseen" }, ` (for ${numbers.length === 1 ? "sentence" : "sentences"} ${numbers.join(", ")})`),
  );
}

/** Marks in one text what belongs to what the reader points at in the other; a press keeps the mark and goes there. */
export class Evidence {
  constructor(summary, document) {
    this.sentences = new Map([...summary.querySelectorAll(".sentence")].map((each) => [each.dataset.sentence, each]));
    this.places = new Map([...document.querySelectorAll(".evidence")].map((each) => [each.dataset.segment, each]));
    this.text = document;
    this.kept = null;
    this.turn = 0;
    this.timer = 0;
    for (const side of [summary, document]) {
      side.addEventListener("pointerover", (event) => this.point(part(event)));
      side.addEventListener("pointerleave", () => this.point(null));
      side.addEventListener("focusin", (event) => this.point(part(event)));
      side.addEventListener("click", (event) => this.press(part(event)));
      side.addEventListener("keydown", (event) => this.key(event));
    }
  }

  /** How many places are marked. */
  get count() {
    return this.places.size;
  }

  /** The elements on the other side that belong to `element`, in the order of the text. */
  partners(element) {
    const { places, sentences } = element.dataset;
    const [names, elements] = places === undefined ? [sentences, this.sentences] : [places, this.places];
    return names
      .split(" ")
      .filter(Boolean)
      .map((name) => elements.get(name))
      .filter(Boolean);
  }

  point(element) {
    this.mark(element);
    clearTimeout(this.timer);
    if (element?.dataset.places) {
      this.timer = setTimeout(() => this.reveal(this.partners(element)), RESTING_MS);
    }
  }

  /** Scrolls the document alone, and only when none of the places is in sight. */
  reveal(places) {
    const pane = this.text.getBoundingClientRect();
    const boxes = places.map((place) => place.getBoundingClientRect());
    if (boxes.length > 0 && !boxes.some((box) => box.top >= pane.top && box.bottom <= pane.bottom)) {
      goTo(places[0], (behavior) => {
        const above = places[0].getBoundingClientRect().top - this.text.getBoundingClientRect().top;
        this.text.scrollTo({ top: this.text.scrollTop + above - pane.height / 3, behavior });
      });
    }
  }

  mark(element) {
    const marked = element ?? this.kept;
    const lit = new Set(marked === null ? [] : [marked, ...this.partners(marked)]);
    for (const each of [...this.sentences.values(), ...this.places.values()]) {
      each.classList.toggle("lit", lit.has(each));
    }
  }

  press(element) {
    if (element === null) {
      return;
    }
    this.turn = element === this.kept ? this.turn + 1 : 0;
    setAttribute(this.kept ?? element, "aria-pressed", "false");
    setAttribute(element, "aria-pressed", "true");
    this.kept = element;
    this.mark(element);
    const partners = this.partners(element);
    const partner = partners[this.turn % partners.length];
    if (partner) {
      goTo(partner, (behavior) => partner.scrollIntoView({ block: "center", behavior }));
    }
  }

  key(event) {
    const element = part(event);
    if (element !== null && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      this.press(element);
    }
  }
}

function part(event) {
  return event.target instanceof Element ? event.target.closest(".sentence, .evidence") : null;
}

/** Scrolls to an element: smoothly when it is near, else at once. */
function goTo(element, scroll) {
  const distance = Math.abs(element.getBoundingClientRect().top);
  if (distance < 3 * innerHeight && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    scroll("smooth");
    return;
  }
  scroll("instant");
  // Blocks that were out of sight are laid out now, and are not as high as was guessed.
  requestAnimationFrame(() => {
    scroll("instant");
    requestAnimationFrame(() => scroll("instant"));
  });
}
