"""A feed has the newest rows, each once, in an order that never changes, and loses the words of what was deleted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from archives import deletion, summary
from live_records import result

from consumers.live.feed import Feed
from consumers.live.filters import Filters
from consumers.live.letters import read_letter_row
from consumers.live.results import Result, read_row
from consumers.live.rows import SEARCH_BYTES, Row
from streaming.messages import Summary

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
