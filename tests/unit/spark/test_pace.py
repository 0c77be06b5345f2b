"""The pace: micro-batches of less than a minute, whatever the documents are, and a size that a restart begins with."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.settings import MIB, load
from streaming.spark import pace as pace_module
from streaming.spark.look import Look
from streaming.spark.pace import Pace, Sizes, sizes_of
from streaming.spark.watch import Batch

SIZES = Sizes(first=16, wave=32, fewest=32, most=1000)
WORK = {"recipe": "r"}


def batch(records: int, seconds: float) -> Batch:
    return Batch(0, records, 0, None, 0, 0, 0, seconds, "{}")


@pytest.mark.parametrize(
    ("records", "seconds", "size", "after"),
    [
        # Short documents: 10 a second.
        (32, 3.2, 32, 480),
        # Chapters: a part of a wave more would leave slots idle.
        (32, 40, 32, 32),
        (96, 40, 96, 96),
        # Long ones after short ones.
        (480, 500, 480, 32),
        # From the store: no more than is bearable when it ends.
        (480, 0.6, 480, 1000),
        # A handful says little about a thousand.
        (2, 0.25, 32, 64),
        # Nothing was left to read: no reason to begin small again.
        (20, 4, 480, 480),
        # But slow documents are slow, however few.
        (20, 100, 480, 32),
    ],
)
def test_a_micro_batch_is_less_than_a_minute_of_work_in_whole_waves(
    records: int, seconds: float, size: int, after: int
) -> None:
    assert SIZES.after(batch(records, seconds), size) == after


def test_a_restart_begins_with_the_last_size(tmp_path: Path) -> None:
    pace = Pace(SIZES, str(tmp_path), WORK)
    assert (pace.documents, pace.on_batch(batch(32, 3.2)), pace.documents) == (16, True, 480)
    assert Pace(SIZES, str(tmp_path), WORK).documents == 480


def test_another_recipe_begins_small(tmp_path: Path) -> None:
    Pace(SIZES, str(tmp_path), WORK).on_batch(batch(32, 3.2))
    assert Pace(SIZES, str(tmp_path), {"recipe": "another"}).documents == 16


def test_a_size_that_was_set_stays(tmp_path: Path) -> None:
    Pace(SIZES, str(tmp_path), WORK).on_batch(batch(32, 3.2))
    fixed = Pace(Sizes(8, 8, 8, 8), str(tmp_path), WORK)
    assert (fixed.documents, fixed.on_batch(batch(8, 0.1)), fixed.documents) == (8, False, 8)


def test_a_batch_without_records_says_nothing(tmp_path: Path) -> None:
    assert not Pace(SIZES, str(tmp_path), WORK).on_batch(batch(0, 0.1))


def test_while_a_batch_is_late_the_next_one_becomes_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(pace_module.time, "monotonic", lambda: now)
    pace = Pace(SIZES, str(tmp_path), WORK)
    pace.on_batch(batch(32, 3.2))
    assert not pace.on_look(Look("working", 0, done=0, total=480))
    now = 99
    assert not pace.on_look(Look("working", 99, done=69, total=480))
    now = 101
    assert pace.on_look(Look("working", 101, done=70, total=480))
    assert pace.documents == 32


def test_a_quiet_hour_makes_nothing_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(pace_module.time, "monotonic", lambda: now)
    pace = Pace(SIZES, str(tmp_path), WORK)
    pace.on_batch(batch(32, 3.2))
    pace.on_look(Look("idle", 0))
    now = 3600
    pace.on_look(Look("idle", 3600))
    assert not pace.on_look(Look("working", 0, done=0, total=480))
    assert pace.documents == 480


def test_the_sizes_are_of_all_executors() -> None:
    assert sizes_of(load({}), slots=36, executors=2) == Sizes(64, 64, 64, 1000)
    assert sizes_of(load({}), slots=18, executors=1) == Sizes(first=16, wave=16, fewest=32, most=1000)
    assert sizes_of(load({"batch_documents": 5}), slots=36, executors=2) == Sizes(10, 10, 10, 10)


def test_a_batch_of_the_largest_dead_letters_fits_what_spark_collects_for_parquet() -> None:
    parquet = {"sink": "parquet=archive"}
    assert sizes_of(load(parquet), slots=36, executors=1).most == 64
    assert sizes_of(load({**parquet, "max_document_bytes": MIB}), slots=36, executors=1).most == 512
    # With both sinks the query itself writes to topics.
    assert sizes_of(load({"sink": "kafka,parquet=archive"}), slots=36, executors=1).most == 1000
