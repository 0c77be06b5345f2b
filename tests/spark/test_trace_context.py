"""A document's trace context continues into its result: whoever reads the result finds the sender's trace id."""

from __future__ import annotations

from pathlib import Path

import pyarrow.dataset as ds
from installation import Send, document, read_topic
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain

from streaming.messages import DeadLetter, Header, Record, Source, redriven_headers, restored
from streaming.settings import Settings

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."


def trace(number: int) -> Header:
    return "traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333%d-01" % number


def traces(settings: Settings, topic: str) -> dict[bytes | None, list[Header]]:
    """Return the headers named traceparent of each key's record, of which there is one."""
    records = read_topic(settings, topic)
    assert len({record.key for record in records}) == len(records)
    return {record.key: [header for header in record.headers if header[0] == "traceparent"] for record in records}


def test_summaries_dead_letters_and_deletions_have_the_trace_of_their_document(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path
) -> None:
    ready = plan(store=str(tmp_path / "store"))
    send(
        (b"a", document(STORY), [trace(1)]), (b"bad", b"{", [trace(2)]), (b"gone", None, [trace(3)]),
        (b"fails", document("This must fail."), [trace(4)]), (b"none", document(f"{STORY} It rained.")),
    )  # fmt: skip
    settings = ready.settings
    drain(spark, ready)
    first = {b"a": [trace(1)], b"gone": [trace(3)], b"none": []}
    assert traces(settings, settings.output_topic) == first
    assert traces(settings, settings.dead_letter_topic) == {b"bad": [trace(2)], b"fails": [trace(4)]}
    # The same text again, from the store: the result has the trace of its own document, not of the first one.
    send((b"b", document(STORY), [trace(5)]))
    [batch] = drain(spark, ready)
    assert batch.reused == 1
    assert traces(settings, settings.output_topic) == {**first, b"b": [trace(5)]}
    for record in read_topic(settings, settings.output_topic):
        assert b"traceparent" not in (record.value or b"")


def test_dead_letters_in_parquet_have_the_trace_of_their_document(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path
) -> None:
    ready = plan(sink=(f"parquet={tmp_path / 'out'}",))
    send((b"bad", b"{", [trace(1)]))
    drain(spark, ready)
    [row] = ds.dataset(tmp_path / "out" / "dead_letters").to_table(["headers"]).to_pylist()
    assert [(header["name"], header["value"]) for header in row["headers"]] == [trace(1)]


def test_a_redriven_document_has_the_trace_that_it_had_first() -> None:
    source = Source(topic="documents", partition=0, offset=4, timestamp=0)
    failure = {"stage": "summarize", "type": "EngineCrashed", "message": "it crashed"}
    letter = DeadLetter.model_validate(
        {"key": b"a", "value": b"text", "headers": [trace(1)], "error": failure, "source": source}
    )
    sent_back = Record(b"a", b"text", redriven_headers(letter), source.model_copy(update={"offset": 9}))
    assert restored(sent_back).headers == [trace(1)]
