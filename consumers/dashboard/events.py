"""`/api/events`: what changes, as server-sent events.

    event      when                                             data
    ---------  -----------------------------------------------  ------------------------------------------
    overview   each second                                      consumers.live.overview
    rows       within 0.2 s of a record (view=feed)             rows, matching, kept, cursor, reset
    letters    likewise (view=letters)                          rows, reasons, cursor, reset

At most five events of rows a second. An event is made when the one before it has been sent: a slow reader gets fewer,
newer events, and nothing waits for it in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from consumers.dashboard.answers import NO_STORE, Refusal, as_json
from consumers.dashboard.following import Changes, SharedOverview
from consumers.dashboard.requests import filters_of
from consumers.live.view import LiveView

_OVERVIEW_SECONDS = 1.0
_ROWS_SECONDS = 0.2
# Rows of an event. A page shows fewer; one that is further behind reads a page again.
_MOST_ROWS = 500
# A tab of a browser is one; a hundred readers with a few tabs each are more than one process should serve.
_MOST_FOLLOWERS = 200

_MEDIA_TYPE = "text/event-stream"
# A proxy must not collect events.
_HEADERS = {**NO_STORE, "x-accel-buffering": "no"}

# Returns the event since a cursor and the cursor after it; None for an event without news.
News = Callable[[int | None], tuple[dict[str, Any] | None, int]]


class _Stream(StreamingResponse):
    """A stream of events that tells of its end, also when it ends before its first event."""

    def __init__(self, events: AsyncIterator[bytes], on_end: Callable[[], None]) -> None:
        super().__init__(events, media_type=_MEDIA_TYPE, headers=_HEADERS)
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_end()


class Events:
    """The streams of all followers."""

    def __init__(self, view: LiveView, changes: Changes, overview: SharedOverview) -> None:
        self._view, self._changes, self._overview = view, changes, overview
        self.followers = 0

    async def follow(self, request: Request) -> Response:
        """Answer with a stream that ends with its reader, or with the server."""
        name, news = self._news_of(request)
        since = request.headers.get("last-event-id", request.query_params.get("since"))
        if self.followers >= _MOST_FOLLOWERS:
            raise Refusal(503, "Too many pages of this dashboard are open; close some.")
        if request.method == "HEAD":
            return Response(media_type=_MEDIA_TYPE, headers=_HEADERS)
        # From now on: many who come at once have all come before the first of them gets an event.
        self.followers += 1
        return _Stream(self._stream(name, news, since), self._on_end)

    def _news_of(self, request: Request) -> tuple[str, News | None]:
        view = request.query_params.get("view", "overview")
        if view == "feed":
            filters = filters_of(request.query_params)
            feed = self._view.feed

            def rows(cursor: int | None) -> tuple[dict[str, Any] | None, int]:
                if cursor is None:
                    return None, feed.page(filters, limit=0).cursor
                changes = feed.since(cursor, filters, limit=_MOST_ROWS)
                if not changes.rows and not changes.reset:
                    return None, changes.cursor
                matching = feed.page(filters, limit=0).matching
                return {**asdict(changes), "matching": matching, "kept": len(feed)}, changes.cursor

            return "rows", rows
        if view == "letters":
            reason, letters = request.query_params.get("reason", ""), self._view.letters

            def letter_rows(cursor: int | None) -> tuple[dict[str, Any] | None, int]:
                if cursor is None:
                    return None, letters.page(reason, limit=0).cursor
                changes = letters.since(cursor, reason, limit=_MOST_ROWS)
                if not changes.rows and not changes.reset:
                    return None, changes.cursor
                return {**asdict(changes), "reasons": letters.reasons()}, changes.cursor

            return "letters", letter_rows
        if view != "overview":
            raise Refusal(400, "A view is overview, feed or letters.")
        return "", None

    async def _stream(self, name: str, news: News | None, since: str | None) -> AsyncIterator[bytes]:
        cursor = self.cursor_of(since)
        seen, overview_at, rows_at = -1, 0.0, 0.0
        while not self._changes.ended:
            now = time.monotonic()
            if now >= overview_at:
                yield _event("overview", await self._overview.json())
                overview_at = now + _OVERVIEW_SECONDS
            if news is not None and now >= rows_at and seen != self._changes.version:
                seen = self._changes.version
                event, cursor = await asyncio.to_thread(news, cursor)
                if event is not None:
                    name_of_cursor = f"{self._changes.process}-{cursor}"
                    yield _event(name, as_json({**event, "cursor": name_of_cursor}), name_of_cursor)
                    rows_at = time.monotonic() + _ROWS_SECONDS
            now = time.monotonic()
            if news is None or rows_at > now:
                # What changes meanwhile is in the next event.
                await self._changes.wait_end((overview_at if news is None else min(overview_at, rows_at)) - now)
            else:
                await self._changes.wait(seen, overview_at - now)

    def _on_end(self) -> None:
        self.followers -= 1

    def cursor_of(self, name: str | None) -> int | None:
        """Return the cursor of a name; with one of another process a follower has to take a page again."""
        if name is None:
            return None
        process, _, number = name.partition("-")
        return int(number) if process == self._changes.process and number.isdecimal() and len(number) < 20 else -1


def _event(name: str, data: bytes, id: str | None = None) -> bytes:
    """Return an event; JSON on one line needs no other marks."""
    return b"event: %b\n%bdata: %b\n\n" % (name.encode(), b"" if id is None else b"id: %b\n" % id.encode(), data)
