"""Sends the documents of files, so that after a crash it is known what the topic has.

    note what is about to be sent  ->  send  ->  wait for Kafka  ->  note what it has

Guarantee: each document of a version of a file is on the topic once. A process that is killed between the first and the
last step leaves its notes, and the next one looks into the topic for what they name. Where it may not read the topic
it sends that again, and says so. A document that did not change since it was sent is not sent again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from producers.pace import Pace
from producers.publisher import Publisher, unfit
from producers.records import ProducerRecord, Refusal
from producers.watch.input_topic import InputTopic, value_hash
from producers.watch.scan import FoundFile
from producers.watch.state import Entry, Outcome, State, Status
from streaming.errors import TopicError
from streaming.settings import MIB, Settings

# A batch, after which both notes are made: 500 documents share 20 ms of a disk. Its bytes are in memory.
_MOST_DOCUMENTS = 500
_MOST_BYTES = 16 * MIB
# How long Kafka may be silent before it counts as away. Shorter than Kafka's own two minutes, because giving a document
# up costs nothing here: the topic is asked for it. Only while the user sets neither.
_PATIENCE = {"request.timeout.ms": "15000", "delivery.timeout.ms": "20000"}


@dataclass
class SentFile:
    """A file on its way: how many of its documents are new on the topic, and what was refused of it."""

    file: FoundFile
    version: bytes
    documents: int = 0
    refusals: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True)
class DeliveryRules:
    """What files become: the status of one whose documents are all sent, and of one that has something refused.

    `deletes`: a document that a new version of its file no longer has is deleted, by a tombstone. `rate` is the most
    documents a second.
    """

    sent: Status = Status.SENT
    refused: Status = Status.FAILED
    deletes: bool = False
    rate: float | None = None


@dataclass
class _Batch:
    """Documents that share their notes: those to send, those that the topic has already, and the files that end here.

    `values` is the last value of each key, `owners` the file that has it.
    """

    to_send: list[tuple[SentFile | None, Entry, ProducerRecord]] = field(default_factory=list)
    kept: list[Entry] = field(default_factory=list)
    dropped: list[Entry] = field(default_factory=list)
    ended: list[SentFile] = field(default_factory=list)
    deleted: list[tuple[str, int]] = field(default_factory=list)
    values: dict[bytes, bytes | None] = field(default_factory=dict)
    owners: dict[bytes, str] = field(default_factory=dict)
    bytes: int = 0


class Delivery:
    """Sends documents and tombstones, for as long as its `with` block lasts.

    `is_there` tells whether a file is still in the folder. `on_ended` is called with the files whose end is noted,
    `on_deleted` with the names whose documents are deleted, and the number of these. When `stop` is set, a batch ends
    with the document that is being sent; what is not sent is not noted.
    """

    def __init__(
        self,
        settings: Settings,
        state: State,
        rules: DeliveryRules,
        stop: threading.Event,
        *,
        is_there: Callable[[str], bool],
        on_ended: Callable[[list[SentFile]], None],
        on_deleted: Callable[[list[tuple[str, int]]], None],
    ) -> None:
        if not _PATIENCE.keys() & settings.kafka.keys():
            settings = settings.model_copy(update={"kafka": {**settings.kafka, **_PATIENCE}})
        self._settings, self._state, self._rules, self._stop = settings, state, rules, stop
        self._is_there, self._on_ended, self._on_deleted = is_there, on_ended, on_deleted
        self._pace = Pace(rules.rate, stop) if rules.rate else None
        self._batch = _Batch()
        self._acknowledged: set[int] = set()
        self._reasons: dict[str, str] = {}
        self._stack = ExitStack()
        self._topic = InputTopic(settings)
        self._publisher = Publisher(settings, on_acknowledged=self._acknowledge, on_refused=self._refuse)

    def __enter__(self) -> Delivery:
        """Connect; raises `BrokerError`, `TopicError`."""
        with ExitStack() as stack:
            stack.enter_context(self._topic)
            stack.enter_context(self._publisher)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def topic_id(self) -> str:
        """Return the id that tells the topic from another of its name; raises `BrokerError`, `TopicError`."""
        return self._topic.id()

    def recover(self) -> tuple[int, int]:
        """Note what an interrupted run had sent: how many documents the topic has, and of how many nobody knows.

        The latter are sent again. Raises `BrokerError`, `TopicError`.
        """
        intents, starts = self._state.intents()
        if not intents:
            return 0, 0
        seen = self._topic.find({(entry.key, entry.value) for entry in intents}, starts)
        sent = [entry for entry in intents if seen is not None and (entry.key, entry.value) in seen]
        self._state.conclude(sent)
        return len(sent), len(intents) if seen is None else 0

    def add(self, file: SentFile, record: ProducerRecord) -> None:
        """Take a document of a file; raises `BrokerError`, `TopicError`."""
        key = record.key or b""
        entry = Entry(file.file.name, key, value_hash(record.value or b""), file.version)
        if self._batch.owners.get(key, entry.file) != entry.file:
            # Which of the two files has the key the state knows after that.
            self.flush()
        if refusal := unfit(record, self._settings) or self._clash(entry):
            file.refusals.append(Refusal(record.name, refusal))
            return
        if self._batch.values.get(key, b"") == entry.value:
            return
        self._batch.values[key], self._batch.owners[key] = entry.value, entry.file
        if self._state.has(entry) or entry.value in self._state.holders(key, entry.file).values():
            self._batch.kept.append(entry)
        else:
            self._batch.to_send.append((file, entry, record))
            self._batch.bytes += record.size
        self._flush_when_full()

    def end(self, file: SentFile) -> None:
        """Take the end of a file: from now on this is its version; raises `BrokerError`, `TopicError`."""
        if self._stop.is_set():
            # Its last documents may not have been sent.
            return
        # What cannot be read of a file may still be there.
        if self._rules.deletes and not file.refusals and self._state.known(file.file.name):
            # After that the state knows which documents the file had and has no more.
            self.flush()
            self._delete(file.file.name, self._state.keys(file.file.name, besides=file.version), file.version)
        self._batch.ended.append(file)
        self._flush_when_full()

    def delete(self, name: str) -> None:
        """Delete all documents of a file that is gone; raises `BrokerError`, `TopicError`."""
        self.flush()
        self._batch.deleted.append((name, self._delete(name, self._state.keys(name), b"")))
        self._flush_when_full()

    def _delete(self, name: str, keys: Iterable[bytes], version: bytes) -> int:
        number = 0
        for key in keys:
            entry = Entry(name, key, None, version)
            # A document that another file has, too, or that moved to another file, stays.
            if any(map(self._is_there, self._state.holders(key, name))):
                self._batch.dropped.append(entry)
                continue
            number += 1
            self._batch.owners[key] = name
            self._batch.to_send.append((None, entry, ProducerRecord(key.decode(errors="replace"), key, None)))
        return number

    def flush(self) -> None:
        """Send what was taken, wait for Kafka, and note it; raises `BrokerError`, `TopicError`."""
        batch, self._batch = self._batch, _Batch()
        if not (batch.to_send or batch.kept or batch.dropped or batch.ended or batch.deleted):
            return
        self._acknowledged.clear()
        self._reasons.clear()
        if batch.to_send:
            self._state.intend([entry for _, entry, _ in batch.to_send], self._topic.ends())
            for _, _, record in batch.to_send:
                if self._pace is not None:
                    self._pace.wait()
                if self._stop.is_set():
                    break
                self._send(record)
            self._publisher.flush()
        sent, unsent = [], set()
        for file, entry, record in batch.to_send:
            if id(record) in self._acknowledged:
                sent.append(entry)
                if file is not None:
                    file.documents += 1
            elif file is not None and record.name in self._reasons:
                file.refusals.append(Refusal(record.name, self._reasons[record.name]))
            else:
                unsent.add(entry.file)
        ended = [file for file in batch.ended if file.file.name not in unsent]
        deleted = [(name, number) for name, number in batch.deleted if name not in unsent]
        self._state.conclude(
            [*batch.kept, *sent],
            dropped=batch.dropped,
            outcomes=[Outcome(file.file, file.version, self._status(file)) for file in ended],
            deleted=[name for name, _ in deleted],
        )
        if ended:
            self._on_ended(ended)
        if deleted:
            self._on_deleted(deleted)

    def _send(self, record: ProducerRecord) -> None:
        try:
            self._publisher.send(record)
        except TopicError:
            # A topic that is missing looks like a Kafka that went away; this raises `BrokerAway` for the latter.
            self._topic.id()
            raise

    def _flush_when_full(self) -> None:
        batch = self._batch
        # At a rate a batch takes a second, so that a stop finds little that was only intended.
        most = _MOST_DOCUMENTS if self._rules.rate is None else max(1, min(_MOST_DOCUMENTS, int(self._rules.rate)))
        items = len(batch.to_send) + len(batch.kept) + len(batch.ended) + len(batch.deleted)
        if batch.bytes >= _MOST_BYTES or len(batch.to_send) >= most or items >= 2 * _MOST_DOCUMENTS:
            self.flush()

    def _status(self, file: SentFile) -> Status:
        return self._rules.refused if file.refusals else self._rules.sent

    def _clash(self, entry: Entry) -> str | None:
        """Return why a document cannot be sent: another file that is still there has its id, and another text."""
        for other, value in self._state.holders(entry.key, entry.file).items():
            if value != entry.value and self._is_there(other):
                return f"{other} has a document with the same id, which this one would replace; take --id path"
        return None

    # The publisher calls these two from its client's thread.
    def _acknowledge(self, record: ProducerRecord) -> None:
        self._acknowledged.add(id(record))

    def _refuse(self, refusal: Refusal) -> None:
        self._reasons[refusal.name] = refusal.reason
