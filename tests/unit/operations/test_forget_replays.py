"""A replay may bring a document back, and may name it in its filter."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from streaming.kafka.topic import Topic
from streaming.operations.forget.replays import forget_filters, replays
from streaming.operations.replay.record import OffsetRange, ReplayFolder, ReplayRecord
from streaming.settings import Settings, load

TOPIC = Topic("documents", "id", 1, {0: (0, 9)}, 9, 9, 9, 9, "delete", [])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"data_dir": tmp_path})


def replay(settings: Settings, *filters: str, done: bool = False, position: int = 4) -> ReplayFolder:
    folder = ReplayFolder(settings, "20260130-1200-abcd")
    record = ReplayRecord(
        id=folder.id,
        user="anna",
        host="here",
        created_at=datetime(2026, 1, 30, 12, tzinfo=timezone.utc),
        start="earliest",
        end="latest",
        filters=list(filters),
        ranges=[OffsetRange(topic="documents", partition=0, start=2, end=8)],
        topic_ids={"documents": TOPIC.id},
        recipe="r",
        prompt="default",
        model="m",
        output_topic="shadow",
        dead_letter_topic="shadow-dead-letters",
        settings={},
    )
    folder.save(folder.create(record).model_copy(update={"positions": [position], "done": done}))
    return folder


def test_a_replay_that_is_not_done_will_read_the_rest_of_its_range_and_nothing_else(settings: Settings) -> None:
    replay(settings)
    [reader] = replays(settings)
    assert [offset for offset in range(10) if reader.will_read(TOPIC, 0, offset)] == [4, 5, 6, 7]
    assert not reader.will_read(TOPIC, 1, 5)
    assert (reader.outputs, reader.dead_letter_topics) == (("topic shadow",), ("shadow-dead-letters",))


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_replay_that_is_done_or_cancelled_reads_nothing_and_keeps_its_topics(
    settings: Settings, cancelled: bool
) -> None:
    folder = replay(settings, done=not cancelled)
    if cancelled:
        folder.cancel()
    [reader] = replays(settings)
    assert not any(reader.will_read(TOPIC, 0, offset) for offset in range(10))
    assert reader.outputs == ("topic shadow",)


def test_the_filter_of_a_replay_that_is_done_names_a_forgotten_document_no_more(
    settings: Settings, tmp_path: Path
) -> None:
    folder = replay(settings, "id=mill", "id=ship", done=True)
    assert list(forget_filters(settings, ["mill"])) == []
    assert folder.read()[0].filters == ["id=(forgotten)", "id=ship"]
    assert not any("mill" in path.read_text() for path in tmp_path.rglob("*") if path.is_file())


def test_a_replay_that_still_needs_its_filter_keeps_it_and_is_named(settings: Settings) -> None:
    folder = replay(settings, "id=mill")
    [sentence] = forget_filters(settings, ["mill"])
    assert f"gistream replay cancel {folder.id}" in sentence
    assert folder.read()[0].filters == ["id=mill"]


def test_a_replay_whose_record_is_broken_stops_nothing(settings: Settings) -> None:
    (replay(settings).path / "progress.json").write_text("{")
    assert replays(settings) == []
    assert list(forget_filters(settings, ["mill"])) == []
