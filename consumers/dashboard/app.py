"""The dashboard as an application: the routes of its page and of its API, behind `access`.

    /  /feed  /compare  /letters      the page, which looks at its own address
    /static/...                       what it is drawn with
    /api/...                          what it shows: JSON, and the events of `events`
    /login                            the token, where one is needed

An error is an answer, too: JSON with one sentence in `error`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from consumers.dashboard.access import Access
from consumers.dashboard.answers import Json, Refusal
from consumers.dashboard.compare import Comparisons
from consumers.dashboard.events import Events
from consumers.dashboard.feeds import Feeds
from consumers.dashboard.files import Files
from consumers.dashboard.following import Changes, SharedOverview
from consumers.dashboard.letters import Letters, ReadValue, Redrive, unchanged
from consumers.dashboard.login import Login
from consumers.dashboard.older import OlderSummaries
from consumers.dashboard.sessions import Sessions
from consumers.dashboard.summaries import ReadDocument, Summaries
from consumers.live.view import LiveView
from streaming.errors import BrokerError, GistreamError, TopicError, UsageError

_PAGES = ("/", "/feed", "/compare", "/letters")
_STATUS: list[tuple[type[GistreamError], int]] = [(UsageError, 400), (TopicError, 404), (BrokerError, 503)]


@dataclass(frozen=True)
class Content:
    """What a dashboard shows, and what its command hands in because consumers know no pipeline and no operations.

    `older` are the summaries of an archive. `read_document` reads a record as the query does; `is_input` tells whether
    a topic is one that documents come from; `redrive` sends dead letters back. `read_value` makes the bytes of a dead
    letter readable.
    """

    view: LiveView
    output_topic: str
    dead_letter_topic: str
    read_document: ReadDocument
    is_input: Callable[[str], bool]
    redrive: Redrive
    older: OlderSummaries | None = None
    read_value: ReadValue = unchanged


@dataclass(frozen=True)
class Dashboard:
    """The application, and what ends its followers when the server ends."""

    app: ASGIApp
    changes: Changes


def dashboard(content: Content, sessions: Sessions, names: Sequence[str], cookie: str) -> Dashboard:
    """Build the application; `names` are host names that it goes by, `cookie` is the name of its session's."""
    view, files = content.view, Files()
    changes, overview = Changes(view), SharedOverview(view)
    feeds = Feeds(view, changes, overview, content.older)
    summaries = Summaries(view, content.output_topic, content.older, content.read_document, content.is_input)
    letters = Letters(view, content.dead_letter_topic, changes, content.redrive, content.read_value)
    login = Login(files.text("login.html"), sessions, cookie)
    routes = [
        *(Route(page, files.shell) for page in _PAGES),
        Route("/static/{path:path}", files.serve),
        Route("/login", login.show),
        Route("/login", login.enter, methods=["POST"]),
        Route("/api/overview", feeds.overview),
        Route("/api/events", Events(view, changes, overview).follow),
        Route("/api/feed", feeds.feed),
        Route("/api/feed/older", feeds.older),
        Route("/api/facets", feeds.facets),
        Route("/api/summary", summaries.show),
        Route("/api/compare", Comparisons(view, content.output_topic).page),
        Route("/api/letters", letters.page),
        Route("/api/letter", letters.show),
        Route("/api/redrive", letters.redrive, methods=["POST"]),
    ]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with changes.watching():
            yield

    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={
            Refusal: _refusal,
            GistreamError: _service_error,
            HTTPException: _http_error,
            Exception: _unexpected,
        },
    )
    return Dashboard(Access(app, sessions, names, cookie), changes)


async def _refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - starlette calls it for nothing else
    return error.answer


async def _service_error(_request: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    return Json({"error": str(error)}, status)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = {404: "There is no such page here.", 405: f"{request.method} is not possible here."}
    return Json({"error": sentence.get(status, "The request is not one that the dashboard answers.")}, status)


async def _unexpected(_request: Request, _error: Exception) -> Response:
    # The error itself goes to the log: it may have a text in it.
    return Json({"error": "The dashboard failed at this request; what it printed says why."}, 500)
