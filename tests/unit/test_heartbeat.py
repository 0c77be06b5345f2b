"""A heartbeat tells a query that works, one that is stuck, one that is idle and one that is gone."""

from __future__ import annotations

from typing import Any

import pytest

from streaming.messages import Heartbeat, Writer, health, newest_heartbeat

NOW = 1_000_000.0


def beat(**fields: Any) -> Heartbeat:
    values = {"sent_at": NOW - 3, "started_at": NOW - 900, "progress_at": NOW - 3, "stuck_after": 300.0, **fields}
    return Heartbeat(**{"checkpoint": "c", "outputs": (), **values})


def test_it_is_read_as_it_was_written() -> None:
    written = beat(doing="working", done=3, total=16, batch=4, outputs=("topic summaries",))
    assert Heartbeat.from_text(written.to_text()) == written
    # The largest that a topic of the longest name and the largest numbers make fits Kafka's 4,096 bytes of metadata.
    assert len(written.to_text()) < 600


@pytest.mark.parametrize("text", ["", "{}", "note of another program", '{"checkpoint": "c", "outputs": []}'])
def test_metadata_of_another_program_is_no_heartbeat(text: str) -> None:
    assert Heartbeat.from_text(text) is None


@pytest.mark.parametrize(
    ("fields", "state", "sentence"),
    [
        ({"doing": "idle"}, "healthy", "idle: every record has its result"),
        ({"doing": "working", "done": 3, "total": 16}, "healthy", "working: 3 of 16 of the running batch done"),
        ({"doing": "waiting for Kafka", "progress_at": NOW - 200}, "healthy", "waiting for Kafka"),
        (
            {"doing": "working", "done": 3, "total": 16, "progress_at": NOW - 304},
            "stuck",
            "no progress for 5 min: working, 3 of 16 done",
        ),
        (
            {"doing": "working", "sent_at": NOW - 25, "progress_at": NOW - 28},
            "not running",
            "no progress for 28 s; no sign of the query for 25 s",
        ),
        (
            {"doing": "starting", "progress_at": NOW - 304},
            "stuck",
            "no progress for 5 min: starting",
        ),
        ({"doing": "working"}, "healthy", "working: a batch begins"),
        # Its last heartbeat is older than `stuck_after`, and said that there was nothing to do.
        ({"doing": "idle", "stuck_after": 2.0}, "healthy", "idle: every record has its result"),
        ({"doing": "stopped", "sent_at": NOW - 40}, "not running", "stopped 40 s ago"),
        (
            {"doing": "stopped", "sent_at": NOW - 40, "error": "EngineError"},
            "not running",
            "ended by an error (EngineError) 40 s ago; the run's last line says why",
        ),
    ],
)
def test_its_state_has_a_reason(fields: dict[str, Any], state: str, sentence: str) -> None:
    told = health(beat(**fields), NOW)
    assert (told.state, told.sentence) == (state, sentence)


def test_a_query_that_never_reported_is_not_running() -> None:
    assert health(None, NOW).state == "not running"


def test_the_newest_heartbeat_of_a_group_counts_whatever_stands_with_its_other_offsets() -> None:
    old, new = beat(doing="working", sent_at=NOW - 60), beat(doing="idle", sent_at=NOW - 2)
    assert newest_heartbeat([old.to_text(), new.to_text(), '{"checkpoint": "c", "outputs": []}', ""]) == new
    assert newest_heartbeat(["", "note of another program"]) is None


def test_its_writer_is_read_from_every_version() -> None:
    writer = Writer(checkpoint="c", outputs=("topic summaries",))
    assert Writer.from_text(beat(doing="idle", outputs=writer.outputs).to_text()) == writer
    assert Writer.from_text('{"checkpoint": "c", "outputs": ["topic summaries"]}') == writer


def test_a_heartbeat_of_the_time_to_come_says_nothing_of_now() -> None:
    idle = beat(doing="idle", sent_at=NOW, progress_at=NOW)
    ahead = health(idle, NOW - 3600)
    assert (ahead.state, "60 min ahead of this one" in ahead.sentence) == ("stuck", True)
    # Clocks never agree to the second.
    assert health(idle, NOW - 10).state == "healthy"


@pytest.mark.parametrize("number", ["1e300", "-5", "NaN", "Infinity"])
def test_a_forged_time_is_no_heartbeat(number: str) -> None:
    text = beat(doing="idle", sent_at=4321.5).to_text().replace("4321.5", number)
    assert number in text
    assert Heartbeat.from_text(text) is None
