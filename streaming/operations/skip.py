"""`gistream skip`: gives up a micro-batch that a query cannot get past, and lets it go on behind it.

    the planned micro-batch -> dead letters, deletions -> its commit in the checkpoint
    kafka/records              kafka/sending or archive   checkpoint/positions

No document is read or summarized, and neither Spark nor an engine starts: what ends their processes at
these records must not end this one. Each record becomes a dead letter with its original bytes, for `gistream redrive`;
a deletion is carried out.

Guarantee: as for every other micro-batch, each record has its result before the micro-batch is committed. A result that
has left already, before a process ended or before an earlier skip was killed, is not given a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streaming.archive import Archive, ArchiveLocation
from streaming.errors import CheckpointError, DocumentError, DocumentFailed, UsageError
from streaming.kafka.records import read_ranges, read_raw, topic_ranges
from streaming.kafka.sending import KafkaRecord, send_records
from streaming.kafka.topic import result_topics
from streaming.kafka.topics import Admin, extents_now
from streaming.messages import DeadLetter, OutputMessage, Record, Source, read_result, restored
from streaming.pipeline.decode import RecordFormat, Tombstone, decode, record_format
from streaming.pipeline.results import Result, Topics, dead_letter_result, tombstone_result
from streaming.settings import Settings
from streaming.spark.checkpoint.checkpoint import Checkpoint, locked
from streaming.spark.checkpoint.checkpoint import Record as CheckpointRecord
from streaming.spark.checkpoint.losses import refuse_losses
from streaming.spark.checkpoint.positions import commit_planned, name_planned, read_positions
from streaming.spark.checkpoint.spark_logs import PlannedBatch, last_committed, planned_batch
from streaming.spark.other_results import outputs_of
from streaming.spark.prepare import result_limits
from streaming.spark.sinks.parquet import archive_name

# The type of these dead letters.
PROCESS_LOST = "ProcessLost"
# How far the clocks of the machines may differ, in milliseconds, where results are looked for since the planning.
_CLOCKS_MS = 3_600_000
# A record's first position, and how often its document has failed before.
_Attempt = tuple[str, int, int, int]


@contextmanager
def open_skip(settings: Settings, number: int) -> Iterator[Skip]:
    """Hold the checkpoint of the query and yield what a skip of its micro-batch `number` would do.

    Raises `CheckpointError` when the query runs, or has nothing planned, `UsageError` when another micro-batch is
    planned or the settings name other outputs than the query's, `BrokerError`, and the error for lost records
    (`losses`).
    """
    checkpoint = Checkpoint(settings.checkpoint_location)
    if not (Path(checkpoint.location) / "offsets").is_dir():
        raise CheckpointError(f"Query '{settings.query}' has no micro-batch in {checkpoint.location}, so none to skip.")
    with locked(checkpoint) as earlier:
        planned = _planned(settings, number)
        outputs = _outputs(settings, earlier)
        refuse_losses(
            checkpoint.location,
            read_positions(checkpoint.location),
            earlier.topic_ids,
            extents_now(settings, earlier.topic_ids),
            growing=settings.input_pattern is not None,
        )
        yield Skip(settings, planned, earlier, outputs)


def _planned(settings: Settings, number: int) -> PlannedBatch:
    planned = planned_batch(settings.checkpoint_location)
    if planned.number == last_committed(settings.checkpoint_location):
        raise CheckpointError(
            f"Query '{settings.query}' has begun no micro-batch that is not committed: its last one is "
            f"{planned.number}. There is nothing to skip; `gistream run` goes on behind it."
        )
    if planned.number != number:
        raise UsageError(
            f"The micro-batch that query '{settings.query}' has begun is {planned.number}, not {number}; it has "
            f"{name_planned(settings.checkpoint_location)}."
        )
    return planned


def _outputs(settings: Settings, earlier: CheckpointRecord) -> tuple[str, ...]:
    archive = ArchiveLocation(settings.parquet) if settings.parquet is not None else None
    dead_letters = settings.dead_letter_topic if settings.to_kafka else None
    outputs = outputs_of(settings, archive)
    if (set(outputs), dead_letters) != (set(earlier.outputs), earlier.dead_letters):
        raise UsageError(
            f"Query '{settings.query}' wrote to {' and '.join(sorted(earlier.all_outputs))} at its last start, and "
            "these settings name other outputs; give this command the query's --sink, --output-topic and "
            "--dead-letter-topic."
        )
    return (*outputs, *([] if dead_letters is None else [f"topic {dead_letters}"]))


class Skip:
    """A micro-batch that is about to be given up, while its checkpoint is held; see `open_skip`.

    `offsets` names its offsets. Its records are `letters`, which become dead letters, `deletions`, and those that have
    their result `already`. `outputs` says where results go.
    """

    def __init__(
        self, settings: Settings, planned: PlannedBatch, earlier: CheckpointRecord, outputs: Sequence[str]
    ) -> None:
        self._settings, self._planned, self._checkpoint_id = settings, planned, earlier.id or ""
        self._format = record_format(settings)
        self.outputs, self.offsets = outputs, name_planned(settings.checkpoint_location)
        with Admin(settings) as admin:
            self._topics = result_limits(settings, admin.describe(result_topics(settings)))
        attempts = {_attempt(record) for record in self._read()}
        # The archive knows by itself what it has.
        self._settled = attempts & set(_settled(settings, attempts, planned)) if settings.to_kafka else set()
        is_deletion = [record.value is None for record in self._records()]
        self.deletions, self.letters = is_deletion.count(True), is_deletion.count(False)
        self.already = len(self._settled)

    def carry_out(self) -> None:
        """Give each record its result, and commit the micro-batch; raises the service's errors."""
        results = map(self._result, self._records())
        if self._settings.to_kafka:
            send_records(
                self._settings, (KafkaRecord(r.topic, None, r.key, r.value, tuple(r.headers)) for r in results)
            )
        elif self._settings.parquet is not None:
            # The name of the query's own files, so that a micro-batch that is written again is there once.
            name = f"{archive_name(self._settings, self._checkpoint_id)}-{self._planned.number:09d}"
            Archive(ArchiveLocation(self._settings.parquet)).write(self._messages(results), name=name)
        commit_planned(self._settings.checkpoint_location, self._planned.number)

    def _messages(self, results: Iterable[Result]) -> Iterator[OutputMessage]:
        for result in results:
            is_letter = result.topic == self._topics.dead_letter
            if (message := read_result(result.key, result.value, result.headers, dead_letter=is_letter)) is not None:
                yield message

    def _records(self) -> Iterator[Record]:
        return (record for record in self._read() if _attempt(record) not in self._settled)

    def _read(self) -> Iterator[Record]:
        return map(restored, read_ranges(self._settings, self._planned.ranges))

    def _result(self, record: Record) -> Result:
        return skipped(record, self._planned.number, self._format, self._topics)


