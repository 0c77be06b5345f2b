"""Reads the topics of results: what arrives, and behind it what was there before.

Two threads, each with a consumer of its own. The follower starts at the end that a partition has when it is first seen;
the history reads what is below. A partition that is added, a topic that is created late, and one that was deleted and
created again are new partitions like the first ones.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from consumers.live.clients import connect_consumer, end_offsets, first_offsets
from consumers.live.cluster import TopicShape
from consumers.live.history import POLL_RECORDS, History, Over
from consumers.live.intake import Intake
from streaming.errors import GistreamError, reason
from streaming.settings import Settings

_log = logging.getLogger(__name__)
# A view that ends waits for a poll.
_POLL_MS = 200
# Between two polls that had records: fifty polls a second cost a tenth of a core, and a row comes 20 ms later at most.
_BREATH_SECONDS = 0.02
# Before another try, where the broker does not answer.
_RETRY_SECONDS = 1.0

Topics = Mapping[str, TopicShape]
Ends = dict[TopicPartition, int]


class Reading:
    """Reads topics into their intakes; `follow` and `read_history` are the bodies of two threads."""

    def __init__(self, settings: Settings, intakes: Mapping[str, Intake[Any]], on_read: Callable[[], None]) -> None:
        """Read into `intakes`, by the names of the topics; `on_read` is called after each part."""
        self._settings, self._intakes, self._on_read = settings, intakes, on_read
        self._topics: Topics = {}
        # The last id of each topic, also of one that is missing now.
        self._ids: dict[str, str] = {}
        # For the history: the topics of a look, and the offsets below which their records are to be read.
        self._jobs: queue.Queue[tuple[Topics, Ends]] = queue.Queue()
        self._histories: dict[str, History] = {}
        self._has_followed = False
        # What is followed, and the next offset of each partition: from there it goes on after a failure.
        self._followed: Topics = {}
        self._next: Ends = {}

    @property
    def loading(self) -> float | None:
        """The share of the last hour that has been read; None when all of it has."""
        if not self._has_followed or self._jobs.unfinished_tasks:
            counts = [history.loading for history in list(self._histories.values())]
            total = sum(of for _, of in counts)
            return 1 - sum(left for left, _ in counts) / total if total else 0.0
        return None

    def set_topics(self, topics: Topics) -> None:
        """Say which topics there are now."""
        self._topics = topics

    def follow(self, stopped: threading.Event) -> None:
        """Read what arrives until `stopped`."""
        consumer = _connected(self._settings, stopped)
        if consumer is None:
            return
        with closing(consumer):
            self._resume(consumer)
            while not stopped.is_set():
                topics = self._topics
                try:
                    if topics != self._followed:
                        self._assign(consumer, topics, self._followed)
                        self._followed = topics
                    batches = consumer.poll(timeout_ms=_POLL_MS) if self._followed else {}
                except KafkaError as error:
                    _log.debug("following the topics: %s", reason(error))
                    stopped.wait(_RETRY_SECONDS)
                    continue
                self._take(batches)
                # Without topics there is nothing that a poll could wait for.
                stopped.wait(_BREATH_SECONDS if self._followed else _POLL_MS / 1000)

    def read_history(self, stopped: threading.Event) -> None:
        """Read what was there before, for each partition that is followed, until `stopped`."""
        consumer = _connected(self._settings, stopped)
        if consumer is None:
            return
        with closing(consumer):
            while not stopped.is_set():
                try:
                    topics, ends = self._jobs.get(timeout=_POLL_MS / 1000)
                except queue.Empty:
                    continue
                try:
                    self._read_job(consumer, topics, ends, stopped)
                finally:
                    self._jobs.task_done()
                self._on_read()

    def _resume(self, consumer: KafkaConsumer) -> None:
        """Go on behind the last records that a consumer before this one returned."""
        if self._next:
            consumer.assign(list(self._next))
        for partition, offset in self._next.items():
            consumer.seek(partition, offset)

    def _read_job(self, consumer: KafkaConsumer, topics: Topics, ends: Ends, stopped: threading.Event) -> None:
        """Read all topics of a job, again while Kafka does not answer: what has been read is not counted twice."""
        while not stopped.is_set():
            try:
                self._read_below(consumer, topics, ends, stopped)
            except KafkaError as error:
                _log.debug("reading what was there: %s", reason(error))
                stopped.wait(_RETRY_SECONDS)
            else:
                return

    def _assign(self, consumer: KafkaConsumer, topics: Topics, followed: Topics) -> None:
        """Follow the partitions of `topics`; those that are `followed` go on where they are.

        A new topic is followed from its end, and the history reads what is below. All records of a partition that was
        added to a topic are new.
        """
        every = [TopicPartition(name, number) for name, shape in topics.items() for number in range(shape.partitions)]
        same = {name for name, shape in topics.items() if name in followed and followed[name].id == shape.id}
        added = [p for p in every if p.topic in same and p.partition >= followed[p.topic].partitions]
        new = [p for p in every if p.topic not in same]
        ends, starts = end_offsets(consumer, new), first_offsets(consumer, added)
        for name, shape in topics.items():
            if self._ids.setdefault(name, shape.id) != shape.id:
                self._ids[name] = shape.id
                self._intakes[name].rows.forget_topic()
        consumer.assign(every)
        for partition, offset in (*ends.items(), *starts.items()):
            consumer.seek(partition, offset)
        self._next = {p: (self._next | ends | starts)[p] for p in every}
        if ends:
            self._jobs.put((topics, ends))
        self._has_followed = True

    def _take(self, batches: Mapping[TopicPartition, list[Any]]) -> None:
        topics: dict[str, list[Any]] = {}
        for partition, records in batches.items():
            # Before they are taken: a record that ends this thread must not end it again.
            self._next[partition] = records[-1].offset + 1
            topics.setdefault(partition.topic, []).extend(records)
        for topic, records in topics.items():
            self._intakes[topic].take_new(records)
        if topics:
            self._on_read()

    def _read_below(self, consumer: KafkaConsumer, topics: Topics, ends: Ends, stopped: threading.Event) -> None:
        """Read all topics of a job: the rows of each first, then the hour of each."""
        now = time.time()
        self._histories = {
            name: History(consumer, own, intake, now)
            for name, intake in self._intakes.items()
            if (own := {p: end for p, end in ends.items() if p.topic == name})
            # A topic that is gone meanwhile would fail each time, and hold up the next one.
            and not self._is_over(stopped, name, topics)
        }
        for part in (History.read_rows, History.count_hour):
            for name, history in self._histories.items():
                try:
                    for _ in part(history, partial(self._is_over, stopped, name, topics)):
                        self._on_read()
                except Over:
                    continue

    def _is_over(self, stopped: threading.Event, name: str, topics: Topics) -> bool:
        """Tell whether the view ends, or a topic of a look is another one by now."""
        now = self._topics.get(name)
        return stopped.is_set() or now is None or now.id != topics[name].id


def _connected(settings: Settings, stopped: threading.Event) -> KafkaConsumer | None:
    """Connect, however long it takes; None when the view ends before that."""
    while not stopped.is_set():
        try:
            return connect_consumer(settings, max_poll_records=POLL_RECORDS)
        except GistreamError as error:
            _log.debug("%s", error)
            stopped.wait(_RETRY_SECONDS)
    return None
