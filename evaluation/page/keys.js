// What the rater does: keys and clicks become ratings.

function changed(words) {
  keep();
  refresh();
  say(words);
}

function activate(index) {
  if (index !== active) {
    active = index;
    waiting = null;
    refresh();
  }
}

function markSentence(index, place) {
  const { sentences } = ratingsOf(state.place).summaries[index];
  sentences[place] = nextMark(sentences[place]);
  changed(`Summary ${letter(index)}, sentence ${place + 1}: ${sentences[place] ?? "not rated"}`);
  cards[index].parts[place].element.scrollIntoView({ block: "nearest" });
}

function rate(index, name, value) {
  const summary = ratingsOf(state.place).summaries[index];
  summary[name] = toggled(value, summary[name]);
  waiting = null;
  changed(`Summary ${letter(index)}, ${SCALES[name] ?? "usable"}: ${summary[name] ?? "not rated"}`);
}

function prefer(index) {
  const ratings = ratingsOf(state.place);
  const others = ratings.preferred.filter((each) => each !== index);
  const isNew = others.length === ratings.preferred.length;
  ratings.preferred = isNew ? [...others, index].sort((a, b) => a - b) : others;
  changed(`Summary ${letter(index)}: ${isNew ? "preferred" : "not preferred"}`);
}

function wait(name) {
  waiting = waiting === name ? null : name;
  refresh();
  say(waiting === null ? "" : `${SCALES[name]}: 1 to 5`);
}

function moveSummary(step) {
  activate(Math.min(cards.length - 1, Math.max(0, active + step)));
  // Else Space would go on pressing a button of the summary before.
  cards[active].element.focus({ preventScroll: true });
  cards[active].element.scrollIntoView({ block: "start" });
}

function moveText(place) {
  if (place === state.place || place < 0 || place >= SHEET.texts.length) {
    return;
  }
  state.place = place;
  keep();
  showText();
  byId("text").focus();
  say(`Text ${place + 1} of ${SHEET.texts.length}`);
}

function moveUnfinished() {
  const count = SHEET.texts.length;
  const places = SHEET.texts.map((_, step) => (state.place + 1 + step) % count);
  moveText(places.find((place) => !isComplete(place)) ?? state.place);
}

function save() {
  const name = saveFile();
  say(`Saved ${name}`);
  byId("missing").textContent = `Saved as ${name}.`;
}

function openHelp() {
  byId("help").showModal();
  // The focus is on the button at its end.
  byId("help").scrollTop = 0;
}

// The digit of a key by its place on the keyboard, because French keyboards need Shift for digits.
function digitOf(event) {
  const digit = /^Digit(\d)$/.exec(event.code) ?? (/^\d$/.test(event.key) ? [null, event.key] : null);
  return digit === null ? null : Number(digit[1]);
}

function onDigit(digit, shift) {
  if (waiting !== null) {
    if (digit >= 1 && digit <= 5) {
      rate(active, waiting, digit);
    }
    return;
  }
  const place = (digit === 0 ? DIGITS : digit) - 1 + (shift ? DIGITS : 0);
  if (place < cards[active].parts.length) {
    markSentence(active, place);
  }
}

const KEYS = {
  j: () => moveSummary(1),
  k: () => moveSummary(-1),
  m: () => wait("main"),
  r: () => wait("reads"),
  y: () => rate(active, "usable", true),
  n: () => rate(active, "usable", false),
  p: () => cards.length > 1 && prefer(active),
  t: () => byId("text").focus(),
  u: moveUnfinished,
  s: save,
  "?": openHelp,
  ArrowLeft: () => moveText(state.place - 1),
  ArrowRight: () => moveText(state.place + 1),
  Escape: () => waiting !== null && wait(waiting),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || byId("help").open) {
    return;
  }
  const digit = digitOf(event);
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (action !== undefined) {
    event.preventDefault();
    action();
  } else if (digit !== null) {
    event.preventDefault();
    onDigit(digit, event.shiftKey);
  }
}

function onOtherTab(event) {
  if (event.key === KEPT && event.newValue !== null) {
    state = { ...JSON.parse(event.newValue), place: state.place };
    refresh();
  }
}

document.addEventListener("keydown", onKey);
addEventListener("storage", onOtherTab);
addEventListener("beforeunload", (event) => kept || event.preventDefault());
byId("previous").addEventListener("click", () => moveText(state.place - 1));
byId("next").addEventListener("click", () => moveText(state.place + 1));
byId("unfinished").addEventListener("click", moveUnfinished);
byId("save").addEventListener("click", save);
byId("open-help").addEventListener("click", openHelp);
byId("close-help").addEventListener("click", () => byId("help").close());

const isFirstVisit = stored() === null;
keep();
showText();
if (isFirstVisit) {
  openHelp();
} else {
  byId("text").focus();
}
