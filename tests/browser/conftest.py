"""A dashboard on a made-up view, and tabs that are shut only when their pages kept all rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import started_browser
from dashboards import OpenPage, Say, Shown, Tab, open_tab, shown
from made_up_view import MadeUpView, busy_hour
from playwright.sync_api import Browser

# What a run says at its end: figures, and where screenshots are.
_LINES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Say:
    """Say a line at the end of the run."""
    return pytestconfig.stash.setdefault(_LINES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_LINES, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture
def view() -> MadeUpView:
    view = MadeUpView()
    busy_hour(view)
    return view


@pytest.fixture
def site(view: MadeUpView) -> Iterator[Shown]:
    with shown(view) as running:
        yield running


@pytest.fixture
def open_page(chromium: Browser, site: Shown) -> Iterator[OpenPage]:
    """Open pages of the site, or of another one (`url`); the options are those of a browser's context."""
    tabs: list[Tab] = []

    def open_page(path: str = "/", *, url: str = "", **options: object) -> Tab:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})  # type: ignore[arg-type]
        tabs.append(open_tab(context, url or site.url, path))
        return tabs[-1]

    yield open_page
    for tab in tabs:
        tab.page.context.close()
        assert tab.strangers == []
        assert tab.faulty() == []
