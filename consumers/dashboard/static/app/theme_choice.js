// The button that goes through the themes: the system's, light, dark. The choice is kept in this browser.

import { setText } from "./dom.js";

const KEY = "gistream-theme";
const THEMES = ["system", "light", "dark"];

export function setUpTheme(button) {
  let theme = THEMES.includes(document.documentElement.dataset.theme)
    ? document.documentElement.dataset.theme
    : "system";
  const draw = () => setText(button, `Theme: ${theme}`);
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    if (theme === "system") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = theme;
    }
    keep(theme);
    draw();
  });
  draw();
}

function keep(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // A browser that keeps nothing has the theme until the next load.
  }
}
