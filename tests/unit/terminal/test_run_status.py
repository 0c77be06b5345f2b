"""What a run says between its lines about batches: how far it is, what it waits for, how it stops."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from streaming.spark.look import Look
from streaming.spark.watch import Batch
from streaming.terminal.run_lines import BatchLines
from streaming.terminal.run_status import RunStatus, status_line


def look(doing: Any = "working", **changes: Any) -> Look:
    return Look(doing, **{"seconds": 0.0, **changes})


def batch(number: int, records: int, *, seconds: float = 2.0, deletions: int = 0) -> Batch:
    return Batch(number, records, 1, "NoText: no text", deletions, 0, 0, seconds, "")


@pytest.mark.parametrize(
    ("now", "line"),
    [
        (look(done=4, total=9), "4 of 9 done"),
        (look(), "a batch begins"),
        (look("waiting for Kafka", seconds=12.4), "waiting for Kafka since 12 s"),
        (look("waiting for Kafka", seconds=12, done=4, total=9), "waiting for Kafka since 12 s; 4 of 9 done"),
        (look("idle", seconds=99), "nothing to do; waiting for documents"),
        (look(done=5, total=9, stopping=True), "stopping: 4 documents to go, Ctrl-C again abandons them"),
        (look(done=8, total=9, stopping=True), "stopping: 1 document to go, Ctrl-C again abandons it"),
        (look(stopping=True), "stopping: the running batch ends first, Ctrl-C again abandons it"),
        (look("idle", stopping=True), "stopping"),
    ],
)
def test_a_run_says_what_it_is_doing(now: Look, line: str) -> None:
    assert status_line(now) == line


def said(*looks: tuple[float, Look]) -> list[tuple[float, str]]:
    """Return the lines for a log, with their times, of looks at times in seconds."""
    status = RunStatus(Console(file=io.StringIO()))
    lines = [(at, status.line_that_stays(one, at)) for at, one in looks]
    return [(at, line) for at, line in lines if line is not None]


def test_a_log_gets_few_lines_about_a_long_batch_and_none_about_a_short_one() -> None:
    assert said(*((second, look(done=second, total=60)) for second in range(60))) == [
        (15, "15 of 60 done"),
        (30, "30 of 60 done"),
        (45, "45 of 60 done"),
    ]
    assert not said(*((second, look(done=second, total=10)) for second in range(10)))


def test_a_stop_and_a_wait_are_said_at_once_and_again_and_again() -> None:
    working = [(float(second), look(done=2, total=9, stopping=second >= 3)) for second in range(20)]
    waiting = [(float(second), look("waiting for Kafka", seconds=second - 20)) for second in range(25, 45)]
    assert [at for at, _ in said(*working, *waiting)] == [3, 18, 25, 40]


def test_a_query_with_nothing_to_do_says_so_once() -> None:
    idle = [(float(second), look("idle")) for second in range(1, 100)]
    assert said((0, look("starting")), *idle) == [(1, "nothing to do; waiting for documents")]
    # After a batch, which has its own line, not for a short pause.
    assert [at for at, _ in said((0, look()), *idle)] == [16]
    assert not said((0, look()), (1, look("idle")), (2, look()), (3, look("idle")))


def test_a_terminal_has_one_line_that_changes() -> None:
    terminal = io.StringIO()
    with RunStatus(Console(file=terminal, force_terminal=True, color_system=None)) as status:
        status.show(look(done=4, total=9))
        status.show(look(done=5, total=9))
    assert "5 of 9 done" in terminal.getvalue()
    # Nothing of it stays.
    assert terminal.getvalue().endswith("\x1b[2K")


def test_the_end_of_a_run_says_what_was_done() -> None:
    lines = BatchLines()
    assert lines.total(stopped=False) == "nothing to do: all records have results"
    assert lines.total(stopped=True) == "stopped; nothing was summarized"
    assert lines.line(batch(0, 1)).startswith("batch 0: 1 record in 2.0 s, 1 dead letter (")
    assert lines.total(stopped=False) == "done: 0 summaries, 1 dead letter in 1 batch, 2.0 s"
    assert lines.total(stopped=False, uncommitted=3).startswith(
        "done: 0 summaries, 1 dead letter in 1 batch, 2.0 s; 3 off"
    )
    assert BatchLines().total(stopped=False, uncommitted=1) == (
        "nothing to do: all committed records have results; 1 offset at the end of the input cannot be read "
        "before an open transaction ends"
    )
    lines.line(batch(1, 9, seconds=30.0, deletions=2))
    assert lines.total(stopped=True) == "done: 6 summaries, 2 dead letters, 2 deletions in 2 batches, 32.0 s"
