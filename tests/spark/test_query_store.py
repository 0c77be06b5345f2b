"""A query with a store: what was generated once is not generated again, whatever happened in between."""

from __future__ import annotations

from pathlib import Path

from installation import Send, document
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain


def test_a_replay_and_a_duplicate_generate_nothing(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path, log: Path
) -> None:
    store = str(tmp_path / "store")
    ready = plan(store=store)
    send(*[(f"d{n}".encode(), document(f"Text {n}. It is good.", title=f"T{n}")) for n in range(10)])
    first = drain(spark, ready)
    generated = log.read_text().count("generated")
    send((b"again", document("Text 3. It is good.", title="T3")))
    replay = drain(spark, plan(store=store, query="replay", checkpoint=str(tmp_path / "replay")))
    assert generated == 10
    assert log.read_text().count("generated") == generated
    assert [sum(batch.reused for batch in batches) for batches in (first, replay)] == [0, 11]


def test_a_store_that_cannot_be_used_costs_no_document(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    ready = plan(store=str(tmp_path / "file"))
    send(*[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(3)])
    batches = drain(spark, ready)
    assert sum(batch.records - batch.dead_letters for batch in batches) == 3
