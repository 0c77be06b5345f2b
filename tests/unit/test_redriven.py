"""A redriven record is read as its document was first; headers that only look like one change nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.messages import DeadLetter, Failure, Header, Record, Source, redriven_headers, restored

FIRST = Source(topic="documents", partition=3, offset=7, timestamp=1_700_000_000_000)
OWN = Source(topic="documents", partition=3, offset=90, timestamp=1_800_000_000_000)


def letter(headers: list[Header], attempts: int = 1) -> DeadLetter:
    failure = Failure(stage="summarize", type="DeadlineExceeded", message="too long", attempts=attempts)
    return DeadLetter(key=b"a", value=b"text", headers=headers, error=failure, source=FIRST)


def redriven(own: Source = OWN, **headers: bytes | None) -> Record:
    """Return a redriven record at `own`; headers may be changed by name."""
    sent = [(name, headers.get(name.replace(".", "_"), raw)) for name, raw in redriven_headers(letter([("x", b"1")]))]
    return Record(b"a", b"text", sent, own)


@given(st.lists(st.tuples(st.text(max_size=20), st.none() | st.binary(max_size=50)), max_size=8), st.integers(1, 9))
def test_a_redriven_record_is_read_as_it_was_first(headers: list[Header], attempts: int) -> None:
    sent = Record(b"a", b"text", redriven_headers(letter(headers, attempts)), OWN)
    assert restored(sent) == Record(b"a", b"text", headers, FIRST, attempts)


def test_a_record_of_a_producer_is_read_as_it_is() -> None:
    plain = Record(b"a", b"text", [("source.offset", b"1"), ("error.attempts", b"9")], OWN)
    assert restored(plain) is plain


@pytest.mark.parametrize(
    "own",
    [
        {"topic": "another"},
        {"partition": 4},
        # Nobody takes the position of a document that is newer than the record, nor its own.
        {"offset": 7},
        {"offset": 5},
    ],
)
def test_a_position_that_is_not_an_earlier_one_of_the_same_partition_does_not_count(own: dict[str, object]) -> None:
    record = redriven(OWN.model_copy(update=own))
    assert restored(record) is record


@pytest.mark.parametrize(
    "changed",
    [
        {"gistream_redriven": b"2"},
        {"gistream_redriven": None},
        {"error_attempts": b"many"},
        {"error_attempts": b"-1"},
        {"error_attempts": b"0"},
        {"error_attempts": b"9" * 5000},
        {"error_attempts": None},
        {"source_offset": b"-7"},
        {"source_offset": b" 7"},
        {"source_offset": b"seven"},
        {"source_timestamp": None},
    ],
)
def test_headers_that_are_not_ours_to_the_byte_do_not_count(changed: dict[str, bytes | None]) -> None:
    record = redriven(**changed)
    assert restored(record) is record


@pytest.mark.parametrize("place", range(7))
def test_a_record_that_lacks_one_of_the_headers_or_has_another_between_them_does_not_count(place: int) -> None:
    headers = redriven().headers
    for changed in (headers[:place] + headers[place + 1 :], [*headers[: place + 1], ("y", b""), *headers[place + 1 :]]):
        record = replace(redriven(), headers=changed)
        is_in_front = place == 0
        assert (restored(record).source == FIRST) == is_in_front
