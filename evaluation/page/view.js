// What the rater sees: one text and its summaries.

const SIGNS = { supported: "✓", partly: "~", unsupported: "✗" };
const DIGITS = 10;

// The summary that keys go to, and the scale that waits for a digit.
let active = 0;
let waiting = null;
let cards = [];

function hint(keys) {
  return make("kbd", { "aria-hidden": "true" }, keys);
}

function sentenceKey(index) {
  if (index >= 2 * DIGITS) {
    return "";
  }
  return `${index < DIGITS ? "" : "⇧"}${(index + 1) % DIGITS}`;
}

function sentenceButton(summary, index, words, { lang }) {
  const sign = make("span", { class: "sign", "aria-hidden": "true" });
  const mark = make("span", { class: "unseen" });
  const text = make("span", { class: "words", dir: "auto", lang }, words);
  const element = button({ class: "sentence" }, () => markSentence(summary, index), hint(sentenceKey(index)), sign, text, mark);
  return { element, sign, mark };
}

function scale(summary, name, letterOfKey) {
  const title = SCALES[name];
  const values = [1, 2, 3, 4, 5].map((value) => (
    button({ "aria-label": `${title}: ${value} of 5` }, () => rate(summary, name, value), `${value}`)
  ));
  const element = make(
    "div", { class: "rating", role: "group", "aria-label": title },
    make("span", { class: "name" }, title, " ", hint(letterOfKey)), make("span", { class: "values" }, ...values),
  );
  return { element, values };
}

function usable(summary) {
  const values = [[true, "Yes", "y"], [false, "No", "n"]].map(([value, name, key]) => (
    button({ "aria-label": `Usable: ${name}` }, () => rate(summary, "usable", value), name, " ", hint(key))
  ));
  const element = make(
    "div", { class: "rating", role: "group", "aria-label": "Usable" },
    make("span", { class: "name" }, "Usable as it is"), make("span", { class: "values" }, ...values),
  );
  return { element, values };
}

function card(text, sentences, index) {
  const parts = sentences.map((words, place) => sentenceButton(index, place, words, { lang: text.language }));
  const scales = { main: scale(index, "main", "m"), reads: scale(index, "reads", "r") };
  const choice = usable(index);
  const preferred = button({ class: "prefer" }, () => prefer(index), "Preferred ", hint("p"));
  const heading = make("div", { class: "heading" }, make("h3", { id: `summary-${index}` }, `Summary ${letter(index)}`), preferred);
  const list = make("ol", {}, ...parts.map(({ element }) => make("li", {}, element)));
  const empty = make("p", { class: "empty" }, "There is no summary.");
  const element = make(
    "article", { "aria-labelledby": `summary-${index}`, tabindex: "-1" },
    heading, sentences.length ? list : empty,
    make("div", { class: "ratings" }, scales.main.element, scales.reads.element, choice.element),
  );
  preferred.hidden = text.summaries.length < 2;
  element.addEventListener("focusin", () => activate(index));
  element.addEventListener("pointerdown", () => activate(index));
  return { element, parts, scales, choice, preferred };
}

function refreshCard({ element, parts, scales, choice, preferred }, index) {
  const ratings = ratingsOf(state.place);
  const summary = ratings.summaries[index];
  parts.forEach((part, place) => {
    const mark = summary.sentences[place];
    part.element.dataset.mark = mark ?? "";
    part.sign.textContent = SIGNS[mark] ?? "○";
    part.mark.textContent = mark ?? "not rated";
  });
  for (const [name, { element: group, values }] of Object.entries(scales)) {
    values.forEach((each, place) => press(each, summary[name] === place + 1));
    group.classList.toggle("waiting", index === active && waiting === name);
  }
  choice.values.forEach((each, place) => press(each, summary.usable === (place === 0)));
  press(preferred, ratings.preferred.includes(index));
  element.classList.toggle("active", index === active);
}

// Show the ratings as they are now, without building the page again, so that the focus stays.
function refresh() {
  const texts = SHEET.texts.length;
  const done = SHEET.texts.filter((_, place) => isComplete(place)).length;
  byId("place").textContent = `Text ${state.place + 1} of ${texts} · ${done} complete`;
  byId("done").max = texts;
  byId("done").value = done;
  byId("previous").disabled = state.place === 0;
  byId("next").disabled = state.place === texts - 1;
  byId("unfinished").disabled = done === texts;
  cards.forEach(refreshCard);
  const lacking = missing(state.place);
  byId("missing").textContent = waiting !== null
    ? `${SCALES[waiting]} of summary ${letter(active)}: press 1 to 5.`
    : done === texts ? "All texts are complete: save the ratings."
      : lacking.length ? `Missing: ${lacking.join("; ")}.` : "This text is complete.";
  byId("kept").textContent = kept
    ? "This browser keeps your ratings." : "This browser does not keep your ratings: save before you close the tab.";
}

function showText() {
  const text = SHEET.texts[state.place];
  active = 0;
  waiting = null;
  byId("text-name").textContent = `Text ${text.id}`;
  // Of many blank lines, as around the title of a book, one is enough.
  byId("words").textContent = text.text.trim().replace(/\n\s*\n\s*/g, "\n\n");
  byId("words").lang = text.language;
  cards = text.summaries.map((sentences, index) => card(text, sentences, index));
  byId("summaries").replaceChildren(...cards.map(({ element }) => element));
  byId("text").scrollTop = 0;
  byId("summaries").scrollTop = 0;
  refresh();
}

function say(words) {
  byId("said").textContent = words;
}
