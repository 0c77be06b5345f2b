"""The live view of an installation: its threads read the topics, and its rows and numbers are there at any time.

Guarantee: each committed record of the output topics that was written since the start is in the feed, and the newest
10,000 before it; the numbers of the last hour are exact once `Overview.loading` is None. A broker that goes away and
comes back, topics that are created late, deleted and created again, and partitions that are added are followed. The
view changes nothing: it commits no offsets and joins no group.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from consumers.live.feed import Feed
from consumers.live.letters import LetterFeed
from consumers.live.overview import Overview
from consumers.live.rows import Position
from streaming.messages import DeadLetter, Record, Summary
from streaming.settings import Settings


class LiveView:
    """What a reader of the topics knows now; threads read for as long as its context lasts."""

    feed: Feed
    letters: LetterFeed
    shadows: dict[str, Feed]

    def __init__(self, settings: Settings, shadows: Sequence[str] = ()) -> None:
        """Follow the topics of `settings`, and other output topics to compare with; connects in its threads."""

    def __enter__(self) -> LiveView:
        raise NotImplementedError

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        raise NotImplementedError

    def overview(self) -> Overview:
        """Return the numbers of now."""
        raise NotImplementedError

    def wait_changed(self, seen: int, seconds: float) -> int:
        """Wait until something has changed since the version `seen`, at most some seconds; returns the version now."""
        raise NotImplementedError

    def read_summary(self, topic: str, partition: int, offset: int) -> Summary:
        """Return a summary of an output topic.

        Raises `TopicError` when the record is gone or is no summary, and `BrokerError`.
        """
        raise NotImplementedError

    def read_letter(self, topic: str, partition: int, offset: int) -> DeadLetter:
        """Return a dead letter; raises as `read_summary` does."""
        raise NotImplementedError

    def read_document(self, position: Position) -> Record:
        """Return the record of a document, as its topic has it; raises as `read_summary` does."""
        raise NotImplementedError
