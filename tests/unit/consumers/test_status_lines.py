"""The status of a query in lines, and in JSON for scripts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consumers.status import PartitionLag, QueryStatus
from consumers.status_lines import status_block, status_json
from streaming.messages import Health, Heartbeat, health

NOW = 1_769_846_400.0
BEAT: dict[str, Any] = {
    "checkpoint": "c", "outputs": (), "doing": "working", "sent_at": NOW - 3, "started_at": NOW - 7560,
    "progress_at": NOW - 3, "stuck_after": 300.0, "done": 3, "total": 16, "batch": 118, "batch_at": NOW - 20,
    "batch_records": 16, "batch_seconds": 41.2, "records": 1904, "dead_letters": 2, "seconds": 4740.0, "restarts": 1,
}  # fmt: skip


def status(beat: dict[str, Any] | None = BEAT, *lags: int, **others: Health) -> QueryStatus:
    heartbeat = None if beat is None else Heartbeat(**beat)
    partitions = tuple(PartitionLag("documents", n, 100, 100 + lag) for n, lag in enumerate(lags))
    return QueryStatus("gistream", "kafka:9092", NOW, heartbeat, health(heartbeat, NOW), partitions, others)


def test_each_line_answers_a_question() -> None:
    told = status(BEAT, 51, 0, 45, weekly=Health("stuck", "no progress"), old=Health("not running", "stopped"))
    assert status_block(told).plain.splitlines() == [
        "query       gistream (healthy)",
        "now         working: 3 of 16 of the running batch done",
        "run         began 2.1 h ago, 1 restart; 1,904 records, 2 dead letters",
        "last batch  118: 16 records in 41.2 s, 20 s ago; 23.3 documents a minute, 24.1 in this run",
        "lag         96 offsets, 4 min at the pace of this run: documents-0 51, documents-2 45",
        "others      weekly (stuck); old (not running)",
    ]


def test_a_query_that_does_not_run_has_no_pace_at_which_it_catches_up() -> None:
    silent = status({**BEAT, "sent_at": NOW - 40}, 51)
    assert silent.health.state == "not running"
    assert "lag         51 offsets: documents-0 51" in status_block(silent).plain


def test_a_query_that_has_just_begun_has_no_figures_yet() -> None:
    first = {name: value for name, value in BEAT.items() if not name.startswith("batch") and name != "seconds"}
    first |= {"doing": "starting", "records": 0, "dead_letters": 0, "restarts": 0, "started_at": NOW - 5, "total": 0}
    assert status_block(status(first, 7)).plain.splitlines()[1:] == [
        "now         starting",
        "run         began 5 s ago; 0 records",
        "last batch  none in this run yet",
        "lag         7 offsets: documents-0 7",
    ]
    said = json.loads(status_json(status(first, 7)))
    assert (said["last_batch"], said["last_batch_rate"], said["run_rate"]) == (None, None, None)


def test_many_partitions_do_not_fill_the_screen() -> None:
    [line] = [line for line in status_block(status(BEAT, *[1] * 50)).plain.splitlines() if line.startswith("lag")]
    assert line.endswith("documents-7 1 and 42 partitions more")
    assert len(json.loads(status_json(status(BEAT, *[1] * 50)))["partitions"]) == 50


def test_no_offset_left_is_no_lag_also_in_a_topic_that_was_created_again() -> None:
    assert "lag         none" in status_block(status(BEAT, 0, -40)).plain


def test_a_script_reads_everything_from_one_line_of_json() -> None:
    said = json.loads(status_json(status(BEAT, 51, 45, weekly=Health("stuck", "no progress"))))
    assert said == {
        "query": "gistream",
        "servers": "kafka:9092",
        "state": "healthy",
        "sentence": "working: 3 of 16 of the running batch done",
        "doing": "working",
        "done": 3,
        "total": 16,
        "began_at": "2026-01-31T05:54:00Z",
        "progress_at": "2026-01-31T07:59:57Z",
        "reported_at": "2026-01-31T07:59:57Z",
        "records": 1904,
        "dead_letters": 2,
        "restarts": 1,
        "error": None,
        "last_batch": {"number": 118, "records": 16, "seconds": 41.2, "at": "2026-01-31T07:59:40Z"},
        "last_batch_rate": pytest.approx(23.3, abs=0.01),
        "run_rate": pytest.approx(24.1, abs=0.01),
        "lag": 96,
        "partitions": [
            {"topic": "documents", "partition": 0, "committed": 100, "end": 151, "lag": 51},
            {"topic": "documents", "partition": 1, "committed": 100, "end": 145, "lag": 45},
        ],
        "others": {"weekly": "stuck"},
    }


def test_a_query_that_never_ran_has_its_state_and_nothing_else() -> None:
    said = json.loads(status_json(status(None)))
    assert said == {
        "query": "gistream",
        "servers": "kafka:9092",
        "state": "not running",
        "sentence": "no query has reported",
        "last_batch_rate": None,
        "run_rate": None,
        "lag": None,
        "partitions": [],
        "others": {},
    }
