"""A feed has the newest rows, each once, in an order that never changes, and loses the words of what was deleted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from archives import dead_letter, deletion, summary
from live_records import letter, record, result

from consumers.live.feed import Feed
from consumers.live.filters import Filters
from consumers.live.hour import LastHour
from consumers.live.letters import REASONS, LetterFeed, read_letter_row
from consumers.live.results import Result, read_row
from consumers.live.rows import SEARCH_BYTES, Row
from streaming.messages import DeadLetter, Failure, Summary

ALL = Filters()


def results(*numbers: int) -> list[Result]:
    return [result(summary(number), number) for number in numbers]


def feed_of(*appended: Result, limit: int = 100) -> Feed:
    feed = Feed(limit)
    feed.append(appended)
    return feed


def ids(rows: Sequence[Row]) -> list[str]:
    return [row.id for row in rows]


def marks(feed: Feed) -> list[tuple[str, bool, bool]]:
    return [(row.id, row.replaced, row.deleted) for row in feed.page(ALL).rows]


def test_a_row_says_what_a_list_shows_and_where_the_rest_is() -> None:
    message = summary(7, text="It  burned.\nAll night long, " + "and longer " * 30)
    [row] = feed_of(result(message, 3, at=1_790_000_090_000, partition=1)).page(ALL).rows
    assert (row.topic, row.partition, row.offset, row.source) == ("summaries", 1, 3, ("documents", 0, 7))
    assert (row.id, row.status, row.prompt, row.model, row.recipe) == ("d7", "ok", "default", "m", "r1")
    assert (row.tokens, row.seconds, row.metadata) == (15, 0.5, {"team": "x"})
    assert row.opening.startswith("It burned. All night long, and longer")
    assert row.opening.endswith(" longer and …")
    assert len(row.opening) <= 200


@pytest.mark.parametrize(
    "value",
    [
        b"\xff\x00", b"[]", b"null", b'{"id": "a", "summary": "b"}', b"",
        json.dumps({**json.loads(summary(1).to_json()), "source": None}).encode(),
        json.dumps({**json.loads(summary(1).to_json()), "status": "fine"}).encode(),
        json.dumps({**json.loads(summary(1).to_json()), "seconds": "long"}).encode(),
    ],
)  # fmt: skip
def test_a_record_of_another_program_gets_no_row(value: bytes) -> None:
    foreign = SimpleNamespace(topic="t", partition=0, offset=1, timestamp=0, key=b"k", value=value, headers=[])
    assert read_row(foreign) is None
    assert read_letter_row(foreign) is None


def test_a_tombstone_without_a_position_is_not_gistreams() -> None:
    foreign = SimpleNamespace(topic="t", partition=0, offset=1, timestamp=0, key=b"k", value=None, headers=[])
    assert read_row(foreign) is None


def test_the_newest_rows_are_kept_and_come_in_pages() -> None:
    feed = feed_of(*results(*range(10)), limit=8)
    first = feed.page(ALL, limit=5)
    assert (ids(first.rows), first.more, first.matching) == (["d9", "d8", "d7", "d6", "d5"], True, 8)
    feed.append(results(10))
    second = feed.page(ALL, before=first.rows[-1].number, limit=5)
    assert (ids(second.rows), second.more) == (["d4", "d3"], False)


def test_numbers_are_stable_also_when_older_rows_are_read_later() -> None:
    feed = feed_of(*results(5, 6))
    before = {row.id: row.number for row in feed.page(ALL).rows}
    feed.prepend(results(1, 2, 3))
    feed.append(results(7))
    rows = feed.page(ALL).rows
    assert ids(rows) == ["d7", "d6", "d5", "d3", "d2", "d1"]
    assert [row.number for row in rows] == sorted((row.number for row in rows), reverse=True)
    assert before == {row.id: row.number for row in rows if row.id in before}


def test_only_the_newest_of_older_rows_are_added_when_there_is_little_room() -> None:
    feed = feed_of(*results(5, 6), limit=4)
    assert len(feed.prepend(results(1, 2, 3))) == 3
    assert ids(feed.page(ALL).rows) == ["d6", "d5", "d3", "d2"]


def test_a_repeat_gets_no_row_in_whatever_order_it_is_read() -> None:
    feed = feed_of(*results(5))
    assert [len(feed.append(results(5))), len(feed.prepend(results(5))), len(feed.note(results(5)))] == [0, 0, 0]
    assert ids(feed.page(ALL).rows) == ["d5"]


def test_the_highest_source_offset_replaces_the_other_rows_of_a_document() -> None:
    feed = feed_of(*(result(summary(n, name="d"), place) for place, n in enumerate([3, 5, 4])))
    assert [(row.source[2], row.replaced) for row in feed.page(ALL).rows if row.source] == [
        (4, True), (5, False), (3, True),
    ]  # fmt: skip
    # Read backwards, it is the same.
    feed = feed_of(result(summary(4, name="d"), 9))
    feed.prepend([result(summary(3, name="d"), 1), result(summary(5, name="d"), 2)])
    assert [(row.source[2], row.replaced) for row in feed.page(ALL).rows if row.source] == [
        (4, True), (5, False), (3, True),
    ]  # fmt: skip


def test_a_result_that_gets_no_row_still_replaces_one() -> None:
    feed = feed_of(result(summary(3, name="d"), 9))
    feed.note([result(summary(5, name="d"), 1)])
    assert marks(feed) == [("d", True, False)]


def test_a_document_of_ten_thousand_versions_takes_no_square_of_the_time() -> None:
    feed = Feed()
    feed.prepend([result(summary(n, name="d"), n) for n in range(10_000)])
    assert sum(not replaced for _, replaced, _ in marks(feed)) == 1


def test_a_deletion_drops_the_words_of_the_rows_of_its_document() -> None:
    feed = feed_of(
        result(summary(1, name="d", text="The secret mill."), 1),
        result(summary(1, name="other", text="The secret river."), 2),
        result(summary(2, name="d", text="The secret mill, again."), 3),
        result(deletion("d", 3), 4),
    )
    assert marks(feed) == [("d", False, False), ("d", True, True), ("other", False, False), ("d", True, True)]
    assert ids(feed.page(Filters(text="secret")).rows) == ["other"]
    deleted = feed.page(ALL).rows[1]
    assert (deleted.title, deleted.opening, deleted.metadata) == (None, "", {})
    # A version of the document that comes later is a new one.
    feed.append([result(summary(4, name="d", text="The new mill."), 5)])
    assert marks(feed)[:2] == [("d", False, False), ("d", True, False)]


def test_a_row_that_is_read_after_its_deletion_has_no_words() -> None:
    feed = feed_of(result(deletion("d", 3), 4))
    feed.prepend([result(summary(2, name="d", text="The secret mill."), 1)])
    assert marks(feed) == [("d", False, False), ("d", True, True)]
    assert feed.page(Filters(text="secret")).matching == 0
    feed = feed_of(result(summary(2, name="d", text="The secret mill."), 4))
    feed.note([result(deletion("d", 3), 1)])
    assert marks(feed) == [("d", True, True)]


def test_a_follower_gets_what_is_new_and_what_has_changed() -> None:
    feed = feed_of(*results(1, 2))
    cursor = feed.page(ALL).cursor
    feed.append([*results(3), result(deletion("d1", 9), 4)])
    changes = feed.since(cursor, ALL)
    assert [(row.id, row.kind, row.deleted) for row in changes.rows] == [
        ("d1", "summary", True), ("d3", "summary", False), ("d1", "deletion", False),
    ]  # fmt: skip
    assert not changes.reset
    assert feed.since(changes.cursor, ALL).rows == []


def test_a_follower_that_is_far_behind_takes_a_page_again() -> None:
    feed = feed_of(*results(1, 2), limit=10)
    cursor = feed.page(ALL).cursor
    feed.append(results(*range(3, 60)))
    behind = feed.since(cursor, ALL)
    assert behind.reset
    assert not feed.since(behind.cursor, ALL).reset
    many = feed.since(behind.cursor - 8, ALL, limit=5)
    assert (ids(many.rows), many.reset) == (["d55", "d56", "d57", "d58", "d59"], True)


def test_older_rows_and_another_topic_of_the_same_name_let_followers_take_a_page_again() -> None:
    feed = feed_of(*results(1, 2))
    cursor = feed.page(ALL).cursor
    feed.prepend(results(0))
    assert feed.since(cursor, ALL).reset
    last = feed.page(ALL).rows[0].number
    cursor = feed.page(ALL).cursor
    feed.forget_topic()
    assert (len(feed), feed.since(cursor, ALL).reset) == (0, True)
    feed.append(results(1))
    assert feed.page(ALL).rows[0].number > last


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        (Filters(text="MILL once"), ["a"]),
        (Filters(text="ill"), ["b", "a"]),
        (Filters(text="mühle"), ["c"]),
        (Filters(text="the-river"), ["b"]),
        (Filters(text="river mill fire"), []),
        (Filters(status="repaired"), ["b"]),
        (Filters(prompt="minutes"), ["c"]),
        (Filters(model="m"), ["c", "b", "a"]),
        (Filters(metadata=(("team", "y"),)), ["b"]),
        (Filters(metadata=(("team", "x"), ("city", "Oslo"))), []),
    ],
)
def test_filters_look_at_the_whole_summary(filters: Filters, chosen: list[str]) -> None:
    rows: list[Summary] = [
        summary(1, name="a", text="Once " * 100 + "the mill burned."),
        summary(2, name="b").model_copy(
            update={"title": "The-river mill", "status": "repaired", "metadata": {"team": "y"}}
        ),
        summary(3, name="c", text="Die MÜHLE."),
    ]
    rows[2].prompt.name = "minutes"
    feed = feed_of(*(result(one, place) for place, one in enumerate(rows)))
    page = feed.page(filters)
    assert (ids(page.rows), page.matching) == (chosen, len(chosen))
    assert ids(feed.since(0, filters).rows) == chosen[::-1]


def test_what_a_filter_looks_through_is_bounded() -> None:
    assert len(result(summary(1, text="mill " * 100_000), 1).search()) == SEARCH_BYTES


def test_facets_are_the_values_of_the_rows() -> None:
    facets = feed_of(*results(*range(3)), result(deletion("d", 9), 9)).facets()
    assert (facets.statuses, facets.prompts, facets.models) == (["ok"], ["default"], ["m"])
    assert facets.metadata == {"team": ["x"]}


def test_the_rows_of_a_document_are_found_in_the_feed_of_another_topic() -> None:
    own, shadow = feed_of(*results(1, 2)), feed_of(result(summary(2, recipe="r2"), 0))
    [row] = shadow.page(ALL).rows
    assert ids(own.of_document(row)) == ["d2"]
    assert shadow.of_document(own.page(ALL).rows[1]) == []


def late(offset: int, kind: str = "DeadlineExceeded", attempts: int = 1) -> DeadLetter:
    error = Failure(stage="summarize", type=kind, message="it took longer", attempts=attempts)
    return dead_letter(offset).model_copy(update={"error": error, "key": f"k{offset}".encode()})


def tombstone(key: bytes, offset: int) -> Any:
    read = read_letter_row(
        SimpleNamespace(topic="dead-letters", partition=0, offset=offset, timestamp=0, key=key, value=None, headers=[])
    )
    assert read is not None
    return read


def test_dead_letters_are_rows_with_their_reason_and_size() -> None:
    feed = LetterFeed()
    feed.append([letter(dead_letter(1), 0), letter(late(2), 1), letter(late(2), 2), letter(late(2, attempts=2), 3)])
    page = feed.page()
    assert [(row.reason, row.attempts, row.size, row.source) for row in page.rows] == [
        ("summarize/DeadlineExceeded", 2, 2, ("documents", 0, 2)),
        ("summarize/DeadlineExceeded", 1, 2, ("documents", 0, 2)),
        ("decode/NotUtf8", 1, 2, ("documents", 0, 1)),
    ]
    assert feed.reasons() == {"summarize/DeadlineExceeded": 2, "decode/NotUtf8": 1}
    assert [row.reason for row in feed.page("decode/NotUtf8").rows] == ["decode/NotUtf8"]
    feed.append([letter(late(9), 4)])
    assert [row.offset for row in feed.since(page.cursor).rows] == [4]


def test_a_tombstone_drops_the_dead_letters_of_its_key_in_whatever_order_it_is_read() -> None:
    feed = LetterFeed()
    feed.append([letter(late(1), 1), letter(late(2), 2), tombstone(b"k1", 3)])
    assert [row.key for row in feed.page().rows] == ["k2"]
    feed = LetterFeed()
    feed.append([tombstone(b"k1", 3)])
    feed.prepend([letter(late(1), 1), letter(late(2), 2)])
    assert [row.key for row in feed.page().rows] == ["k2"]


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
    [row] = feed_of(read).page(ALL).rows
    assert row.title is not None
    assert row.title.endswith("word …")
    assert len(json.dumps(asdict(row))) < 25_000
    # What is shown of a label finds its row.
    shown = row.metadata["7"]
    assert feed_of(read).page(Filters(metadata=(("7", shown),))).matching == 1


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
    [row] = feed_of(result(summary(1), 1, at=at)).page(ALL).rows
    letters = LetterFeed()
    letters.append([letter(late(1), 1, at=at)])
    for time in (row.arrived, letters.page().rows[0].arrived):
        assert 1970 <= datetime.fromtimestamp(time / 1000, timezone.utc).year < 9999
