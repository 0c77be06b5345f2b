"""The newest dead letters are rows with their reason, and a tombstone takes them away."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from archives import dead_letter
from live_records import late, letter

from consumers.live.letters import LetterFeed, read_letter_row


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
