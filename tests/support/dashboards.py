"""The dashboard itself on a made-up view, with all that guards it, and what a page of it may not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from made_up_view import INPUT, LETTERS, OUTPUT, MadeUpView
from playwright.sync_api import BrowserContext, Page

from consumers.dashboard.app import Content, dashboard
from consumers.dashboard.letters import Redriven
from consumers.dashboard.older import OlderSummaries
from consumers.dashboard.serve import listen, serving
from consumers.dashboard.sessions import Sessions
from consumers.live.rows import Position
from streaming.messages import Document, Record


@dataclass
class Shown:
    """A dashboard that answers at `url`; `redriven` are the places and reasons that it was asked to send back."""

    url: str
    view: MadeUpView
    redriven: list[tuple[Sequence[Position], str]] = field(default_factory=list)


@contextmanager
def shown(
    view: MadeUpView, *, port: int = 0, token: str | None = None, older: OlderSummaries | None = None
) -> Iterator[Shown]:
    """Serve a made-up view on a port, 0 for any."""
    address = listen("127.0.0.1", port)
    result = Shown(address.url, view)

    def redrive(places: Sequence[Position], reason: str) -> Redriven:
        result.redriven.append((places, reason))
        count = len(places) or view.letters.reasons()[reason]
        return Redriven(count, [])

    content = Content(view, OUTPUT, LETTERS, read_document, lambda topic: topic == INPUT, redrive, older)
    with serving(dashboard(content, Sessions(token), [], "gistream-test"), address):
        yield result


def read_document(record: Record) -> tuple[Document, list[str]]:
    """Read a record as the default settings do."""
    return Document.model_validate_json(record.value or b""), []


@dataclass
class Tab:
    """A page of a dashboard, and what it should not do: ask other hosts, break the policy, print an error."""

    page: Page
    url: str
    strangers: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    # A browser prints a line when a connection is lost, and when an answer is an error.
    may_lose: bool = False
    may_fail: bool = False

    def go(self, path: str) -> None:
        """Open a page."""
        self.page.goto(self.url.rstrip("/") + path)

    def health(self) -> str:
        """Return the sentence under the header."""
        return self.page.locator("#health-line").inner_text()

    def faulty(self) -> list[str]:
        """Return what the page printed and should not have."""
        allowed = ["net::ERR"] * self.may_lose + ["the server responded with a status of 4"] * self.may_fail
        return [text for text in self.complaints if not any(part in text for part in allowed)]

    def width(self) -> int:
        """Return how wide the page is laid out, in CSS pixels."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))

    def faults(self) -> list[str]:
        """Return what axe finds that is serious or critical."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{fault['id']}: {', '.join(str(node['target']) for node in fault['nodes'])}"
            for fault in found
            if fault["impact"] in ("serious", "critical")
        ]


# Opens a page: open_page("/feed", color_scheme="dark").
OpenPage = Callable[..., Tab]
# Says a line at the end of a run.
Say = Callable[[str], None]


def open_tab(context: BrowserContext, url: str, path: str = "/") -> Tab:
    """Open a page of the dashboard at `url`."""
    tab = Tab(context.new_page(), url)
    host = urlsplit(url).netloc
    tab.page.on("request", lambda request: urlsplit(request.url).netloc == host or tab.strangers.append(request.url))
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.page.on("console", lambda message: tab.complaints.append(message.text))
    tab.go(path)
    return tab
