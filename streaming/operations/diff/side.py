"""The results of one side of a comparison: a topic with its dead letters, or an archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from streaming.archive import ArchiveLocation, read_results
from streaming.errors import TopicError, UsageError
from streaming.kafka.records import Ranges, read_ranges, topic_ranges
from streaming.messages import OutputMessage, read_result
from streaming.settings import Settings, without_login


def side(settings: Settings, name: str, dead_letter_topic: str | None = None) -> Side:
    """Return the side that a user names; dead letters of a topic that are not named are where a query puts them.

    Raises `UsageError` for dead letters beside an archive, which has its own.
    """
    named = Side(name, dead_letter_topic)
    if not named.is_archive:
        return named if dead_letter_topic is not None else Side(name, dead_letters_of(settings, name), optional=True)
    if dead_letter_topic is not None:
        raise UsageError(f"{named.title} has its own dead letters; leave out the topic '{dead_letter_topic}'.")
    return named


def dead_letters_of(settings: Settings, output_topic: str) -> str:
    """Return the dead-letter topic of summaries in a topic: the settings', or a replay's, which is named after it."""
    return settings.dead_letter_topic if output_topic == settings.output_topic else f"{output_topic}-dead-letters"


@dataclass(frozen=True)
class Side:
    """A topic with its dead-letter topic, or an archive; `optional` when the dead-letter topic may be missing."""

    name: str
    dead_letter_topic: str | None = None
    optional: bool = False

    @property
    def is_archive(self) -> bool:
        """Whether this is an archive: no topic has a slash in its name."""
        return "/" in self.name

    @property
    def title(self) -> str:
        """What people see of it."""
        return f"archive {without_login(self.name)}" if self.is_archive else f"topic {self.name}"

    def results(self, settings: Settings) -> Iterator[OutputMessage]:
        """Yield all results; records of the topics that gistream did not write are left out.

        Raises `TopicError`, `BrokerError`, `UsageError` for a folder that is no archive, and `MachineError`.
        """
        if self.is_archive:
            yield from read_results(ArchiveLocation(self.name))
            return
        yield from _read(settings, _ranges(settings, self.name), dead_letters=False)
        if self.dead_letter_topic is not None:
            try:
                ranges = topic_ranges(settings, [self.dead_letter_topic], None, None)
            except TopicError:
                if self.optional:
                    return
                raise
            yield from _read(settings, ranges, dead_letters=True)


def _ranges(settings: Settings, topic: str) -> Ranges:
    try:
        return topic_ranges(settings, [topic], None, None)
    except TopicError as error:
        if Path(topic).is_dir():
            raise TopicError(f"{error} For the archive in the folder of that name write ./{topic}.") from error
        raise


def _read(settings: Settings, ranges: Ranges, *, dead_letters: bool) -> Iterator[OutputMessage]:
    for record in read_ranges(settings, ranges):
        result = read_result(record.key, record.value, record.headers, dead_letter=dead_letters)
        if result is not None:
            yield result
