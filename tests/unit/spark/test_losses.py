"""A query's checkpoint is compared with its topics: what is lost is named by offset, and only that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streaming.errors import CheckpointError, TopicError
from streaming.kafka.topic import Extent
from streaming.spark.acceptance import resumed
from streaming.spark.checkpoint.losses import find_losses, refuse_losses
from streaming.spark.checkpoint.positions import Position, move_positions, read_positions

IDS = {"a": "id-a", "b": "id-b"}
# Partition 1 of `a` has a planned micro-batch, offsets 7 to 9.
POSITIONS = {("a", 0): Position(5, 5), ("a", 1): Position(7, 10), ("b", 0): Position(3, 3)}
HEALTHY = {"a": Extent("id-a", {0: (0, 5), 1: (7, 12)}), "b": Extent("id-b", {0: (3, 9), 1: (0, 4)})}


def write_checkpoint(folder: Path, *offsets: dict[str, dict[str, int]], committed: int) -> str:
    """Write Spark's logs: a micro-batch for each of `offsets`, the first `committed` of them committed."""
    for log in ("offsets", "commits", "sources/0"):
        (folder / log).mkdir(parents=True)
    (folder / "sources" / "0" / "0").write_text('\0v1\n{"a":{"0":0,"1":2}}')
    for number, ends in enumerate(offsets):
        (folder / "offsets" / str(number)).write_text(f'v1\n{{"batchWatermarkMs":0}}\n{json.dumps(ends)}')
    for number in range(committed):
        (folder / "commits" / str(number)).write_text('v1\n{"nextBatchWatermarkMs":0}')
    return str(folder)


def test_a_healthy_query_has_lost_nothing() -> None:
    assert find_losses(POSITIONS, IDS, HEALTHY) == []


@pytest.mark.parametrize(
    ("topics", "names"),
    [
        ({"a": Extent("id-a", {0: (6, 9), 1: (9, 12)})}, ["a-0 offset 5", "a-1 offsets 7 to 8"]),
        ({"b": Extent("id-b", {0: (0, 2), 1: (0, 4)})}, ["b-0 offset 2"]),
        # The planned micro-batch cannot be read any more, although the committed offsets are there.
        ({"a": Extent("id-a", {0: (0, 5), 1: (0, 8)})}, ["a-1 offsets 8 to 9"]),
        ({"a": Extent("new", {0: (0, 99)})}, ["a-0 from offset 5 on", "a-1 from offset 7 on"]),
    ],
    ids=["retention", "truncated", "truncated in the planned batch", "created again"],
)
def test_what_is_lost_is_named_by_its_offsets(topics: dict[str, Extent], names: list[str]) -> None:
    assert list(map(str, find_losses(POSITIONS, IDS, HEALTHY | topics))) == names


def test_a_refusal_names_the_offsets_and_the_command_that_accepts_the_loss(tmp_path: Path) -> None:
    location = write_checkpoint(tmp_path, {"a": {"0": 5, "1": 7}}, committed=1)
    expired = {"a": Extent("id-a", {0: (6, 9), 1: (7, 9)})}
    with pytest.raises(TopicError, match=r"a-0 offset 5; give .* with `gistream run --accept-loss` and"):
        refuse_losses(location, read_positions(location), IDS, expired, new_outputs="--output-topic s-2")
    recreated = {"a": Extent("new", {0: (0, 9), 1: (0, 9)})}
    command = r"`gistream run --accept-loss --output-topic s-2` and"
    with pytest.raises(CheckpointError, match=rf"deleted and created again .*a-1 from offset 7 on.*{command}"):
        refuse_losses(location, read_positions(location), IDS, recreated, new_outputs="--output-topic s-2")
    with pytest.raises(TopicError, match=r"Topic 'a' was deleted while the query ran, .*a-0 from offset 5 on"):
        refuse_losses(location, read_positions(location), IDS, {})
    with pytest.raises(CheckpointError, match=r"--input-pattern does not match it any more, .*a-0 from offset 5 on"):
        refuse_losses(location, read_positions(location), IDS, {}, growing=True)


def test_what_another_run_read_in_the_meantime_is_no_loss(tmp_path: Path) -> None:
    location = write_checkpoint(tmp_path, {"a": {"0": 5, "1": 7}}, committed=1)
    described, now = {"a": Extent("id-a", {0: (0, 3), 1: (7, 9)})}, {"a": Extent("id-a", {0: (0, 5), 1: (7, 9)})}
    with pytest.raises(TopicError, match="ends before the place"):
        refuse_losses(location, read_positions(location), IDS, described, ask_again=lambda: described)
    refuse_losses(location, read_positions(location), IDS, described, ask_again=lambda: now)


def test_a_topic_that_was_created_again_before_anything_was_read_is_no_loss(tmp_path: Path) -> None:
    refuse_losses(str(tmp_path), read_positions(str(tmp_path)), IDS, {"a": Extent("new", {0: (0, 9)})})


def test_what_is_healthy_goes_on_where_it_was_and_the_rest_at_its_first_record() -> None:
    topics = {"a": Extent("new", {0: (2, 9), 2: (0, 1)}), "b": Extent("id-b", {0: (4, 9), 1: (0, 4)})}
    losses = find_losses(POSITIONS, IDS, topics)
    assert resumed(POSITIONS, losses, topics) == {("a", 0): 2, ("a", 2): 0, ("b", 0): 4}
    truncated = HEALTHY | {"b": Extent("id-b", {0: (1, 2), 1: (0, 4)})}
    losses = find_losses(POSITIONS, IDS, truncated)
    assert resumed(POSITIONS, losses, truncated) == {("a", 0): 5, ("a", 1): 7, ("b", 0): 1}


def test_a_moved_query_has_committed_what_came_before(tmp_path: Path) -> None:
    location = write_checkpoint(tmp_path, {"a": {"0": 5, "1": 7}}, {"a": {"0": 8, "1": 9}}, committed=1)
    assert read_positions(location) == {("a", 0): Position(5, 8), ("a", 1): Position(7, 9)}
    checksum = tmp_path / "offsets" / ".1.crc"
    checksum.write_bytes(b"of the planned batch")
    move_positions(location, {("a", 0): 6, ("a", 1): 7})
    assert read_positions(location) == {("a", 0): Position(6, 6), ("a", 1): Position(7, 7)}
    assert not checksum.exists()
    assert (tmp_path / "offsets" / "1").read_text().splitlines()[:2] == ["v1", '{"batchWatermarkMs":0}']
    assert (tmp_path / "commits" / "1").read_text() == (tmp_path / "commits" / "0").read_text()


def test_a_query_that_has_planned_nothing_begins_again(tmp_path: Path) -> None:
    location = write_checkpoint(tmp_path, committed=0)
    assert read_positions(location) == {("a", 0): Position(0, 0), ("a", 1): Position(2, 2)}
    move_positions(location, {("a", 0): 6, ("a", 1): 7})
    assert read_positions(location) == {}
