"""Dead letters of an archive are redriven like those of a topic; what cannot be sent says why."""

from __future__ import annotations

from pathlib import Path

import pyarrow.dataset as ds
from installation import Send, document
from pyspark.sql import SparkSession
from redriving import account_for, letters, look, mended, send_back, states
from spark_queries import MakePlan, drain

from streaming.archive import Archive, ArchiveLocation, compact
from streaming.operations.redrive.places import LetterArchive
from streaming.settings import Settings


def test_what_cannot_be_sent_as_it_was_says_why(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, tmp_path: Path
) -> None:
    ready = plan(partitions=1)
    send((b"ok", document("A text.")), (b"bad", b"{"), (b"bad", b"["))
    drain(spark, ready)
    whole = letters(settings)[0]
    gone = whole.source.model_copy(update={"offset": 900})
    replaced = whole.source.model_copy(update={"offset": 0, "timestamp": 5})
    changes = [{"truncated": 9}, {"key": None, "value": None}, {"source": gone}, {"source": replaced}]
    topic = settings.input_topic
    for number, (change, note) in enumerate(
        zip(
            changes,
            [
                "its value was cut from 9 bytes to fit the dead letters' topic",
                "it has neither a key nor a value",
                f"topic '{topic}' has no offset 900 in partition 0",
                f"topic '{topic}' has another record at its position, so it was created again",
            ],
            strict=True,
        )
    ):
        place = LetterArchive(ArchiveLocation(str(tmp_path / str(number))))
        Archive(place.location).write([whole.model_copy(update=change)], name="q-0")
        assert [(d.state, d.note) for d in look(settings, place)] == [("unsendable", note)]
    others = settings.model_copy(update={"input_topic": "another"})
    assert {(d.state, d.note) for d in look(others)} == {
        ("unsendable", f"topic '{topic}' is no input topic here; name it with --input-topic")
    }


def test_dead_letters_of_an_archive_are_redriven_too(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ready = plan(sink=(f"parquet={out}",))
    send((b"a", document("It must fail.")), (b"b", document("It must fail.")), (b"ok", document("A text.")))
    drain(spark, ready)
    place = LetterArchive(ArchiveLocation(str(out)))
    assert send_back(settings, place).sent == 2
    drain(spark, ready)
    assert {(d.name, d.error.attempts, d.failures, d.state) for d in look(settings, place)} == {
        ("a", 2, 2, "waiting"), ("b", 2, 2, "waiting"),
    }  # fmt: skip
    assert len(ds.dataset(out / "dead_letters").to_table()) == 4
    whole = account_for(settings, place.location)
    assert (whole.records, whole.redriven, whole.dead_letters, whole.missing_records, whole.twice) == (3, 2, 4, 0, 0)
    compact(ArchiveLocation(str(out)), lambda _: None)
    rows = ds.dataset(out / "dead_letters").to_table().to_pylist()
    assert [row["error"]["attempts"] for row in rows] == [2, 2]
    assert send_back(settings, place).sent == 2
    drain(spark, mended(ready))
    assert set(states(settings, place).values()) == {"summarized"}
    found = ds.dataset(out / "summaries").to_table().to_pylist()
    assert sorted((row["id"], row["source"]["offset"] < 3) for row in found) == [
        ("a", True), ("b", True), ("ok", True),
    ]  # fmt: skip
