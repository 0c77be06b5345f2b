"""`gistream replay` summarizes a range again: each record of it once, and nothing else."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fake_engines import FakeRecipe
from installation import Send, document, read_topic
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain

from streaming.errors import Abandoned, EngineError, TopicError, UsageError
from streaming.kafka.topics import Admin
from streaming.operations.offset_range import parse_bounds
from streaming.operations.replay.record import ReplayFolder, listed
from streaming.operations.replay.replay import Replay, begin, find_ranges, reopen
from streaming.operations.replay.run import replay_rest
from streaming.settings import Settings
from streaming.spark.apart.record_batch import run_records
from streaming.spark.look import Look
from streaming.spark.query import hold_checkpoint
from streaming.spark.watch import Batch, StopRequest

BeginReplay = Callable[..., Replay]


@pytest.fixture(autouse=True)
def topics(settings: Settings) -> None:
    with Admin(settings) as admin:
        admin.ensure()


@pytest.fixture
def begin_replay(settings: Settings, log: Path) -> BeginReplay:
    """Begin a replay with a fake engine, in micro-batches of four documents; settings may be changed by name."""

    def make(start: str, end: str = "latest", *, filters: Sequence[str] = (), **changes: Any) -> Replay:
        changed = settings.model_copy(update={"master": "local[2]", "batch_documents": 4, **changes})
        ranges = find_ranges(changed, parse_bounds(start, end))
        replay = begin(changed, ranges, bounds=(start, end), filters=filters, output_topic=None, dead_letter_topic=None)
        return with_fake_engine(replay, log)

    return make


def with_fake_engine(replay: Replay, log: Path) -> Replay:
    work = replace(replay.plan.task_plan.work, engine=FakeRecipe(str(log)))
    replay.plan = replace(replay.plan, task_plan=replace(replay.plan.task_plan, work=work))
    return replay


def finish(
    spark: SparkSession, replay: Replay, *, on_batch: Callable[[Batch], None] = lambda _batch: None,
    stop: StopRequest | None = None,
) -> None:  # fmt: skip
    with hold_checkpoint(replay.plan) as checkpoint_id:
        run_batch = partial(run_records, spark, replay.plan, checkpoint_id)
        replay_rest(replay, run_batch, stop=stop or StopRequest(), on_batch=on_batch)


def replayed(replay: Replay) -> Counter[tuple[int, int]]:
    """Return how often each position has a result."""
    positions: Counter[tuple[int, int]] = Counter()
    for topic in (replay.record.output_topic, replay.record.dead_letter_topic):
        for record in read_topic(replay.plan.settings, topic):
            headers = {name: value.decode() for name, value in record.headers}
            source = json.loads(record.value)["source"] if "source.offset" not in headers else None
            partition, offset = (source["partition"], source["offset"]) if source else (
                int(headers["source.partition"]), int(headers["source.offset"])
            )  # fmt: skip
            positions[partition, offset] += 1
    return positions


def stop_after(batches: int, stop: StopRequest) -> Callable[[Batch], None]:
    def on_batch(batch: Batch) -> None:
        if batch.number + 1 == batches:
            stop.request()

    return on_batch


def test_a_range_is_replayed_exactly_while_input_arrives_and_after_two_interruptions(
    spark: SparkSession, plan: MakePlan, begin_replay: BeginReplay, send: Send, settings: Settings, log: Path
) -> None:
    sent = send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(40)])
    drain(spark, plan())
    before = read_topic(settings, settings.output_topic)
    with Admin(settings) as admin:
        groups = set(admin.committed_metadata("gistream-"))
    first, last = sorted(sent)[3], max(offset for partition, offset in sent if partition == 1)
    replay = begin_replay(f"0={first[1]},1=2", f"0={first[1] + 9},1={last}")
    wanted = {(0, first[1] + n) for n in range(9)} | {(1, n) for n in range(2, last)}
    assert len(wanted) > 12
    for _ in range(2):
        stop = StopRequest()
        with pytest.raises(Abandoned):
            finish(spark, replay, stop=stop, on_batch=stop_after(replay.progress.batches + 1, stop))
        # Later times, later records: the range stays what it was.
        send(*[(b"late", document("Later.")) for _ in range(5)])
        replay = with_fake_engine(reopen(replay.plan.settings, replay.record.id), log)
        assert listed(replay.folder)["state"] == "interrupted"
    finish(spark, replay)
    assert replayed(replay) == Counter(dict.fromkeys(wanted, 1))
    assert listed(replay.folder)["state"] == "done"
    assert replay.progress.summaries == len(wanted)
    # The query has noticed nothing.
    assert read_topic(settings, settings.output_topic) == before
    with Admin(settings) as admin:
        assert set(admin.committed_metadata("gistream-")) == groups
    assert [batch.records for batch in drain(spark, plan())] == [10]
    with pytest.raises(UsageError, match="is done"):
        reopen(settings, replay.record.id)


def test_what_compaction_left_is_replayed_and_its_gaps_are_no_records(
    spark: SparkSession, begin_replay: BeginReplay, send: Send, settings: Settings
) -> None:
    compact(settings)
    # The cleaner leaves the segment that is being written; a record after `segment.ms` begins another one.
    for n in range(4):
        send(*[(f"d{key}".encode(), document(f"Text {n} of {key}.")) for key in range(6)])
        time.sleep(0.2)
    end = time.monotonic() + 120
    while len(rest := read_topic(settings, settings.input_topic)) == 24:
        assert time.monotonic() < end, "Kafka did not compact the topic"
        time.sleep(1)
    kept = {(record.partition, record.offset) for record in rest}
    last = {partition: max(offset for number, offset in kept if number == partition) for partition, _ in kept}
    # Both ends of the range are within gaps, or at the topic's own ends.
    replay = begin_replay(",".join(f"{partition}=1" for partition in last))
    finish(spark, replay)
    assert replayed(replay) == Counter({position: 1 for position in kept if position[1] >= 1})
    assert listed(replay.folder)["state"] == "done"


def compact(settings: Settings) -> None:
    """Let Kafka compact the input topic as soon as it can."""
    configs = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}
    admin = KafkaAdminClient(bootstrap_servers=settings.servers)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.input_topic, configs=configs)])
    admin.close()


def test_a_batch_that_failed_is_replayed_again_and_nothing_of_it_is_lost(
    spark: SparkSession, begin_replay: BeginReplay, send: Send, settings: Settings, log: Path
) -> None:
    sent = send(*[(b"k", document(f"Text {n}.")) for n in range(6)], (b"k", document("break")), (b"k", None))
    replay = begin_replay("earliest")
    with pytest.raises(EngineError):
        finish(spark, replay)
    assert len(replayed(replay)) == 4
    [partition] = {partition for partition, _ in sent}
    assert dict(zip(replay.record.offsets, replay.progress.positions, strict=True)) == {
        (settings.input_topic, partition): 4
    }


def test_a_replay_says_how_far_its_running_micro_batch_is(
    spark: SparkSession, begin_replay: BeginReplay, send: Send, log: Path
) -> None:
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(4)])
    replay = begin_replay("earliest")
    work = replace(replay.plan.task_plan.work, engine=FakeRecipe(str(log), 2.0))
    replay.plan = replace(replay.plan, task_plan=replace(replay.plan.task_plan, work=work))
    looks: list[Look] = []
    with hold_checkpoint(replay.plan) as checkpoint_id:
        run_batch = partial(run_records, spark, replay.plan, checkpoint_id)
        replay_rest(replay, run_batch, stop=StopRequest(), on_batch=lambda _batch: None, on_look=looks.append)
    assert {look.total for look in looks} == {4}
    # Eight seconds of work, counted every two.
    assert {look.done for look in looks} & {1, 2, 3}
    assert [look.done for look in looks] == sorted(look.done for look in looks)


def test_a_replay_of_a_topic_that_was_created_again_is_not_resumed(
    begin_replay: BeginReplay, send: Send, settings: Settings
) -> None:
    send((b"k", document("Text.")))
    replay = begin_replay("earliest")
    client = KafkaAdminClient(bootstrap_servers=settings.servers)
    client.delete_topics([settings.input_topic])
    client.close()
    with Admin(settings) as admin:
        while not admin.missing([settings.input_topic]):
            pass
        admin.ensure()
    with pytest.raises(TopicError, match="was deleted and created again since replay"):
        reopen(settings, replay.record.id)


@pytest.mark.parametrize(
    ("start", "end", "error"),
    [
        ("0=0,1=0", "0=0,1=9", "is behind its end"),
        ("7=0", "latest", "There is no partition"),
        ("0=0", "1=0", "name different partitions"),
        ("0=1", "0=0", "ends at 0, before its start at 1"),
        ("other:0=0", "latest", "is none of the input topics"),
    ],
)
def test_offsets_that_no_partition_has_are_refused(
    settings: Settings, send: Send, start: str, end: str, error: str
) -> None:
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(8)])
    with pytest.raises(UsageError, match=error):
        find_ranges(settings, parse_bounds(start, end))


def test_a_replay_of_fast_documents_comes_in_larger_micro_batches(
    spark: SparkSession, begin_replay: BeginReplay, send: Send
) -> None:
    send(*[(b"d%d" % n, document(f"Text {n}.")) for n in range(200)])
    batches: list[Batch] = []
    finish(spark, begin_replay("earliest", batch_documents=None), on_batch=batches.append)
    sizes = [batch.records for batch in batches]
    assert sum(sizes) == 200
    assert max(sizes) > 2 * sizes[0]


def test_a_filter_takes_documents_by_id_and_metadata_and_no_result_arises_for_others(
    spark: SparkSession, begin_replay: BeginReplay, send: Send
) -> None:
    sent = send(
        *[(f"d{n}".encode(), document(f"Text {n}.", metadata={"team": "xy"[n % 2]})) for n in range(30)],
        (b"d7", None), (b"bad", b"{}"),
    )  # fmt: skip
    replay = begin_replay("earliest", filters=["id=d7", "id=d8", "id=d29"])
    finish(spark, replay)
    assert replayed(replay) == Counter([sent[7], sent[8], sent[29], sent[30]])
    assert (replay.progress.summaries, replay.progress.deletions, replay.progress.skipped) == (3, 1, 28)
    both = begin_replay("earliest", filters=["id=d7", "id=d8", "metadata.team=y"])
    finish(spark, both)
    assert replayed(both) == Counter([sent[7]])


def test_gaps_of_transactions_empty_partitions_and_times_out_of_order_are_no_obstacle(
    spark: SparkSession, begin_replay: BeginReplay, settings: Settings
) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.servers, transactional_id=f"{settings.query}-gaps")
    producer.init_transactions()
    wanted = []
    base = 1_700_000_000_000
    for number in range(12):
        producer.begin_transaction()
        # Time runs backwards in the middle.
        time = base + 1000 * (number if number < 4 or number > 7 else 11 - number)
        sent = producer.send(
            settings.input_topic, key=b"k", value=document(f"Text {number}."), partition=1, timestamp_ms=time
        )
        producer.flush()
        if number % 3 == 2:
            producer.abort_transaction()
        else:
            producer.commit_transaction()
            wanted.append((1, sent.get(timeout=10).offset))
    producer.close()
    replay = begin_replay("2023-11-14T22:13:21", "latest")
    finish(spark, replay)
    assert replayed(replay) == Counter(wanted[1:])
    assert replay.read_offsets == replay.offsets
    assert not find_ranges(settings, parse_bounds("2100-01-01", "latest"))
    assert not find_ranges(settings, parse_bounds("2023-11-14T22:13:32", "2023-11-14T22:13:33"))


def test_a_cancelled_replay_stops_keeps_its_results_and_is_not_resumed(
    spark: SparkSession, begin_replay: BeginReplay, send: Send, settings: Settings
) -> None:
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(12)])
    replay = begin_replay("earliest")
    states = []

    def cancel(_batch: Batch) -> None:
        states.append(listed(replay.folder)["state"])
        ReplayFolder(settings, replay.record.id).cancel()

    with pytest.raises(Abandoned, match="cancelled"):
        finish(spark, replay, on_batch=cancel)
    assert states[0] == "running"
    assert listed(replay.folder)["state"] == "cancelled"
    assert 4 <= len(replayed(replay)) == replay.progress.summaries < 12
    with pytest.raises(UsageError, match="is cancelled"):
        reopen(settings, replay.record.id)
