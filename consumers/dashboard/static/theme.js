// Sets the theme that the reader chose, before the first paint. "system" leaves the choice to the browser.
(() => {
  try {
    const theme = localStorage.getItem("gistream-theme");
    if (theme === "light" || theme === "dark") {
      document.documentElement.dataset.theme = theme;
    }
  } catch {
    // A browser that keeps nothing shows its own theme.
  }
})();