def skipped(record: Record, number: int, record_format: RecordFormat, topics: Topics) -> Result:
    """Return the result of a record of the skipped micro-batch `number`.

    Raises the registry's errors where a deletion's key has a schema.
    """
    error: DocumentError = DocumentFailed(
        f"a process ended each time that micro-batch {number}, with this record and others, was summarized; the "
        "micro-batch was skipped",
        type=PROCESS_LOST,
    )
    stage = "summarize"
    if record.value is None:
        try:
            deletion = decode(record, record_format)
            if isinstance(deletion, Tombstone):
                return tombstone_result(deletion, record, topics)
        except DocumentError as refusal:
            error, stage = refusal, "decode"
    return dead_letter_result(record, error, stage, topics)


def _settled(settings: Settings, attempts: set[_Attempt], planned: PlannedBatch) -> Iterator[_Attempt]:
    """Yield which of the attempts have their result on the topics since the micro-batch was planned."""
    by_position: dict[tuple[str, int, int], list[_Attempt]] = {}
    for attempt in attempts:
        by_position.setdefault(attempt[:3], []).append(attempt)
    for topic in result_topics(settings):
        is_letter = topic == settings.dead_letter_topic
        for raw in read_raw(settings, topic_ranges(settings, [topic], planned.planned_at - _CLOCKS_MS, None)):
            result = read_result(raw.key, raw.value, raw.headers, dead_letter=is_letter)
            if result is None or result.source is None:
                continue
            position = _position(result.source)
            if isinstance(result, DeadLetter):
                # One of an earlier attempt is no result of this one.
                yield (*position, result.error.attempts - 1)
            else:
                yield from by_position.get(position, [])


def _attempt(record: Record) -> _Attempt:
    return (*_position(record.source), record.attempts)


def _position(source: Source) -> tuple[str, int, int]:
    return source.topic, source.partition, source.offset
