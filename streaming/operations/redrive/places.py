"""Where dead letters are: on their topic, or in an archive. Both say which results their documents have by now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from streaming.archive import ArchiveLocation, read_dead_letters
from streaming.json_values import lookup, parse_json
from streaming.kafka.records import read_ranges, topic_ranges
from streaming.messages import DeadLetter, Place, Source, read_source
from streaming.settings import Settings


class LetterPlace(Protocol):
    """A place with dead letters and results."""

    @property
    def name(self) -> str:
        """What messages call the place."""
        ...

    def letters(self) -> Iterator[tuple[Place, DeadLetter, int | None]]:
        """Yield each letter with its place, and when it was written (ms since 1970), None where nobody knows."""
        ...

    def results(self) -> Iterator[tuple[str, Source]]:
        """Yield id and position of each summary and of each deletion."""
        ...

    def read(self, places: Iterable[Place]) -> Iterator[tuple[Place, DeadLetter]]:
        """Yield the letters at some places, in no order; those that are gone by now are left out."""
        ...


@dataclass(frozen=True)
class LetterTopic:
    """The dead letters on their topic, the results on the output topic."""

    settings: Settings

    @property
    def name(self) -> str:
        """The topic."""
        return f"topic '{self.settings.dead_letter_topic}'"

    def letters(self) -> Iterator[tuple[Place, DeadLetter, int | None]]:
        """Yield each letter; raises `TopicError` and `BrokerError`. Records that are no letters are left out."""
        topic = self.settings.dead_letter_topic
        for record in read_ranges(self.settings, topic_ranges(self.settings, [topic], None, None)):
            try:
                letter = DeadLetter.from_record(record.key, record.value, record.headers)
            except ValueError:
                continue
            yield (record.source.partition, record.source.offset), letter, record.source.timestamp

    def results(self) -> Iterator[tuple[str, Source]]:
        """Yield id and position of each result; raises `TopicError` and `BrokerError`."""
        topic = self.settings.output_topic
        for record in read_ranges(self.settings, topic_ranges(self.settings, [topic], None, None)):
            name = (record.key or b"").decode(errors="replace")
            source = read_source(record.headers) if record.value is None else _source_in(record.value)
            if source is not None:
                yield name, source

    def read(self, places: Iterable[Place]) -> Iterator[tuple[Place, DeadLetter]]:
        """Yield the letters at some places; raises `TopicError` and `BrokerError`."""
        topic, wanted = self.settings.dead_letter_topic, set(places)
        first = {name: start for name, (start, _) in topic_ranges(self.settings, [topic], None, None).items()}
        ranges: dict[tuple[str, int], tuple[int, int]] = {}
        for partition, offset in wanted:
            name = topic, int(partition)
            start, end = ranges.get(name, (offset, offset + 1))
            ranges[name] = max(first.get(name, 0), min(start, offset)), max(end, offset + 1)
        for record in read_ranges(self.settings, ranges):
            place = record.source.partition, record.source.offset
            if place in wanted:
                yield place, DeadLetter.from_record(record.key, record.value, record.headers)


@dataclass(frozen=True)
class LetterArchive:
    """The dead letters of an archive, and its summaries and deletions."""

    location: ArchiveLocation

    @property
    def name(self) -> str:
        """The archive."""
        return f"archive {self.location.url}"

    def letters(self) -> Iterator[tuple[Place, DeadLetter, int | None]]:
        """Yield each letter; raises `MachineError`."""
        for file in self.location.parquet_files("dead_letters"):
            for number, letter in enumerate(read_dead_letters(self.location, file.path)):
                yield (file.path, number), letter, None

    def results(self) -> Iterator[tuple[str, Source]]:
        """Yield id and position of each result; raises `MachineError`."""
        for data_set in ("summaries", "deletions"):
            for file in self.location.parquet_files(data_set):
                for row in self.location.rows(file.path, ["id", "source"]):
                    yield row["id"], Source.model_validate(row["source"])

    def read(self, places: Iterable[Place]) -> Iterator[tuple[Place, DeadLetter]]:
        """Yield the letters at some places; raises `MachineError`."""
        wanted = set(places)
        files = {file.path for file in self.location.parquet_files("dead_letters")}
        for path in sorted({str(path) for path, _ in wanted} & files):
            for number, letter in enumerate(read_dead_letters(self.location, path)):
                if (path, number) in wanted:
                    yield (path, number), letter


def _source_in(value: bytes) -> Source | None:
    try:
        fields, _ = parse_json(value.decode())
        return Source.model_validate(lookup(fields, "source"))
    except ValueError:
        return None
