"""The record of a replay: its states, and that no secret is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.errors import CheckpointError, UsageError
from streaming.operations.replay.record import (
    OffsetRange,
    ReplayFolder,
    ReplayRecord,
    all_replays,
    listed,
    new_id,
    now,
)
from streaming.settings import Settings, load
from streaming.spark.checkpoint.checkpoint import open_checkpoint


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"data_dir": tmp_path, "bootstrap_servers": "localhost:1"})


def folder_of(settings: Settings, replay_id: str) -> ReplayFolder:
    folder = ReplayFolder(settings, replay_id)
    ranges = [OffsetRange(topic="documents", partition=0, start=10, end=20)]
    folder.create(
        ReplayRecord(
            id=replay_id, user="ada", host="here", created_at=now(), start="-1h", end="latest", filters=[],
            ranges=ranges, topic_ids={"documents": "1"}, recipe="r", prompt="default", model="sample",
            output_topic="shadow", dead_letter_topic="shadow-dead-letters", settings={"prompt": "default"},
        )
    )  # fmt: skip
    return folder


def test_a_replay_is_running_while_its_lock_is_held_and_then_interrupted_done_or_cancelled(settings: Settings) -> None:
    folder = folder_of(settings, "a")
    assert listed(folder)["state"] == "interrupted"
    with open_checkpoint(folder.checkpoint, {"documents": "1"}):
        assert listed(folder)["state"] == "running"
        folder.cancel()
        assert listed(folder)["state"] == "running"
    assert listed(folder)["state"] == "cancelled"
    _, progress = folder.read()
    folder.save(progress.model_copy(update={"done": True, "positions": [20]}))
    assert listed(folder)["state"] == "done"


def test_replays_are_listed_by_age_and_ids_never_meet(settings: Settings) -> None:
    assert all_replays(settings) == []
    for replay_id in ("20260102-0000-ffff", "20260101-0000-0000"):
        folder_of(settings, replay_id)
    assert [folder.id for folder in all_replays(settings)] == ["20260101-0000-0000", "20260102-0000-ffff"]
    moment = now()
    assert new_id(moment) != new_id(moment)


def test_a_replay_that_is_not_there_or_is_damaged_is_a_sentence(settings: Settings) -> None:
    with pytest.raises(UsageError, match="There is no replay 'x'"):
        ReplayFolder(settings, "x").read()
    folder = folder_of(settings, "a")
    (folder.path / "replay.json").write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read"):
        folder.read()
