"""Of several results of one document the newest counts, whatever the order of their arrival."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from archives import dead_letter, deletion, summary

from consumers.newest import NewestResults, version
from streaming.messages import Summary

NOON = datetime(2026, 9, 21, 12, tzinfo=timezone.utc)


def made(offset: int, recipe: str = "r1", minutes: int = 0) -> Summary:
    later = NOON + timedelta(minutes=minutes)
    return summary(offset, name="d", recipe=recipe).model_copy(update={"produced_at": later})


def admitted(*results: Summary) -> list[bool]:
    newest = NewestResults(100)
    return [newest.admit(result) for result in results]


def test_the_highest_source_offset_counts_not_the_last_arrival() -> None:
    assert admitted(made(5), made(3, minutes=9), made(6)) == [True, False, True]
    assert version(made(6)) > version(made(5, minutes=9))


def test_of_two_recipes_of_one_offset_the_later_one_counts() -> None:
    assert admitted(made(5, "r1", 2), made(5, "r2", 1), made(5, "r3", 3)) == [True, False, True]


def test_a_repeated_delivery_is_left_out_also_when_another_recipe_came_between() -> None:
    assert admitted(made(5, "r1", 1), made(5, "r2", 2), made(5, "r1", 3)) == [True, True, False]
    newest = NewestResults(100)
    assert [newest.admit(dead_letter(4)) for _ in range(2)] == [True, False]


def test_a_deletion_at_the_offset_of_a_summary_is_newer_whatever_comes_after_it() -> None:
    newest = NewestResults(100)
    forgotten = deletion("d", 5)
    assert [newest.admit(result) for result in (made(5), forgotten, made(5), made(5, "r2", 9), made(6))] == [
        *(True, True, False, False, True)
    ]


def test_a_document_that_failed_once_more_is_no_repeat() -> None:
    newest, first = NewestResults(100), dead_letter(4)
    second = first.model_copy(update={"error": first.error.model_copy(update={"attempts": 2})})
    assert [newest.admit(letter) for letter in (first, second, second, first)] == [True, True, False, False]


def test_a_deletion_is_older_than_a_later_summary() -> None:
    newest = NewestResults(100)
    assert newest.admit(made(7))
    assert not newest.admit(deletion("d", 6))
    assert newest.admit(deletion("d", 8))


def test_offsets_of_two_partitions_do_not_compare() -> None:
    source = made(1).source
    assert source is not None
    other = made(1).model_copy(update={"source": source.model_copy(update={"partition": 1})})
    assert admitted(made(9), other) == [True, True]


def test_memory_has_a_bound() -> None:
    newest = NewestResults(2)
    for offset in range(3):
        newest.admit(summary(offset))
    # The first document is forgotten, so its repeat is not noticed.
    assert newest.admit(summary(0))
    assert not newest.admit(summary(2))
