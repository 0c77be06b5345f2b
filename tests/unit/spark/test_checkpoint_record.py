"""`gistream.json`: that of an older gistream is read, that of a newer one is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streaming.errors import CheckpointError
from streaming.spark.checkpoint.checkpoint import Checkpoint, Pin, open_checkpoint, read_record

OLDEST = {"topic_ids": {"documents": "abc"}}
PIN = {"model_sha256": "ff", "representation": "BF16"}
OLDER = {**OLDEST, "id": "0123", "pin": PIN, "outputs": ["topic summaries"]}


def checkpoint_with(folder: Path, content: object) -> Checkpoint:
    (folder / "gistream.json").write_text(json.dumps(content))
    return Checkpoint(str(folder))


@pytest.mark.parametrize("content", [{}, OLDEST, OLDER], ids=["none", "oldest", "older"])
def test_a_checkpoint_of_an_older_gistream_goes_on(tmp_path: Path, content: dict[str, object]) -> None:
    checkpoint = checkpoint_with(tmp_path, content)
    pin = Pin(**PIN)
    with open_checkpoint(checkpoint, {"documents": "abc"}, pin=pin, outputs=["topic summaries"]) as checkpoint_id:
        assert checkpoint_id == content.get("id", checkpoint_id)
    written = json.loads((tmp_path / "gistream.json").read_text())
    assert written["version"] == 2
    assert written["written_by"].startswith("gistream ")
    assert read_record(checkpoint).pin == pin


def test_a_checkpoint_of_a_newer_gistream_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    newer = {**OLDER, "version": 3, "written_by": "gistream 9.1", "unheard": "of"}
    checkpoint = checkpoint_with(tmp_path, newer)
    refusal = r"written by a newer version, gistream 9\.1, and this is gistream .*; start the newer one again, or begin"
    with pytest.raises(CheckpointError, match=refusal), open_checkpoint(checkpoint, {"documents": "abc"}):
        pass
    assert json.loads((tmp_path / "gistream.json").read_text()) == newer


def test_a_query_never_writes_to_outputs_that_a_loss_has_closed(tmp_path: Path) -> None:
    closed = {**OLDER, "version": 2, "closed": ["topic dead-letters", "topic summaries"]}
    checkpoint = checkpoint_with(tmp_path, closed)
    ids = {"documents": "abc"}
    with (
        pytest.raises(CheckpointError, match=r"may not write to topic summaries any more"),
        open_checkpoint(checkpoint, ids, outputs=["topic summaries"]),
    ):
        pass
    with (
        pytest.raises(CheckpointError, match=r"may not write to topic dead-letters any more"),
        open_checkpoint(checkpoint, ids, outputs=["topic summaries-2"], dead_letters="dead-letters"),
    ):
        pass
    with open_checkpoint(checkpoint, ids, outputs=["topic summaries-2"], dead_letters="dead-letters-2"):
        assert read_record(checkpoint).closed == ("topic dead-letters", "topic summaries")
