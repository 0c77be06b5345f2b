"""`gistream forget` leaves nothing of a document that a search for bytes finds, but what Kafka still has."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from folders import files_below
from installation import Send, document, read_topic
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from pyspark.sql import SparkSession
from rich.console import Console
from spark_queries import MakePlan, drain

from consumers.tail import Tail
from streaming.archive import ArchiveLocation
from streaming.messages import DeadLetter, Deletion, FailedDocument, Summary
from streaming.operations.forget.forget import Remaining, forget
from streaming.operations.forget.places import Places, look
from streaming.operations.redrive.places import LetterTopic
from streaming.operations.redrive.survey import survey
from streaming.operations.verify.verify import verify
from streaming.settings import Settings
from streaming.spark.archive_query import archiving, hold_archive_checkpoint
from streaming.spark.prepare import Plan
from streaming.spark.watch import StopRequest, finish
from streaming.terminal.progress import ProgressBar

# Spark logs milliseconds.
MILL = "mill-of-orrin"
SECRET = "The zanzibar mill burned on Tuesday. Anna saw the smoke."


def archive(spark: SparkSession, plan: Plan) -> None:
    """Archive what is on the output topics; each start has a plan of its own, which knows the ends of the topics."""
    with hold_archive_checkpoint(plan) as archive_query:
        assert archive_query is not None
        with archiving(spark, plan.settings, archive_query, once=True) as query:
            finish(query, stop=StopRequest(), on_progress=lambda: None)


def forgotten(settings: Settings, *ids: str) -> tuple[Places, list[Remaining]]:
    with ProgressBar(Console(file=io.StringIO())) as bar:
        places = look(settings, ids, [], bar)
        return places, forget(settings, places, bar)


def holding(folders: Sequence[Path], *texts: str) -> list[Path]:
    """Return the files in whose bytes, also unpacked, one of the texts is; without the broker's own."""
    found = []
    for path in (path for folder in folders for path in files_below(folder, leave_out="broker")):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += repr(pq.read_table(path).to_pylist()).encode()
        if content.startswith(b"\x1f\x8b"):
            content += gzip.decompress(content)
        if any(text.encode() in content for text in texts):
            found.append(path)
    return found


def test_nothing_of_a_document_is_found_afterwards_and_others_keep_what_is_theirs(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, tmp_path: Path
) -> None:
    settings_of = {"sink": ("kafka", f"parquet={tmp_path / 'out'}"), "store": str(tmp_path / "store")}
    ready = plan(**settings_of)
    (sent, *_) = send(
        (MILL.encode(), document(SECRET)),
        (b"twin", document(SECRET)),
        (b"ship", document("The harbour froze.")),
        (b"bad", b'{"zanzibar": 1}'),
    )
    drain(spark, ready)
    archive(spark, plan(**settings_of))
    folders = [settings.data_dir, tmp_path]
    assert {path.parent.parent.name for path in holding(folders, "zanzibar")} >= {"summaries", "dead_letters"}

    places, remaining = forgotten(ready.settings, MILL, "twin", "bad")
    assert remaining == []
    mill = places.documents[MILL]
    assert [(r.place.partition, r.place.offset) for r in mill.inputs] == [sent]
    assert (len(mill.results), len(mill.entries)) == (1, 2)
    assert dict(next(iter(mill.rows.values())).rows) == {"summaries": 1}
    assert len(places.documents["bad"].dead_letters) == 1
    # Both had the answer and the summary of one text, and one of them has generated it.
    assert len(places.documents["twin"].entries) == 2
    hashes = [r["document_sha256"] for r in summaries(ready.settings) if r["id"] == MILL]
    assert holding(folders, "zanzibar", MILL, "twin", "'bad'", *hashes) == []
    assert [row["id"] for row in pq.read_table(tmp_path / "out" / "summaries").to_pylist()] == ["ship"]

    # The archive's query meets the tombstones, and the ids do not come back by them.
    archive(spark, plan(**settings_of))
    assert holding(folders, "zanzibar", MILL, "twin", "'bad'") == []
    location = ArchiveLocation(str(tmp_path / "out"))
    account = verify(ready.settings, archive=location, on_record=lambda: None)
    assert (account.summaries, account.deletions, account.missing_records) == (1, 3, 0)
    again, remaining = forgotten(ready.settings, MILL)
    assert (remaining, again.documents[MILL].rows, again.documents[MILL].entries) == ([], {}, [])
    # A deletion is the newest already.
    assert len([r for r in read_topic(settings, settings.output_topic) if r.key == MILL.encode()]) == 2


