// What a reader sees: the documents that the filters let through, a page of them at a time.

const PAGE = 50;
const CHANGES = { all: "All", changed: "Changed", only_in_a: "Only in A", only_in_b: "Only in B", same: "The same" };
const SIDES = { a: "A", b: "B" };
const TOTALS = dataOf("totals");
const ROWS = dataOf("rows");

let change = TOTALS.changes.changed ? "changed" : "all";
let page = 0;

function number(value) {
  return value.toLocaleString("en");
}

function short(recipe) {
  return recipe.slice(0, 8);
}

function tag(kind, ...words) {
  return make("span", { class: `tag ${kind}` }, ...words);
}

// The sides of a row that are shown: of two that are the same, one.
function sidesOf(row) {
  return Object.keys(SIDES).filter((side) => row[side] !== null);
}

function matches(row) {
  const status = byId("status").value;
  const words = byId("search").value.trim().toLowerCase();
  return (change === "all" || row.change === change)
    && (status === "" || sidesOf(row).some((side) => row[side].status === status))
    && (words === "" || row.id.toLowerCase().includes(words) || (row.title ?? "").toLowerCase().includes(words));
}

function support({ origin, support: share, stands, evidence }) {
  const places = evidence.map(([start, end]) => `${number(start)}–${number(end)}`).join(", ");
  if (origin === "text") {
    return ["text", `from the text ${places}`];
  }
  if (share === null) {
    return ["unmeasured", "not measured"];
  }
  const nearest = places === "" ? "" : `${share.toFixed(2)} at ${places}`;
  return stands ? ["stands", `model, support ${nearest}`] : ["nothing", `stands on nothing${nearest && `; nearest ${nearest}`}`];
}

function sentence(side, piece) {
  const words = make("p", { dir: "auto" }, ...piece.runs.map(([text, changed]) => (
    changed ? make(side === "a" ? "del" : "ins", {}, text) : text
  )));
  if (piece.origin === undefined) {
    return make("li", { class: "plain" }, words);
  }
  const [kind, note] = support(piece);
  return make("li", { class: kind }, words, make("p", { class: "note" }, note));
}

function signalsOf({ signals }) {
  return Object.entries(signals)
    .filter(([, value]) => !Array.isArray(value) || value.length)
    .map(([name, value]) => `${name} ${typeof value === "number" ? value.toFixed(2) : [value].flat().join(", ")}`)
    .join(" · ");
}

function sideOf(row, side) {
  const summary = row[side];
  const name = make("h3", {}, row.change === "same" ? "A and B" : SIDES[side]);
  if (summary === null) {
    return make("section", { class: "side absent" }, name, make("p", {}, row.reason ?? "no summary"));
  }
  return make(
    "section", { class: "side" },
    make("div", { class: "facts" }, name, tag(summary.status, summary.status.replace("_", " ")),
      make("span", { title: summary.recipe }, `recipe ${short(summary.recipe)}`),
      make("bdi", {}, `${summary.prompt}, ${summary.model}`)),
    make("ol", {}, ...summary.pieces.map((piece) => sentence(side, piece))),
    make("p", { class: "note" }, signalsOf(summary)),
  );
}

function documentOf(row) {
  const heading = make("div", { class: "heading" }, make("h2", {}, make("bdi", {}, row.id)));
  if (row.title !== null) {
    heading.append(make("bdi", { class: "title" }, row.title));
  }
  heading.append(tag(row.change, CHANGES[row.change]));
  if (row.otherDocument) {
    heading.append(tag("other", "other text of the document"));
  }
  const sides = row.change === "same" ? ["a"] : Object.keys(SIDES);
  return make("article", { class: row.change }, heading, make("div", { class: "sides" }, ...sides.map((side) => sideOf(row, side))));
}

function showDocuments() {
  const rows = ROWS.filter(matches);
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  page = Math.min(page, pages - 1);
  byId("documents").replaceChildren(...rows.slice(page * PAGE, (page + 1) * PAGE).map(documentOf));
  byId("matches").textContent = rows.length === 1 ? "1 document" : `${number(rows.length)} documents`;
  byId("place").textContent = `Page ${number(page + 1)} of ${number(pages)}`;
  byId("pages").hidden = pages === 1;
  byId("previous").disabled = page === 0;
  byId("next").disabled = page === pages - 1;
}

function turn(step) {
  page += step;
  showDocuments();
  byId("matches").scrollIntoView();
}

function choose(name) {
  change = name;
  page = 0;
  for (const each of byId("changes").children) {
    press(each, each.dataset.change === change);
  }
  showDocuments();
}

function table(caption, rows) {
  const names = [...new Set(Object.keys(SIDES).flatMap((side) => Object.keys(rows[side])))];
  if (names.length === 0) {
    return "";
  }
  const cell = (side, name) => make("td", {}, rows[side][name] ?? "–");
  return make(
    "table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, caption), ...Object.values(SIDES).map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...names.map((name) => make("tr", {}, make("th", { scope: "row" }, make("bdi", {}, name)), cell("a", name), cell("b", name)))),
  );
}

function showCounts() {
  const of = (read) => Object.fromEntries(Object.keys(SIDES).map((side) => [side, read(TOTALS.sides[side])]));
  const numbers = (counts) => Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, number(count)]));
  byId("counts").replaceChildren(
    table("Documents", of((side) => numbers({ "with a summary": side.documents, ...side.status, deleted: side.deleted }))),
    table("Recipe", of((side) => Object.fromEntries(side.recipes.map((each) => (
      [`${short(each.recipe)}: ${each.prompt}, ${each.model}`, number(each.documents)]))))),
    table("Mean of a signal", of((side) => Object.fromEntries(Object.entries(side.signals).map(([name, mean]) => [name, mean.toFixed(2)])))),
    table("Dead letters", of((side) => numbers(side.dead_letters))),
  );
}

function showFilters() {
  const all = Object.values(TOTALS.changes).reduce((sum, each) => sum + each, 0);
  byId("changes").replaceChildren(...Object.entries(CHANGES).map(([name, words]) => (
    button({ "data-change": name }, () => choose(name), `${words} ${number(TOTALS.changes[name] ?? all)}`)
  )));
  const statuses = [...new Set(ROWS.flatMap((row) => sidesOf(row).map((side) => row[side].status)))].sort();
  byId("status").append(
    make("option", { value: "" }, "any"), ...statuses.map((status) => make("option", { value: status }, status.replace("_", " "))),
  );
}

byId("status").addEventListener("change", () => choose(change));
byId("search").addEventListener("input", () => choose(change));
byId("previous").addEventListener("click", () => turn(-1));
byId("next").addEventListener("click", () => turn(1));
showCounts();
showFilters();
choose(change);
