"""A live view without Kafka: what is sent to it is in its feeds at once. For tests of the pages that show one."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import TracebackType

import made_up_results as made_up

from consumers.live.feed import Feed
from consumers.live.filters import Filters
from consumers.live.hour import LastHour
from consumers.live.letters import LetterFeed, read_letter_row
from consumers.live.overview import Overview, PartitionBacklog, QueryHealth
from consumers.live.results import read_row
from consumers.live.rows import Position
from consumers.live.view import LiveView
from streaming.errors import BrokerError, TopicError
from streaming.messages import DeadLetter, Header, Record, Source, Summary

INPUT, OUTPUT, SHADOW, LETTERS = "documents", "summaries", "summaries-concise", "dead-letters"
PARTITIONS = 3


@dataclass(frozen=True)
class _Record:
    """A record as kafka-python returns it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[Header]


class MadeUpView(LiveView):
    """A view whose state a test sets: `connected`, `query`, and the records that it sends."""

    def __init__(self) -> None:
        self.feed, self.letters = Feed(), LetterFeed()
        self.shadows = {SHADOW: Feed()}
        self.connected, self.away_since = True, None
        self.query = QueryHealth(
            "healthy", "working: 31 of 60 of the running batch done", "working", 31, 60, 218, 57.4, 0
        )
        self.waiting: int | None = 412
        self.missing: list[str] = []
        self.fault: str | None = None
        self.loading: float | None = None
        self._hour = LastHour()
        self._records: dict[Position, Summary | DeadLetter | Record] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self._changed = threading.Condition()
        self._version = 0

    def __enter__(self) -> MadeUpView:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return

    def summarize(self, number: int, *, topic: str = OUTPUT, at: float | None = None, **fields: object) -> Summary:
        """Produce the document of a number, and its summary a few seconds later."""
        now = time.time() if at is None else at
        source = self._place(INPUT, number % PARTITIONS, now - 6)
        value = made_up.document(number)
        self._records[source.topic, source.partition, source.offset] = Record(None, value, [], source)
        result = made_up.summary(number, source, produced_at=now, **fields)  # type: ignore[arg-type]
        self.send(result, topic, at=now)
        return result

    def send(self, result: Summary, topic: str = OUTPUT, *, at: float | None = None) -> None:
        """Send a summary of a document that was produced before."""
        now = time.time() if at is None else at
        place = self._place(topic, 0, now)
        record = _Record(topic, 0, place.offset, place.timestamp, result.id.encode(), result.to_json(), [])
        self._records[topic, 0, place.offset] = result
        row = read_row(record)
        assert row is not None
        if topic == OUTPUT:
            self._hour.count(self.feed.append([row]), time.time())
            self.letters.note_summaries([(row.source.topic, row.source.partition, row.source.offset)])
        else:
            self.shadows[topic].append([row])
        self.wake()

    def delete(self, result: Summary) -> None:
        """Send the tombstone of a summary's document."""
        assert result.source is not None
        place = self._place(OUTPUT, 0, time.time())
        headers = [(f"source.{name}", str(value).encode()) for name, value in result.source.model_dump().items()]
        row = read_row(_Record(OUTPUT, 0, place.offset, place.timestamp, result.id.encode(), None, headers))
        assert row is not None
        self.feed.append([row])
        self.wake()

    def fail(self, *, at: float | None = None, **error: object) -> DeadLetter:
        """Produce a document, and its dead letter."""
        now = time.time() if at is None else at
        letter = made_up.dead_letter(self._place(INPUT, 1, now - 4), **error)
        place = self._place(LETTERS, 0, now)
        record = _Record(LETTERS, 0, place.offset, place.timestamp, letter.key, letter.value, letter.kafka_headers())
        self._records[LETTERS, 0, place.offset] = letter
        row = read_letter_row(record)
        assert row is not None
        self._hour.count_letters(self.letters.append([row]), time.time())
        self.wake()
        return letter

    def replace_document(self, source: Source, record: Record | None) -> None:
        """Put another record where a document was, or none."""
        place = source.topic, source.partition, source.offset
        if record is None:
            del self._records[place]
        else:
            self._records[place] = record

    def wake(self) -> None:
        """Tell who waits that something has changed."""
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def note_backlog(self, waiting: int, at: float) -> None:
        """Note what waited at a time."""
        self._hour.note_backlog(waiting, at)

    def overview(self) -> Overview:
        now = time.time()
        if self.waiting is not None:
            self._hour.note_backlog(self.waiting, now)
        numbers = self._hour.numbers(now)
        shares = (0.55, 0.3, 0.15)
        return Overview(
            now, "localhost:19092", self.connected, self.away_since, self.loading, self.missing,
            numbers.documents_per_minute, numbers.tokens_per_second, numbers.hour, numbers.statuses, numbers.reused,
            numbers.reasons, numbers.seconds, numbers.latency,
            [
                PartitionBacklog(INPUT, number, self._ends.get((INPUT, number), 0), round((self.waiting or 0) * share))
                for number, share in enumerate(shares)
            ],
            None, self.waiting, self.waiting / numbers.pace if self.waiting and numbers.pace else None, self.query,
            len(self.feed), self._ends.get((OUTPUT, 0), 0), self._ends.get((LETTERS, 0), 0), 0,
            self.fault,
        )  # fmt: skip

    def wait_changed(self, seen: int, seconds: float) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._version != seen, seconds)
            return self._version

    def read_summary(self, topic: str, partition: int, offset: int) -> Summary:
        result = self._read((topic, partition, offset))
        assert isinstance(result, Summary)
        return result

    def read_letter(self, topic: str, partition: int, offset: int) -> DeadLetter:
        result = self._read((topic, partition, offset))
        assert isinstance(result, DeadLetter)
        return result

    def read_document(self, position: Position) -> Record:
        result = self._read(position)
        assert isinstance(result, Record)
        return result

    def _read(self, place: Position) -> Summary | DeadLetter | Record:
        if not self.connected:
            raise BrokerError("Kafka does not answer at localhost:19092.")
        try:
            return self._records[place]
        except KeyError:
            raise TopicError(f"There is no record at {place[0]}-{place[1]} offset {place[2]} any more.") from None

    def _place(self, topic: str, partition: int, at: float) -> Source:
        offset = self._ends.get((topic, partition), 0)
        self._ends[topic, partition] = offset + 1
        return Source(topic=topic, partition=partition, offset=offset, timestamp=int(at * 1000))


