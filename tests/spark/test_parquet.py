"""Results as Parquet: the model runs once a batch, and each identity is there once, whatever breaks in between."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from installation import Send, document, read_topic
from kafka import KafkaProducer
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain, drain_and_archive

from streaming.archive import Archive
from streaming.errors import MachineError
from streaming.spark.archive_query import archiving, hold_archive_checkpoint
from streaming.spark.prepare import Plan
from streaming.spark.watch import StopRequest, finish


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def archive(spark: SparkSession, plan: Plan) -> None:
    """Archive what is on the output topics, as `gistream run --once` does."""
    with hold_archive_checkpoint(plan) as archive_query:
        assert archive_query is not None
        with archiving(spark, plan.settings, archive_query, once=True) as query:
            finish(query, stop=StopRequest(), on_progress=lambda: None)


def ids(folder: Path, kind: str = "summaries") -> list[str]:
    if not (folder / kind).exists():
        return []
    return sorted(ds.dataset(folder / kind, partitioning="hive").to_table()["id"].to_pylist())


def test_one_action_makes_all_data_sets_of_a_batch(
    spark: SparkSession, plan: MakePlan, send: Send, out: Path, log: Path
) -> None:
    ready = plan(sink=(f"parquet={out}",))
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(8)], (b"bad", b"{"), (b"d1", None))
    [batch] = drain(spark, ready)
    assert (batch.records, batch.dead_letters) == (10, 1)
    assert log.read_text().count("generated") == 8
    assert ids(out) == [f"d{n}" for n in range(8)]
    assert ids(out, "deletions") == ["d1"]
    assert ds.dataset(out / "dead_letters").to_table()["value"].to_pylist() == [b"{"]
    assert len(list(out.rglob("*.parquet"))) == 3
    read_by_spark = spark.read.parquet(str(out / "summaries")).select("id", "source.offset", "metadata", "day")
    assert read_by_spark.count() == 8


def test_without_the_kafka_sink_no_output_topics_are_needed(
    spark: SparkSession, plan: MakePlan, send: Send, out: Path
) -> None:
    ready = plan(sink=(f"parquet={out}",))
    assert (ready.outputs, ready.created) == ([], [ready.settings.input_topic])


def test_a_batch_that_was_written_but_not_committed_is_there_once(
    spark: SparkSession, plan: MakePlan, send: Send, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = plan(sink=(f"parquet={out}",))
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(4)], (b"bad", b"{"))
    write = Archive.write

    def write_and_break(self: Archive, *records: object, **name: str) -> None:
        write(self, *records, **name)  # type: ignore[arg-type]
        raise MachineError("Broken after the files were published.")

    monkeypatch.setattr(Archive, "write", write_and_break)
    with pytest.raises(MachineError, match=r"^Broken after the files were published\.$"):
        drain(spark, ready)
    assert len(ids(out)) == 4
    assert not list(Path(ready.settings.checkpoint_location, "commits").glob("[0-9]*"))
    monkeypatch.undo()
    drain(spark, ready)
    assert ids(out) == [f"d{n}" for n in range(4)]
    assert len(list(out.rglob("*.parquet"))) == 2


def test_a_new_checkpoint_adds_nothing_and_overwrites_nothing(
    spark: SparkSession, plan: MakePlan, send: Send, out: Path, tmp_path: Path
) -> None:
    ready = plan(sink=(f"parquet={out}",))
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(4)])
    drain(spark, ready)
    before = {path: path.read_bytes() for path in out.rglob("*.parquet")}
    drain(spark, plan(sink=(f"parquet={out}",), checkpoint=str(tmp_path / "another")))
    assert {path: path.read_bytes() for path in out.rglob("*.parquet")} == before
    # Another recipe makes other results.
    drain(spark, plan(sink=(f"parquet={out}",), checkpoint=str(tmp_path / "third"), max_tokens=40))
    assert ids(out) == sorted([f"d{n}" for n in range(4)] * 2)


def test_with_both_sinks_the_archive_holds_what_the_topics_do_and_runs_no_model(
    spark: SparkSession, plan: MakePlan, send: Send, out: Path, log: Path
) -> None:
    ready = plan(sink=("kafka", f"parquet={out}"))
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(6)], (b"bad", b"{"), (b"d1", None))
    drain(spark, ready)
    assert ids(out) == []
    archive(spark, ready)
    assert log.read_text().count("generated") == 6
    assert ids(out) == [f"d{n}" for n in range(6)]
    assert ids(out, "deletions") == ["d1"]
    assert len(ds.dataset(out / "dead_letters").to_table()) == 1
    send((b"d9", document("One more.")))
    drain(spark, ready)
    archive(spark, ready)
    assert ids(out) == sorted([*(f"d{n}" for n in range(6)), "d9"])


def test_what_stands_twice_on_the_topic_is_archived_once(
    spark: SparkSession, plan: MakePlan, send: Send, out: Path, tmp_path: Path
) -> None:
    ready = plan(sink=("kafka", f"parquet={out}"))
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(4)])
    drain(spark, ready)
    archive(spark, ready)
    # The same documents by the same recipe, as after a crash; and an archive that begins again.
    again = plan(sink=("kafka", f"parquet={out}"), checkpoint=str(tmp_path / "another"))
    drain(spark, again)
    assert len(read_topic(ready.settings, ready.settings.output_topic)) == 8
    archive(spark, ready)
    archive(spark, again)
    assert ids(out) == [f"d{n}" for n in range(4)]


def test_records_of_somebody_else_on_the_topic_do_not_stop_the_archive(
    spark: SparkSession, plan: MakePlan, send: Send, out: Path
) -> None:
    ready = plan(sink=("kafka", f"parquet={out}"))
    send((b"a", document("A text.")))
    drain(spark, ready)
    [result] = read_topic(ready.settings, ready.settings.output_topic)
    # One that no column could hold, and one that is no summary at all.
    huge = json.loads(result.value) | {"tokens": {"prompt": 10**30, "completion": 1}}
    producer = KafkaProducer(bootstrap_servers=ready.settings.servers)
    for value in (json.dumps(huge).encode(), b"hello", b"{}"):
        producer.send(ready.settings.output_topic, value, key=b"x")
    producer.close()
    archive(spark, ready)
    assert ids(out) == ["a"]


def test_an_archive_that_breaks_lets_the_running_batch_end_and_says_why(
    spark: SparkSession, plan: MakePlan, send: Send, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = plan(seconds=0.5, sink=("kafka", f"parquet={out}"), batch_documents=6, partitions=1)
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(12)])

    def broken(*_: object, **__: str) -> None:
        raise MachineError("The disk is gone.")

    monkeypatch.setattr(Archive, "write", broken)
    # Something for the archive to break on at once.
    drain(spark, plan(batch_documents=1, max_tokens=40, checkpoint=str(out.parent / "first")))
    with pytest.raises(MachineError, match=r"^The disk is gone\.$"):
        drain_and_archive(spark, ready, once=False)
    # Whole batches or none.
    assert len(read_topic(ready.settings, ready.settings.output_topic)) in (12, 18, 24)


def test_another_place_gets_everything_from_the_beginning(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path
) -> None:
    ready = plan()
    send((b"a", document("A text.")))
    drain(spark, ready)
    for folder in (tmp_path / "one", tmp_path / "two"):
        archive(spark, plan(sink=("kafka", f"parquet={folder}")))
        assert ids(folder) == ["a"]


def test_a_topic_that_comes_later_and_matches_the_pattern_is_read_too(
    spark: SparkSession, plan: MakePlan, send: Send, out: Path
) -> None:
    name = plan().settings.input_topic
    send((b"a", document("A text.")))
    pattern = {"sink": (f"parquet={out}",), "input_pattern": f"{name}.*"}
    drain(spark, plan(**pattern))
    assert plan(input_topic=f"{name}-later").created == [f"{name}-later"]
    ready = plan(**pattern)
    assert [topic.name for topic in ready.inputs] == [name, f"{name}-later"]
    producer = KafkaProducer(bootstrap_servers=ready.settings.servers)
    producer.send(f"{name}-later", document("Another."), key=b"b")
    producer.close()
    drain(spark, ready)
    assert ids(out) == ["a", "b"]


def test_several_input_topics_are_one_stream(spark: SparkSession, plan: MakePlan, send: Send, out: Path) -> None:
    name = plan().settings.input_topic
    send((b"a", document("A text.")))
    ready = plan(sink=(f"parquet={out}",), input_topic=f"{name},{name}-second")
    assert ready.created == [f"{name}-second"]
    producer = KafkaProducer(bootstrap_servers=ready.settings.servers)
    producer.send(f"{name}-second", document("Another."), key=b"b")
    producer.close()
    drain(spark, ready)
    assert ids(out) == ["a", "b"]
