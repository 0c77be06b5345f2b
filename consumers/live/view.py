"""The live view of an installation: its threads read the topics, and its rows and numbers are there at any time.

Guarantee: each committed record of the output topics that was written since the start is in the feed, and the newest
10,000 before it; the numbers of the last hour are exact once `Overview.loading` is None. A broker that goes away and
comes back, topics that are created late, deleted and created again, and partitions that are added are followed. After a
failure of its own it reads on and says so (`Overview.fault`). The view changes nothing: it commits no offsets and joins
no group.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any

from consumers.live.cluster import Look, Watch
from consumers.live.faults import Faults
from consumers.live.feed import Feed
from consumers.live.hour import LastHour
from consumers.live.intake import Intake
from consumers.live.letters import Letter, LetterFeed, read_letter_row
from consumers.live.lookup import Lookup
from consumers.live.overview import Overview, PartitionBacklog, QueryHealth
from consumers.live.progress import SeenResults, query_health, time_of_judgement
from consumers.live.reading import Reading
from consumers.live.results import Result, read_row
from consumers.live.rows import Position
from streaming.errors import TopicError
from streaming.messages import DeadLetter, Record, Source, Summary, read_result
from streaming.settings import Settings


class LiveView:
    """What a reader of the topics knows now; threads read for as long as its context lasts."""

    def __init__(self, settings: Settings, shadows: Sequence[str] = ()) -> None:
        """Follow the topics of `settings`, and other output topics to compare with; connects in its threads."""
        self._settings = settings
        self.feed, self.letters = Feed(), LetterFeed()
        self.shadows = {topic: Feed() for topic in shadows}
        self._hour, self._seen = LastHour(), SeenResults()
        self._changed, self._version = threading.Condition(), 0
        # The time of the last result, and since when documents have waited, in seconds since 1970.
        self._result_at, self._waiting_since = 0.0, time.time()
        # When the broker answered again after it was away.
        self._back_at = 0.0
        summaries: Intake[Result] = Intake(read_row, self.feed, self._on_results)
        letters: Intake[Letter] = Intake(read_letter_row, self.letters, self._on_letters)
        others = {topic: Intake(read_row, feed, lambda _results: None) for topic, feed in self.shadows.items()}
        self._intakes: dict[str, Intake[Any]] = {
            settings.output_topic: summaries,
            settings.dead_letter_topic: letters,
            **others,
        }
        self._reading = Reading(settings, self._intakes, self._notify)
        self._watch = Watch(settings, list(self._intakes), self._on_look)
        self._lookup = Lookup(settings)
        self._stopped = threading.Event()
        self._faults = Faults(self._notify)
        bodies: list[tuple[str, str, Callable[[threading.Event], None]]] = [
            ("live-watch", "looking at Kafka's topics and offsets", self._watch.run),
            ("live-follow", "reading what arrives", self._reading.follow),
            ("live-history", "reading what was there before", self._reading.read_history),
        ]
        self._threads = [
            threading.Thread(target=self._faults.repeat, args=(work, body, self._stopped), name=name)
            for name, work, body in bodies
        ]

    def __enter__(self) -> LiveView:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()
        self._notify()
        for thread in self._threads:
            thread.join()
        self._lookup.close()

    def overview(self) -> Overview:
        """Return the numbers of now."""
        now, look, settings = time.time(), self._watch.look, self._settings
        numbers = self._hour.numbers(now)
        backlog = self._backlog(look)
        waiting = sum(partition.waiting for partition in backlog) if look.at is not None else None
        topics = (*self._intakes, *settings.input_topics) if look.at is not None else ()
        sent_at = None if look.beat is None else look.beat.sent_at
        as_of = time_of_judgement(
            now, sent_at=sent_at, away=look.away_since is not None, looked_at=look.at, back_at=self._back_at
        )
        query = self._query(look, waiting, as_of)
        return Overview(
            now=now,
            servers=settings.servers,
            connected=look.at is not None and look.away_since is None,
            away_since=look.away_since,
            loading=self._reading.loading,
            missing=[name for name in topics if name not in look.outputs and name not in look.inputs],
            documents_per_minute=numbers.documents_per_minute,
            tokens_per_second=numbers.tokens_per_second,
            hour=numbers.hour,
            statuses=numbers.statuses,
            reused=numbers.reused,
            reasons=numbers.reasons,
            seconds=numbers.seconds,
            latency=numbers.latency,
            backlog=backlog,
            backlog_note=self._backlog_note(look),
            waiting=waiting,
            eta=_eta(waiting, numbers.pace) if query.state == "healthy" else None,
            query=query,
            kept=len(self.feed),
            summaries=_offsets(look, settings.output_topic),
            dead_letters=_offsets(look, settings.dead_letter_topic),
            foreign=sum(intake.foreign for intake in self._intakes.values()),
            fault=self._faults.sentence,
        )

    def wait_changed(self, seen: int, seconds: float) -> int:
        """Wait until something has changed since the version `seen`, at most some seconds; returns the version now."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != seen or self._stopped.is_set(), seconds)
            return self._version

    def read_summary(self, topic: str, partition: int, offset: int) -> Summary:
        """Return a summary of an output topic.

        Raises `TopicError` when the record is gone or is no summary, and `BrokerAway`.
        """
        if topic != self._settings.output_topic and topic not in self.shadows:
            raise TopicError(f"'{topic}' is no output topic of this view.")
        record = self._lookup.record(topic, partition, offset)
        result = read_result(record.key, record.value, record.headers, dead_letter=False)
        if not isinstance(result, Summary):
            raise TopicError(f"The record at offset {offset} of {topic}-{partition} is no summary.")
        return result

    def read_letter(self, topic: str, partition: int, offset: int) -> DeadLetter:
        """Return a dead letter; raises as `read_summary` does."""
        if topic != self._settings.dead_letter_topic:
            raise TopicError(f"'{topic}' is not the dead-letter topic of this view.")
        record = self._lookup.record(topic, partition, offset)
        letter = read_result(record.key, record.value, record.headers, dead_letter=True)
        if not isinstance(letter, DeadLetter):
            raise TopicError(f"The record at offset {offset} of {topic}-{partition} is no dead letter.")
        return letter

    def read_document(self, position: Position) -> Record:
        """Return the record of a document, as its topic has it; raises as `read_summary` does."""
        record = self._lookup.record(*position)
        topic, partition, offset = position
        source = Source(topic=topic, partition=partition, offset=offset, timestamp=record.timestamp)
        return Record(record.key, record.value, list(record.headers), source)

    def _on_results(self, results: list[Result]) -> None:
        self._hour.count(results, time.time())
        self._seen.add((r.source.topic, r.source.partition, r.source.offset) for r in results)
        self.letters.note_summaries(
            [(r.source.topic, r.source.partition, r.source.offset) for r in results if r.summary is not None]
        )
        self._note_times(result.arrived for result in results)

    def _on_letters(self, letters: list[Letter]) -> None:
        self._hour.count_letters(letters, time.time())
        self._seen.add(letter.row.source for letter in letters if letter.row is not None)
        self._note_times(letter.arrived for letter in letters)

    def _note_times(self, times: Iterable[int]) -> None:
        newest = min(max(times, default=0) / 1000, time.time())
        self._result_at = max(self._result_at, newest)

    def _on_look(self, before: Look, look: Look) -> None:
        now = time.time()
        for name, shape in before.inputs.items():
            if name in look.inputs and look.inputs[name].id != shape.id:
                # Its offsets begin again, and what is new would look like a repeat.
                self._seen.forget(name)
                for intake in self._intakes.values():
                    intake.rows.forget_known()
        if look.at is not None and look.away_since is None:
            self._reading.set_topics(look.outputs)
            waiting = sum(partition.waiting for partition in self._backlog(look))
            self._hour.note_backlog(waiting, now)
            if not waiting:
                self._waiting_since = now
            if before.away_since is not None:
                self._back_at = now
        self._notify()

    def _backlog(self, look: Look) -> list[PartitionBacklog]:
        bounds = {name: bound for name, bound in look.bounds.items() if name[0] in look.inputs}
        return self._seen.backlog(bounds, look.committed or {})

    def _backlog_note(self, look: Look) -> str | None:
        if look.at is None or look.committed is not None:
            return None
        return (
            f"counted from the newest results: this user may not read the offsets of the group "
            f"'{self._settings.group_id}'"
        )

    def _query(self, look: Look, waiting: int | None, now: float) -> QueryHealth:
        return query_health(
            look.beat,
            waiting=waiting,
            known=bool(look.committed) or self._result_at > 0,
            quiet=now - max(self._result_at, self._waiting_since),
            stuck_after=self._settings.stuck_after,
            now=now,
        )

    def _notify(self) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()


def _offsets(look: Look, topic: str) -> int:
    """Return how many offsets a topic has now."""
    return sum(end - start for (name, _), (start, end) in look.bounds.items() if name == topic)


def _eta(waiting: int | None, pace: float) -> float | None:
    """Return the seconds until nothing waits, at a pace of results a second; None when that is unknown."""
    if waiting is None or (waiting and not pace):
        return None
    return waiting / pace if waiting else 0.0
