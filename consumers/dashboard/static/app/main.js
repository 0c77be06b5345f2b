// Starts the page: chooses by path what to show, follows the server, and keeps header, title and theme.

import { compare } from "./compare.js";
import { feed } from "./feed.js";
import { setAttribute, setText, show } from "./dom.js";
import { HealthLine } from "./health.js";
import { letters } from "./letters.js";
import { overview } from "./overview.js";
import { Stream } from "./stream.js";
import { setUpTheme } from "./theme_choice.js";

const PAGES = { "/": overview, "/feed": feed, "/compare": compare, "/letters": letters };
const main = document.getElementById("main");
const badge = document.getElementById("letters-badge");
const health = new HealthLine(() => stream.retry());
let page = null;

const stream = new Stream(
  (name, data) => {
    if (name === "overview") {
      health.setOverview(data);
      showBadge(data.reasons);
    }
    page?.onEvent?.(name, data);
  },
  (state) => {
    health.setLink(state);
    page?.onLink?.(state);
  },
);

/** What every page gets: the stream, the last overview, and the way to another address of the dashboard. */
const shell = {
  follow: (parameters) => stream.follow(parameters),
  overview: () => health.overview,
  go: (address) => {
    history.pushState(null, "", address);
    open();
  },
};

function showBadge(reasons) {
  const count = Object.values(reasons).reduce((sum, each) => sum + each, 0);
  show(badge, count > 0);
  setText(badge, count > 999 ? "999+" : String(count));
  setAttribute(badge, "title", `${count.toLocaleString("en")} in the last hour`);
}

function open({ first = false } = {}) {
  page?.close?.();
  const path = location.pathname in PAGES ? location.pathname : "/";
  for (const link of document.querySelectorAll("nav a")) {
    setAttribute(link, "aria-current", link.getAttribute("href") === path ? "page" : null);
  }
  page = PAGES[path](shell);
  page.path = path;
  main.replaceChildren(page.element);
  health.setPage(page.title);
  page.start();
  if (!first) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

/** Links between pages change the page without a new load, so the connection's state and the theme stay. */
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!link || link.target || event.defaultPrevented || event.button !== 0) {
    return;
  }
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
    return;
  }
  const url = new URL(link.href);
  if (url.origin === location.origin && url.pathname in PAGES && !link.getAttribute("href").startsWith("#")) {
    event.preventDefault();
    shell.go(url.pathname + url.search);
  }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector("input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
});

addEventListener("popstate", () => {
  if (location.pathname === page.path && page.onBack) {
    page.onBack();
  } else {
    open();
  }
});
setUpTheme(document.getElementById("theme"));
open({ first: true });
