"""Summaries that the topic no longer has come from the archive, newest first, each once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from archives import DAY, deletion, summary
from dashboard_client import client
from made_up_view import MadeUpView

from consumers.dashboard.older import OlderSummaries
from consumers.live.filters import Filters
from streaming.archive import Archive, ArchiveLocation
from streaming.errors import UsageError
from streaming.messages import Deletion, Summary

ALL = Filters()
START = datetime(2026, 9, 21, 12, tzinfo=timezone.utc)


def at(number: int, minutes: float, **fields: Any) -> Summary:
    one = summary(number, text=f"Summary {number} of the mill.", **fields)
    return one.model_copy(update={"produced_at": START + timedelta(minutes=minutes)})


def archive(folder: Path, *batches: list[Summary | Deletion]) -> OlderSummaries:
    location = ArchiveLocation(str(folder))
    writer = Archive(location)
    for number, batch in enumerate(batches):
        writer.write(batch, name=f"batch-{number}")
    return OlderSummaries(location, location.url)


def ids(older: OlderSummaries, filters: Filters = ALL, **options: Any) -> list[str]:
    return [row.id for row in older.page(filters, **{"before": None, "limit": 100, **options}).rows]


def test_the_newest_come_first_over_all_files(tmp_path: Path) -> None:
    older = archive(tmp_path, [at(1, 5), at(2, 1)], [at(3, 3), at(4, 9, at=DAY - 86_400_000)])
    assert ids(older) == ["d4", "d1", "d3", "d2"]


def test_pages_follow_each_other_without_a_gap_or_a_repeat(tmp_path: Path) -> None:
    # Several within a millisecond.
    batches = [[at(10 * batch + one, batch + one / 6e7) for one in range(10)] for batch in range(4)]
    view, older = MadeUpView(), archive(tmp_path, *batches)
    browser, seen, before = client(view, older=older), [], None
    while True:
        page = browser.get(
            "/api/feed/older", params={"limit": 7} | ({} if before is None else {"before": before})
        ).json()
        seen += [row["id"] for row in page["rows"]]
        if not page["more"]:
            break
        before = page["rows"][-1]["arrived"]
    assert seen == [f"d{number}" for number in reversed(range(40))]


def test_filters_look_through_the_whole_summary(tmp_path: Path) -> None:
    older = archive(tmp_path, [at(1, 1), at(2, 2)])
    assert ids(older, Filters(text="summary 2")) == ["d2"]
    assert ids(older, Filters(metadata=(("team", "x"),))) == ["d2", "d1"]
    assert ids(older, Filters(metadata=(("team", "y"),))) == []
    assert ids(older, Filters(status="repaired")) == []


def test_a_row_of_the_archive_says_the_same_as_one_of_the_topic_and_opens(tmp_path: Path) -> None:
    older = archive(tmp_path, [at(1, 1), at(1, 2, recipe="r2")])
    browser = client(MadeUpView(), older=older)
    assert browser.get("/api/feed").json()["older"]
    [row, _] = browser.get("/api/feed/older").json()["rows"]
    assert (row["id"], row["recipe"], row["tokens"], row["metadata"]) == ("d1", "r2", 15, {"team": "x"})
    assert (row["topic"], row["partition"], row["offset"], row["archived"]) == ("documents", 0, 1, True)
    assert row["opening"] == "Summary 1 of the mill."
    assert -(2**53) < row["number"] < 0
    place = {name: row[name] for name in ("topic", "partition", "offset")}
    shown = browser.get("/api/summary", params=place).json()
    assert (shown["row"]["id"], shown["summary"]["recipe"]) == ("d1", "r2")
    assert shown["sentences"][0]["text"] == "Summary 1 "
    assert browser.get("/api/summary", params={**place, "offset": 77}).status_code == 404


def test_what_the_feed_has_does_not_come_twice(tmp_path: Path) -> None:
    view = MadeUpView()
    kept = view.summarize(1)
    older = archive(tmp_path, [kept, at(2, 1)])
    assert [row["id"] for row in client(view, older=older).get("/api/feed/older").json()["rows"]] == ["d2"]


def test_a_deleted_document_is_left_out_and_a_newer_version_of_it_is_not(tmp_path: Path) -> None:
    older = archive(
        tmp_path, [at(1, 1, name="a"), at(2, 2, name="b")], [deletion("a", 3), deletion("b", 1)], [at(4, 4, name="a")]
    )
    assert [row.source for row in older.page(ALL, before=None, limit=9).rows] == [
        ("documents", 0, 4),
        ("documents", 0, 2),
    ]


def test_pages_of_deleted_documents_alone_are_passed_over(tmp_path: Path) -> None:
    gone = [at(number, number) for number in range(1, 20)]
    older = archive(tmp_path, [at(0, 0), *gone], [deletion(f"d{number}", 100 + number) for number in range(1, 20)])
    page = older.page(ALL, before=None, limit=3)
    assert ([row.id for row in page.rows], page.more) == (["d0"], False)


def test_files_that_come_later_are_read(tmp_path: Path) -> None:
    older = archive(tmp_path, [at(1, 1)])
    assert ids(older) == ["d1"]
    Archive(ArchiveLocation(str(tmp_path))).write([at(2, 2)], name="later")
    assert ids(older) == ["d2", "d1"]


def test_only_as_many_row_groups_are_read_as_a_page_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = archive(tmp_path, *[[at(number, number)] for number in range(20)])
    read: list[str] = []
    values = older._values
    monkeypatch.setattr(older, "_values", lambda group, end: (read.append(group.path), values(group, end))[1])
    assert ids(older, limit=2) == ["d19", "d18"]
    assert len(read) == 3


def test_a_folder_that_is_no_archive_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no archive in"):
        OlderSummaries(ArchiveLocation(str(tmp_path / "none")), "none")


def test_without_an_archive_the_page_says_how_to_name_one() -> None:
    answer = client(MadeUpView()).get("/api/feed/older")
    assert (answer.status_code, "--archive" in answer.json()["error"]) == (404, True)
