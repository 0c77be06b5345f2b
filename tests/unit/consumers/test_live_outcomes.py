"""A dead letter says what became of its document since, in whatever order the results are read."""

from __future__ import annotations

from archives import dead_letter
from live_records import letter

from consumers.live.letters import LetterFeed
from consumers.live.rows import Position
from streaming.messages import DeadLetter


def failed(offset: int, attempts: int = 1) -> DeadLetter:
    first = dead_letter(offset)
    return first.model_copy(update={"error": first.error.model_copy(update={"attempts": attempts})})


def source(offset: int) -> Position:
    place = dead_letter(offset).source
    return place.topic, place.partition, place.offset


def outcomes(feed: LetterFeed) -> list[str]:
    return [row.outcome for row in feed.page().rows]


def test_a_summary_settles_the_letters_of_its_record_for_followers_too() -> None:
    feed = LetterFeed()
    feed.append([letter(failed(1), 0), letter(failed(2), 1)])
    cursor = feed.page().cursor
    feed.note_summaries([source(1), source(7)])
    assert outcomes(feed) == ["", "summarized"]
    changes = feed.since(cursor)
    assert [(row.offset, row.outcome) for row in changes.rows] == [(0, "summarized")]
    # A second summary, of another recipe, changes nothing.
    feed.note_summaries([source(1)])
    assert feed.since(changes.cursor).rows == []


def test_a_record_that_failed_again_says_so_at_its_earlier_letters_alone() -> None:
    feed = LetterFeed()
    feed.append([letter(failed(1), 0)])
    feed.append([letter(failed(1, attempts=2), 1)])
    assert outcomes(feed) == ["", "failed again"]
    feed.note_summaries([source(1)])
    assert outcomes(feed) == ["summarized", "summarized"]


def test_older_letters_that_are_read_later_know_it_as_well() -> None:
    feed = LetterFeed()
    feed.note_summaries([source(1)])
    feed.append([letter(failed(2, attempts=2), 5)])
    feed.prepend([letter(failed(1), 0), letter(failed(2), 1)])
    assert outcomes(feed) == ["", "failed again", "summarized"]


def test_a_new_input_topic_begins_with_other_documents_at_the_same_places() -> None:
    feed = LetterFeed()
    feed.note_summaries([source(1)])
    feed.forget_known()
    feed.append([letter(failed(1), 0)])
    assert outcomes(feed) == [""]


def test_rows_that_had_to_go_are_not_changed_any_more() -> None:
    feed = LetterFeed(limit=1)
    feed.append([letter(failed(1), 0), letter(failed(2), 1)])
    feed.note_summaries([source(1)])
    assert outcomes(feed) == [""]
