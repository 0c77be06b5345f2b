"""A forged record ends no reader: it is foreign, or counted as far as it goes, and its row is small."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from archives import summary
from live_records import late, letter, record, result

from consumers.live.feed import Feed
from consumers.live.filters import Filters
from consumers.live.hour import LastHour
from consumers.live.letters import REASONS, LetterFeed
from consumers.live.results import Result, read_row
from consumers.live.rows import Row


def row_of(read: Result) -> Row:
    feed = Feed()
    feed.append([read])
    [row] = feed.page(Filters()).rows
    return row


def test_a_record_that_gistream_wrote_is_always_a_row() -> None:
    message = summary(1).model_copy(update={"title": "Null \x00 and \u202e", "answer": [{"deep": [None]}]})
    assert read_row(record(message, 1)) is not None


def forged(**fields: Any) -> Result | None:
    """Return what is read of a record that is a summary but for some fields, which nobody has checked."""
    value = json.dumps({**json.loads(summary(1).to_json()), **fields}).encode()
    return read_row(SimpleNamespace(**{**vars(record(summary(1), 1)), "value": value}))


@pytest.mark.parametrize(
    "fields",
    [
        {"seconds": 1e308}, {"seconds": -1.0}, {"produced_at": "0001-01-01T00:00:00"},
        {"produced_at": "9999-12-31T23:59:59-23:00"}, {"tokens": {"prompt": 2**63 - 1, "completion": 2**63 - 1}},
        {"source": {"topic": "documents", "partition": 0, "offset": 1, "timestamp": -(2**63)}},
    ],
)  # fmt: skip
def test_a_forged_number_or_time_is_counted_as_far_as_it_goes(fields: dict[str, Any]) -> None:
    feed, hour, read = Feed(), LastHour(), forged(**fields)
    assert read is not None
    hour.count(feed.append([read]), read.arrived / 1000)
    assert len(feed) == 1
    assert hour.numbers(read.arrived / 1000).seconds is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"tokens": {"prompt": 2**63, "completion": 0}},
        {"source": {"topic": "documents", "partition": 0, "offset": 1, "timestamp": 10**400}},
    ],
)
def test_a_number_that_the_contract_does_not_have_makes_a_record_foreign(fields: dict[str, Any]) -> None:
    assert forged(**fields) is None


def test_a_record_of_a_hundred_thousand_brackets_is_foreign() -> None:
    deep = b'{"answer": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert read_row(SimpleNamespace(**{**vars(record(summary(1), 1)), "value": deep})) is None


def test_a_row_is_small_however_large_its_title_and_its_labels_are() -> None:
    labels = {f"{n}": "v" * 10_000 for n in range(1000)} | {"k" * 10_000: "v"}
    read = forged(title="word " * 100_000, metadata=labels)
    assert read is not None
    row = row_of(read)
    assert row.title is not None
    assert row.title.endswith("word …")
    assert len(json.dumps(asdict(row))) < 25_000
    # What is shown of a label finds its row.
    shown = row.metadata["7"]
    feed = Feed()
    feed.append([read])
    assert feed.page(Filters(metadata=(("7", shown),))).matching == 1


def test_forged_reasons_of_dead_letters_are_cut_and_only_so_many_are_told_apart() -> None:
    feed, hour = LetterFeed(), LastHour()
    letters = [letter(late(n, kind=f"{n:04}{'T' * 10_000}"), n) for n in range(500)]
    hour.count_letters(feed.append(letters), letters[0].arrived / 1000)
    numbers = hour.numbers(letters[0].arrived / 1000)
    for reasons in (feed.reasons(), numbers.reasons):
        assert len(reasons) == REASONS
        assert max(map(len, reasons)) == 100
    assert sum(numbers.hour.dead_letters) == 500


@pytest.mark.parametrize("at", [-1, 2**63 - 1, 1_790_000_000_000_000_000])
def test_a_rows_time_is_one_that_a_calendar_has(at: int) -> None:
    row = row_of(result(summary(1), 1, at=at))
    letters = LetterFeed()
    letters.append([letter(late(1), 1, at=at)])
    for time in (row.arrived, letters.page().rows[0].arrived):
        assert 1970 <= datetime.fromtimestamp(time / 1000, timezone.utc).year < 9999
