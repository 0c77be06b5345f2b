// What the rater says. The browser keeps it after each change, so a closed tab loses nothing; a file takes it elsewhere.

const SHEET = dataOf("sheet");
const MARKS = ["supported", "partly", "unsupported"];
const SCALES = { main: "Main point", reads: "Reads well" };
const KEPT = `gistream-sheet-${SHEET.id}`;

// Whether the browser keeps the ratings; some keep nothing for a file or in a private window.
let kept = true;
let state = stored() ?? { rater: randomName(), place: 0, texts: SHEET.texts.map(unrated) };

function unrated(text) {
  const summaries = text.summaries.map((sentences) => (
    { sentences: sentences.map(() => null), main: null, reads: null, usable: null }
  ));
  return { summaries, preferred: [] };
}

function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

function keep() {
  try {
    localStorage.setItem(KEPT, JSON.stringify(state));
    kept = true;
  } catch {
    kept = false;
  }
}

function ratingsOf(place) {
  return state.texts[place];
}

function letter(index) {
  return index < 26 ? String.fromCharCode(65 + index) : `${index + 1}`;
}

// The next mark of a sentence: none, the three marks, none again.
function nextMark(mark) {
  return MARKS[MARKS.indexOf(mark) + 1] ?? null;
}

function toggled(value, old) {
  return value === old ? null : value;
}

function missingOf(summary) {
  const sentences = summary.sentences.filter((mark) => mark === null).length;
  return [
    ...(sentences ? [sentences === 1 ? "1 sentence" : `${sentences} sentences`] : []),
    ...Object.keys(SCALES).filter((scale) => summary[scale] === null).map((scale) => SCALES[scale].toLowerCase()),
    ...(summary.usable === null ? ["usable"] : []),
  ];
}

// What is missing for a text, in words; nothing when it is complete.
function missing(place) {
  const { summaries, preferred } = ratingsOf(place);
  const lines = summaries
    .map((summary, index) => [letter(index), missingOf(summary)])
    .filter(([, parts]) => parts.length)
    .map(([name, parts]) => `${name}: ${parts.join(", ")}`);
  // A single summary is preferred to nothing.
  return summaries.length > 1 && !preferred.length ? [...lines, "the preferred summary"] : lines;
}

function isComplete(place) {
  return missing(place).length === 0;
}

function isTouched(place) {
  return JSON.stringify(ratingsOf(place)) !== JSON.stringify(unrated(SHEET.texts[place]));
}

function ratingsFile() {
  const texts = SHEET.texts
    .map((text, place) => ({ id: text.id, ...ratingsOf(place) }))
    .filter((_, place) => isTouched(place));
  return {
    format: "gistream-ratings", version: SHEET.version, sheet: SHEET.id, key: SHEET.key, rater: state.rater,
    saved_at: new Date().toISOString(), texts,
  };
}

function saveFile() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(ratingsFile(), null, 1)}\n`], { type: "application/json" }));
  link.download = `ratings-${SHEET.id.slice(0, 6)}-${state.rater}.json`;
  link.click();
  // The browser reads the file after this script has ended.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return link.download;
}
