"""`/api/letters`, `/api/letter` and `/api/redrive`: what failed, why, and back to its topic."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from consumers.dashboard.answers import Json, Refusal
from consumers.dashboard.bodies import body_of
from consumers.dashboard.following import Changes
from consumers.dashboard.payload import headers_of, payload_of
from consumers.dashboard.requests import limit_of, number_of, place_of
from consumers.live.rows import LetterRow, Position, shown_time
from consumers.live.sequence import KEPT
from consumers.live.view import LiveView
from streaming.messages import DeadLetter

# Letters of one redrive that are named by place; a reason names any number.
_MOST_PLACES = 1000
_MOST_BYTES = 256 * 1024


@dataclass(frozen=True)
class Redriven:
    """What a redrive did: how many documents it sent, and which it left, with their places and the reason."""

    sent: int
    left: list[tuple[Position, str, str]]


# Sends letters back: those at some places of the dead-letter topic, or all that wait with a reason.
Redrive = Callable[[Sequence[Position], str], Redriven]
# Makes the bytes of a record readable, when a schema registry knows what they are.
ReadValue = Callable[[bytes | None], bytes | None]


def unchanged(raw: bytes | None) -> bytes | None:
    """Return the bytes of a record as they are."""
    return raw


class Letters:
    """The dead letters."""

    def __init__(
        self, view: LiveView, topic: str, changes: Changes, redrive: Redrive, read_value: ReadValue = unchanged
    ) -> None:
        self._view, self._topic, self._changes, self._redrive = view, topic, changes, redrive
        self._read_value = read_value
        self._redriving = threading.Lock()

    def page(self, request: Request) -> Response:
        """Return a page of dead letters, newest first."""
        parameters, letters = request.query_params, self._view.letters
        page = letters.page(
            parameters.get("reason", ""), before=number_of(parameters, "before"), limit=limit_of(parameters)
        )
        cursor = f"{self._changes.process}-{page.cursor}"
        return Json({**asdict(page), "cursor": cursor, "reasons": letters.reasons(), "kept": len(letters)})

    def show(self, request: Request) -> Response:
        """Return a dead letter with its payload as text."""
        place = place_of(request.query_params)
        if place[0] != self._topic:
            raise Refusal(404, f"The dead letters are on topic '{self._topic}'.")
        letter = self._view.read_letter(*place)
        payload = payload_of(self._read_value(letter.value))
        return Json(
            {
                "row": asdict(self._row(place, letter)),
                "error": letter.error.model_dump(),
                "source": letter.source.model_dump(),
                "key": None if letter.key is None else payload_of(self._read_value(letter.key)).text,
                "headers": headers_of(letter.headers),
                "payload": payload.text,
                "payload_kind": payload.kind,
                "truncated": payload.truncated or letter.truncated is not None,
            }
        )

    async def redrive(self, request: Request) -> Response:
        """Send letters back; the body is {"places": [[topic, partition, offset], ...]} or {"reason": "stage/Type"}."""
        places, reason = await self._chosen(request)
        return await run_in_threadpool(self._send, places, reason)

    async def _chosen(self, request: Request) -> tuple[list[Position], str]:
        # A form of another site can send neither; `Access` has looked at the origin.
        if request.headers.get("x-gistream") != "1":
            raise Refusal(403, "A redrive needs the header `X-Gistream: 1`.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refusal(415, "A redrive is asked for in JSON.")
        try:
            return self._read(json.loads(await body_of(request, _MOST_BYTES)))
        except (ValueError, RecursionError):
            raise Refusal(
                400, 'A redrive takes {"places": [["topic", partition, offset], ...]} or {"reason": "stage/Type"}.'
            ) from None

    def _read(self, asked: object) -> tuple[list[Position], str]:
        """Return the places and the reason of a redrive; raises `ValueError` unless there is one of both."""
        fields = dict(asked) if isinstance(asked, dict) else {}
        reason, places = fields.pop("reason", ""), fields.pop("places", [])
        if fields or not isinstance(reason, str) or not isinstance(places, list) or bool(reason) == bool(places):
            raise ValueError
        if len(places) > _MOST_PLACES:
            raise Refusal(413, f"A redrive names {_MOST_PLACES:,} letters at the most; choose a reason instead.")
        for place in places:
            match place:
                case [str(topic), int(partition), int(offset)] if (
                    0 <= partition < 2**31 and 0 <= offset < 2**63 and bool not in map(type, place)
                ):
                    if topic != self._topic:
                        raise Refusal(404, f"The dead letters are on topic '{self._topic}'.")
                case _:
                    raise ValueError
        return [tuple(place) for place in places], reason

    def _send(self, places: Sequence[Position], reason: str) -> Response:
        # Two at once would take each other's letters, and each reads all of them.
        if not self._redriving.acquire(blocking=False):
            raise Refusal(409, "Another redrive runs; wait until it has ended.")
        try:
            redriven = self._redrive(places, reason)
        finally:
            self._redriving.release()
        left = [{"place": place, "name": name, "why": why} for place, name, why in redriven.left]
        return Json({"sent": redriven.sent, "left": left})

    def _row(self, place: Position, letter: DeadLetter) -> LetterRow:
        """Return the row that is kept of a letter, or one for a letter that is older than all of them."""
        for row in self._view.letters.page(limit=KEPT).rows:
            if (row.topic, row.partition, row.offset) == place:
                return row
        error, source = letter.error, letter.source
        size = letter.truncated if letter.value is None or letter.truncated is not None else len(letter.value)
        return LetterRow(
            0,
            *place,
            shown_time(source.timestamp),
            None if letter.key is None else payload_of(letter.key).text,
            error.reason,
            error.stage,
            error.type,
            error.message,
            error.attempts,
            size,
            (source.topic, source.partition, source.offset),
        )
