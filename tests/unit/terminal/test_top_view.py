"""`gistream top` fits its terminal, says what is happening in words, and lets no document control it."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from archives import dead_letter, summary
from live_records import letter, result
from rich.console import Console

from consumers.live.overview import Hour, Overview, PartitionBacklog, Percentiles, QueryHealth
from streaming.engine.process.report import EngineReport
from streaming.terminal.top_view import TopScreen, sparkline, top_line

NOW = 1_790_000_060.0
OVERVIEW = Overview(
    now=NOW,
    servers="localhost:9092",
    connected=True,
    away_since=None,
    loading=None,
    missing=[],
    documents_per_minute=12.0,
    tokens_per_second=310.4,
    hour=Hour(10, 1_789_996_460, [0] * 359 + [7], [0] * 360, [0] * 360, [None] * 360),
    statuses={"ok": 690, "repaired": 25, "extractive_fallback": 5},
    reused=72,
    reasons={"decode/NotUtf8": 2},
    seconds=Percentiles(4.21, 12.4),
    latency=Percentiles(31.0, 190.0),
    backlog=[PartitionBacklog("documents", 0, 2000, 1204), PartitionBacklog("documents", 1, 9, 0)],
    backlog_note=None,
    waiting=1204,
    eta=6020.0,
    query=QueryHealth("healthy", "working: 3 of 9 of the running batch done", "working", 3, 9),
    kept=720,
    summaries=720,
    dead_letters=2,
    foreign=0,
)
ENGINE = EngineReport(
    model="SmolLM2", server=1, child=2, executor=3, loading=None, workers=1, requests=4, suspects=0, slots=16, busy=14,
    waiting=3, stalled=0.0, prompt_tokens=0, completion_tokens=0, prompt_rate=850.4, completion_rate=120.0,
    memory=1_200_000_000, memory_limit=0, loads=1, deaths=0,
)  # fmt: skip
ROWS = [
    result(summary(n, name=f"document-{n}", text="The mill burned. " * 9), n, at=int(NOW * 1000) - 1000 * n).row(n)
    for n in range(60)
]


def screen(overview: Overview = OVERVIEW, *, width: int = 80, height: int = 24) -> list[str]:
    read = letter(dead_letter(1), 1, at=int(NOW * 1000) - 120_000)
    assert read.row is not None
    lines = StringIO()
    console = Console(file=lines, width=width, height=height, force_terminal=True, color_system=None)
    console.print(TopScreen(overview, ROWS, [read.row], [ENGINE]), height=height, end="")
    return lines.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 50), (40, 12), (20, 6), (8, 2)])
def test_a_screen_is_as_large_as_its_terminal(width: int, height: int) -> None:
    lines = screen(width=width, height=height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_a_screen_says_what_is_happening() -> None:
    text = "\n".join(line.rstrip() for line in screen(width=130))
    for words in (
        "healthy: working: 3 of 9 of the running batch done",
        "12 documents a minute, 310 tokens a second",
        "1,204 documents waiting in 1 partition, done in about 1.7 h",
        "720 summaries: 690 ok, 25 repaired, 5 extracts; 10% from the store",
        "4.2 s (p95 12 s); from its record to its summary 31 s (p95 3 min)",
        "2 decode/NotUtf8; the last: k, no text, 2 min ago",
        "14 of 16 slots busy, 3 requests waiting; 850 tokens a second read, 120 written; 1,200 MB; SmolLM2",
        "█",
        "3 s    document-3",
        "The mill burned. The mill",
    ):
        assert words in text


def test_a_broker_that_is_away_and_topics_that_are_missing_are_said_first() -> None:
    away = replace(OVERVIEW, connected=False, away_since=NOW - 40, missing=["documents"])
    assert screen(away)[1].startswith("Kafka on localhost:9092 has not answered for 40 s; the numbers are from before")
    assert "has not answered for 40 s" in top_line(away)
    missing = replace(OVERVIEW, missing=["documents"])
    assert any("gistream topics create" in line for line in screen(missing, width=130))
    assert top_line(missing).endswith("missing: documents")
    assert "connecting to" in top_line(replace(OVERVIEW, connected=False))


def test_one_is_said_in_the_singular_and_nothing_as_a_sentence() -> None:
    one = replace(OVERVIEW, documents_per_minute=1.0, tokens_per_second=1.2, statuses={"extractive_fallback": 1})
    line = top_line(one)
    assert "; 1 document a minute, 1 token a second;" in line
    assert "last hour: 1 summary: 1 extract;" in line
    lines = StringIO()
    Console(file=lines, width=80, height=24).print(TopScreen(one, [], [], []), height=24)
    assert lines.getvalue().rstrip().endswith("no summary yet")


def test_a_document_does_not_control_the_terminal() -> None:
    evil = summary(1, name="a\x1b[2J", text="b\x1b]0;c\x07").model_copy(update={"title": "d\x9b31m"})
    lines = StringIO()
    console = Console(file=lines, width=160, height=20, force_terminal=True, color_system=None)
    console.print(TopScreen(OVERVIEW, [result(evil, 1).row(1)], [], []), height=20)
    assert not {"\x1b", "\x07", "\x9b"} & set(lines.getvalue())


def test_a_line_has_all_of_it() -> None:
    assert top_line(OVERVIEW) == (
        "2026-09-21T14:14:20Z healthy: working: 3 of 9 of the running batch done; 12 documents a minute, 310 tokens a "
        "second; 1,204 documents waiting in 1 partition, done in about 1.7 h; last hour: 720 summaries: 690 ok, 25 "
        "repaired, 5 extracts; 10% from the store, 2 dead letters"
    )
    stuck = replace(
        OVERVIEW, query=QueryHealth("not running", "no progress for 26 s"), eta=None, waiting=0, loading=0.5
    )
    assert "not running: no progress for 26 s; 12" in top_line(stuck)
    assert "no document is waiting; last hour (50% read)" in top_line(stuck)


def test_bars_show_what_is_not_nothing() -> None:
    assert sparkline([0, 1, 500, 1000], 4) == " ▁▄█"
    assert sparkline([1] * 360, 70) == "█" * 60


def test_a_failure_of_the_view_itself_is_shown() -> None:
    overview = replace(OVERVIEW, fault="reading what arrives failed 40 s ago (KeyError)")
    assert any("reading what arrives failed 40 s ago (KeyError)" in line for line in screen(overview, width=120))
    assert "fault: reading what arrives failed 40 s ago (KeyError)" in top_line(overview)
