"""What waits, and how the query does, from offsets, results and heartbeats."""

from __future__ import annotations

import pytest

from consumers.live.progress import SeenResults, query_health, time_of_judgement
from streaming.messages import Heartbeat

ZERO, ONE = ("documents", 0), ("documents", 1)
NOW = 1_790_000_000.0


def waiting(seen: SeenResults, bounds: dict[tuple[str, int], tuple[int, int]], **committed: int) -> list[int]:
    offsets = {("documents", int(name[1:])): offset for name, offset in committed.items()}
    return [partition.waiting for partition in seen.backlog(bounds, offsets)]


def test_results_of_a_batch_count_before_it_is_committed_and_not_twice() -> None:
    seen = SeenResults()
    seen.add([("documents", 0, 11), ("documents", 0, 10), ("documents", 1, 4), ("documents", 0, 10)])
    bounds = {ZERO: (0, 20), ONE: (0, 9)}
    assert waiting(seen, bounds, p0=10, p1=4) == [8, 4]
    assert waiting(seen, bounds, p0=12, p1=9) == [8, 0]


def test_records_that_retention_took_away_do_not_wait() -> None:
    assert waiting(SeenResults(), {ZERO: (15, 20)}, p0=10) == [5]


def test_without_offsets_the_highest_result_stands_for_them() -> None:
    seen = SeenResults()
    seen.add([("documents", 0, 11), ("documents", 0, 14)])
    assert waiting(seen, {ZERO: (0, 20), ONE: (3, 9)}) == [5, 6]


def test_an_input_topic_that_was_created_again_begins_again() -> None:
    seen = SeenResults()
    seen.add([("documents", 0, 11), ("letters", 0, 3)])
    seen.forget("documents")
    assert waiting(seen, {ZERO: (0, 2), ("letters", 0): (0, 5)}) == [2, 1]


def beat(**changes: object) -> Heartbeat:
    return Heartbeat.model_validate(
        {
            "checkpoint": "c", "doing": "working", "sent_at": NOW - 3, "started_at": NOW - 600,
            "progress_at": NOW - 4, "stuck_after": 120.0, "done": 3, "total": 9, **changes,
        }
    )  # fmt: skip


def state(heartbeat: Heartbeat | None = None, *, waits: int | None = 5, known: bool = True, quiet: float = 10) -> str:
    health = query_health(heartbeat, waiting=waits, known=known, quiet=quiet, stuck_after=120, now=NOW)
    return f"{health.state}: {health.sentence}"


def test_a_query_that_was_killed_makes_no_progress_within_half_a_minute() -> None:
    assert state(beat()) == "healthy: working: 3 of 9 of the running batch done"
    killed = state(beat(sent_at=NOW - 25, progress_at=NOW - 28))
    assert killed == "not running: no progress for 28 s; no sign of the query for 25 s"


def test_an_idle_topic_does_not_alarm() -> None:
    idle = beat(doing="idle", progress_at=NOW - 5)
    assert state(idle, waits=0) == "healthy: idle: every record has its result"
    assert state(waits=0, quiet=86_400).startswith("healthy: idle: every record has its result")


def test_without_heartbeats_results_and_backlog_tell() -> None:
    assert state(quiet=10) == "healthy: working: 5 documents waiting; the query sends no heartbeat"
    assert state(quiet=130) == "stuck: no progress for 2 min: 5 documents waiting"
    assert state(known=False) == "not running: no query has reported"
    assert state(waits=None).startswith("unknown")


def test_a_heartbeat_says_what_the_query_does() -> None:
    health = query_health(
        beat(batch=4, batch_seconds=2.5, restarts=1), waiting=1, known=True, quiet=0, stuck_after=120, now=NOW
    )
    assert (health.doing, health.done, health.total, health.batch, health.batch_seconds, health.restarts) == (
        "working", 3, 9, 4, 2.5, 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("away", "back_at", "judged_at"),
    [
        # Nothing is known since the last look.
        (True, 0.0, 940.0),
        # The query has had no time to reach the broker again.
        (False, 995.0, 900.0),
        # It has had as long as any other.
        (False, 979.0, 1000.0),
        # The broker was back before this heartbeat was sent.
        (False, 890.0, 1000.0),
    ],
)
def test_a_query_that_could_send_nothing_is_not_taken_for_dead(away: bool, back_at: float, judged_at: float) -> None:
    assert time_of_judgement(1000.0, sent_at=900.0, away=away, looked_at=940.0, back_at=back_at) == judged_at
