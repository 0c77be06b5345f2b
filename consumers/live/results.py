"""Reads a record of the output topic only as far as a list needs it: the bodies are the largest part of it.

What the whole contract would refuse, a record of another program, is refused here, too: every field that gistream
always writes must be there with its type. What is inside the long fields is checked when a summary is opened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Annotated, Any, Literal

import msgspec

from consumers.live.filters import search_text
from consumers.live.rows import OPENING, SEARCH_BYTES, TITLE, Position, Row, shown_metadata, shown_time
from consumers.newest import Version, seconds_of
from streaming.messages import Source, read_source
from streaming.wording import shortened

# As the contract's numbers: a longer one has no place in a float, nor in an answer's JSON.
_Long = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class _Named(msgspec.Struct):
    name: str


class _Tokens(msgspec.Struct):
    prompt: _Long
    completion: _Long


class _Source(msgspec.Struct):
    topic: str
    partition: _Long
    offset: _Long
    timestamp: _Long


class _Summary(msgspec.Struct):
    """The fields of `streaming.messages.Summary` that a list shows, and those that tell one from a foreign record."""

    id: str
    summary: str
    status: Literal["ok", "repaired", "extractive_fallback"]
    model: _Named
    prompt: _Named
    recipe: str
    strategy: str
    chunks: int
    tokens: _Tokens
    seconds: float
    signals: dict[str, Any]
    document_sha256: str
    source: _Source
    produced_at: datetime
    title: str | None = None
    reused: bool = False
    metadata: dict[str, str] = {}


_decode = msgspec.json.Decoder(_Summary).decode


@dataclass(frozen=True, slots=True)
class Result:
    """A record of the output topic: a summary, or a deletion (`summary` is None). `arrived` is its time in ms."""

    topic: str
    partition: int
    offset: int
    arrived: int
    id: str
    source: _Source | Source
    summary: _Summary | None

    @property
    def document(self) -> tuple[str, int, str]:
        """What names the document: topic and partition of its record, and its id."""
        return self.source.topic, self.source.partition, self.id

    @property
    def recipe(self) -> str:
        """The summary's recipe."""
        return self.summary.recipe if self.summary else ""

    @property
    def version(self) -> Version:
        """What orders the results of one document (`consumers.newest`)."""
        return self.source.offset, seconds_of(self.summary.produced_at) if self.summary else math.inf

    @property
    def tokens(self) -> int:
        """The tokens of prompts and answers."""
        return self.summary.tokens.prompt + self.summary.tokens.completion if self.summary else 0

    @property
    def latency(self) -> float | None:
        """Seconds from the document's record to its summary; None when a clock was set back between them."""
        if self.summary is None:
            return None
        seconds = seconds_of(self.summary.produced_at) - self.source.timestamp / 1000
        return seconds if seconds >= 0 else None

    def row(self, number: int, *, replaced: bool = False) -> Row:
        """Return the row of this record."""
        position: Position = (self.source.topic, self.source.partition, self.source.offset)
        place = (number, self.topic, self.partition, self.offset, self.arrived)
        summary = self.summary
        if summary is None:
            return Row(*place, "deletion", self.id, source=position, replaced=replaced)
        # The same few names stand in every row.
        return Row(
            *place,
            "summary",
            self.id,
            None if summary.title is None else shortened(summary.title, TITLE, len),
            shortened(" ".join(summary.summary[: 2 * OPENING].split()), OPENING, len),
            intern(summary.status),
            intern(summary.prompt.name),
            intern(summary.model.name),
            intern(summary.recipe),
            intern(summary.strategy),
            summary.seconds,
            self.latency,
            self.tokens,
            summary.reused,
            shown_metadata(summary.metadata),
            position,
            replaced,
        )

    def search(self) -> bytes:
        """Return the row's search text."""
        if self.summary is None:
            return search_text(self.id, None, "", {})
        return search_text(self.id, self.summary.title, self.summary.summary, self.summary.metadata)


def read_row(record: Any) -> Result | None:
    """Read a record of kafka-python from the output topic; None for a foreign one."""
    place = (record.topic, record.partition, record.offset, shown_time(record.timestamp))
    if record.value is None:
        position = read_source(record.headers)
        id = (record.key or b"").decode(errors="replace")
        return Result(*place, id, position, None) if position is not None else None
    try:
        summary = _decode(record.value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    # A summary in JSON may be long, and thousands are held before their rows are made.
    summary.summary = summary.summary[:SEARCH_BYTES]
    return Result(*place, summary.id, summary.source, summary)