def summaries(settings: Settings) -> list[dict[str, Any]]:
    records = read_topic(settings, settings.output_topic)
    return [Summary.model_validate_json(r.value).model_dump() for r in records if r.value is not None]


def test_readers_leave_out_a_summary_that_a_crashed_batch_sends_again(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, tmp_path: Path
) -> None:
    ready = plan()
    send((b"mill", document(SECRET)), (b"ship", document("The harbour froze.")))
    drain(spark, ready)
    forgotten(ready.settings, "mill")
    # The same records once more, as after a crash that came before the commit.
    drain(spark, plan(checkpoint=str(tmp_path / "replay")))
    tail = Tail(settings)
    tail.seek("earliest")
    shown = [result for result in tail.read(until_end=True) if result is not None]
    tail.close()
    mill = [result for result in shown if isinstance(result, Summary | Deletion) and result.id == "mill"]
    assert [type(result) for result in mill] == [Summary, Deletion]


def test_what_a_query_will_still_bring_is_named(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path
) -> None:
    sinks = {"sink": ("kafka", f"parquet={tmp_path / 'out'}")}
    ready = plan(**sinks)
    send((b"mill", document(SECRET)))
    drain(spark, ready)
    archive(spark, plan(**sinks))
    [(partition, offset)] = send((b"mill", document(f"{SECRET} More.")))
    _, [unread] = forgotten(ready.settings, "mill")
    assert unread.id == "mill"
    place = f"{ready.settings.input_topic}-{partition} offset {offset}"
    assert f"{ready.settings.query} has not read {place} yet" in unread.sentence
    drain(spark, plan(**sinks))
    # Now it is the archive's copy that is behind.
    _, [unread] = forgotten(ready.settings, "mill")
    assert f"{ready.settings.query}-archive-" in unread.sentence
    archive(spark, plan(**sinks))
    assert forgotten(ready.settings, "mill")[1] == []
    assert holding([tmp_path], "zanzibar") == []


def test_a_dead_letter_topic_that_is_compacted_gets_a_tombstone_and_one_that_keeps_for_ever_is_named(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan()
    send((b"bad", b"{}"))
    drain(spark, ready)
    assert [letter.state for letter in dead_letters(settings)] == ["waiting"]
    assert forgotten(ready.settings, "bad")[1] == []
    assert [r.value for r in read_topic(settings, settings.dead_letter_topic)] == [b"{}"]
    # A redrive leaves it, and forgetting it again sends nothing.
    assert [letter.state for letter in dead_letters(settings)] == ["summarized"]
    assert [(r.key, r.value) for r in read_topic(settings, settings.output_topic)] == [(b"bad", None)]
    assert forgotten(ready.settings, "bad")[1] == []
    assert len(read_topic(settings, settings.output_topic)) == 1
    configure(settings, settings.dead_letter_topic, {"cleanup.policy": "compact"})
    _, [forever] = forgotten(ready.settings, "bad")
    assert "set its max.compaction.lag.ms" in forever.sentence
    assert [(r.key, r.value) for r in read_topic(settings, settings.dead_letter_topic)] == [
        (b"bad", b"{}"),
        (b"bad", None),
    ]
    # No reader takes the tombstone for a foreign record.
    tail = Tail(settings, summaries=False, dead_letters=True)
    tail.seek("earliest")
    assert [type(result) for result in tail.read(until_end=True) if result is not None] == [DeadLetter]
    tail.close()
    configure(settings, settings.dead_letter_topic, {"cleanup.policy": "compact", "max.compaction.lag.ms": "3600000"})
    assert forgotten(ready.settings, "bad")[1] == []


def dead_letters(settings: Settings) -> list[FailedDocument]:
    return survey(settings, LetterTopic(settings), lambda: None).letters


def configure(settings: Settings, topic: str, values: dict[str, str]) -> None:
    client = KafkaAdminClient(bootstrap_servers=settings.servers)
    client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=values)])
    client.close()


def test_a_place_that_fails_is_named_and_the_others_are_emptied(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path
) -> None:
    ready = plan(sink=(f"parquet={tmp_path / 'out'}",), store=str(tmp_path / "store"))
    send((b"mill", document(SECRET)))
    drain(spark, ready)
    [path] = (tmp_path / "out" / "summaries").glob("*/*")
    broken = path.with_name("broken.parquet")
    broken.write_bytes(b"no Parquet")
    _, [failure] = forgotten(ready.settings, "mill")
    assert failure.id is None
    assert "broken.parquet" in failure.sentence
    assert holding([tmp_path / "store"], "zanzibar") == []
    broken.unlink()
    assert forgotten(ready.settings, "mill")[1] == []
    assert holding([tmp_path], "zanzibar") == []