def busy_hour(view: MadeUpView) -> None:
    """Fill a view with an hour of work: a quiet beginning, a peak, some failures, two recipes."""
    now = time.time()
    number = 0
    for minute in range(60, 0, -1):
        pace = 4 if minute > 45 else 22 - abs(minute - 25) // 3
        for place in range(pace):
            number += 1
            view.summarize(number, at=now - minute * 60 + place * 60 / pace)
        for step in range(6):
            at = now - minute * 60 + step * 10
            view.note_backlog(max(0, 900 - abs(minute - 35) * 14 + step * 4), at)
        if minute % 9 == 0:
            kind = (
                {}
                if minute % 18
                else {
                    "stage": "summarize",
                    "type": "DeadlineExceeded",
                    "message": "it took more than 3,600 s",
                    "attempts": 3,
                }
            )
            view.fail(at=now - minute * 60 + 20, **kind)
    for each in range(number - 8, number + 1):
        view.send(made_up_shadow(view, each), SHADOW)


def made_up_shadow(view: MadeUpView, number: int) -> Summary:
    """Return the summary of a document that another recipe has made, too; each third has the same words."""
    row = next(row for row in view.feed.page(Filters(), limit=50).rows if row.id == f"story-{number}")
    assert row.source is not None
    topic, partition, offset = row.source
    source = Source(topic=topic, partition=partition, offset=offset, timestamp=row.arrived)
    return made_up.summary(number, source, recipe="b0d4a91c", prompt="concise", other_words=number % 3 > 0)
