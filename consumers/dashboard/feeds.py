"""`/api/overview`, `/api/feed` and `/api/facets`: the numbers, the newest summaries, and what to choose from."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from consumers.dashboard.answers import NO_STORE, Json, Refusal
from consumers.dashboard.following import Changes, SharedOverview
from consumers.dashboard.older import OlderSummaries, produced_at
from consumers.dashboard.requests import decimal_of, filters_of, limit_of, number_of
from consumers.live.rows import Row
from consumers.live.view import LiveView


class Feeds:
    """The answers; what asks a file or Kafka is a plain function, which starlette runs in a thread."""

    def __init__(
        self, view: LiveView, changes: Changes, overview: SharedOverview, older: OlderSummaries | None
    ) -> None:
        self._view, self._changes, self._overview, self._older = view, changes, overview, older

    async def overview(self, _request: Request) -> Response:
        """Return the numbers of now."""
        return Response(await self._overview.json(), media_type="application/json", headers=NO_STORE)

    def feed(self, request: Request) -> Response:
        """Return a page of the kept rows, newest first."""
        parameters = request.query_params
        page = self._view.feed.page(
            filters_of(parameters), before=number_of(parameters, "before"), limit=limit_of(parameters)
        )
        return Json(
            {
                **asdict(page),
                "cursor": f"{self._changes.process}-{page.cursor}",
                "kept": len(self._view.feed),
                "older": not page.more and self._older is not None,
            }
        )

    def older(self, request: Request) -> Response:
        """Return a page of summaries of the archive, newest first, from a time in ms since 1970 on."""
        if self._older is None:
            raise Refusal(404, "Older summaries are in an archive; start the dashboard with --archive and its path.")
        parameters = request.query_params
        page = self._older.page(
            filters_of(parameters),
            before=decimal_of(parameters, "before"),
            limit=limit_of(parameters),
            is_kept=self._is_kept,
        )
        # As exact as the order: several summaries of one millisecond are told apart.
        rows = [{**asdict(row), "arrived": produced_at(row) / 1000, "archived": True} for row in page.rows]
        return Json({"rows": rows, "more": page.more})

    def _is_kept(self, row: Row) -> bool:
        """Tell whether the feed has a summary of the archive, too."""
        rows = self._view.feed.of_document(row)
        return any((kept.source, kept.recipe) == (row.source, row.recipe) for kept in rows)

    def facets(self, _request: Request) -> Response:
        """Return the values to filter by."""
        return Json(asdict(self._view.feed.facets()))
