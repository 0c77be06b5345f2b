"""A headless Chromium of the system, which opens a page as its reader does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Start a browser; skips the test where there is none."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path)
        yield chromium
        chromium.close()


@contextmanager
def browser(**options: object) -> Iterator[BrowserContext]:
    """Start a browser whose profile is empty; skips the test where there is none."""
    with started_browser() as chromium:
        yield chromium.new_context(**options)  # type: ignore[arg-type]


@dataclass
class Tab:
    """A page that is open, and what it should not do."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def keys(self, keys: str) -> None:
        """Press keys, one character each."""
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, element: str) -> str:
        """Return the text of an element by its id."""
        return self.page.locator(f"#{element}").inner_text()

    def marks(self) -> list[list[str]]:
        """Return the mark of each sentence, by summary; "" where there is none."""
        return self.page.locator("article").evaluate_all(
            "cards => cards.map(card => [...card.querySelectorAll('.sentence')].map(each => each.dataset.mark))"
        )

    def pressed(self) -> list[str]:
        """Return the names of all buttons that are pressed."""
        return self.page.locator("[aria-pressed=true]").evaluate_all(
            "all => all.map(each => each.ariaLabel ?? each.firstChild.textContent.trim())"
        )

    def save(self, path: Path) -> Path:
        """Save the ratings to a file."""
        with self.page.expect_download() as download:
            self.keys("s")
        download.value.save_as(path)
        return path


def open_tab(context: BrowserContext, path: Path) -> Tab:
    """Open a sheet in a tab of its own."""
    tab = Tab(context.new_page())
    tab.page.on("request", lambda request: tab.requests.append(request.url))
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.page.on("console", lambda message: tab.complaints.append(message.text))
    tab.page.goto(path.as_uri())
    return tab
