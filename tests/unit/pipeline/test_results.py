from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatchBuilder

from streaming.errors import BadInput, DeadlineExceeded, ResultTooLarge
from streaming.messages import (
    DeadLetter,
    Header,
    ModelInfo,
    PromptInfo,
    Record,
    Signals,
    Source,
    Summary,
    Tokens,
    read_source,
)
from streaming.pipeline.decode import Tombstone
from streaming.pipeline.results import Topics, dead_letter_result, record_size, summary_result, tombstone_result

SOURCE = Source(topic="documents", partition=3, offset=7, timestamp=1_700_000_000_000)
ROOMY = Topics("summaries", 10_000_000, "dead-letters", 10_000_000)
# What the reason alone takes at most is far below this: a topic that takes less takes no dead letter at all.
SMALLEST = 2_000
REASON = BadInput("the value is not UTF-8: byte 0 of 1", type="NotUtf8")

bytes_or_none = st.none() | st.binary(max_size=300)
headers_of_any_kind = st.lists(st.tuples(st.text(max_size=20), bytes_or_none), max_size=8)


def record(key: bytes | None, value: bytes | None, headers: list[Header] | None = None) -> Record:
    return Record(key, value, headers or [], SOURCE)


def size_on_the_wire(key: bytes | None, value: bytes | None, headers: list[Header]) -> int:
    """Encode the record as a Kafka client does, alone in its batch."""
    batch = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1 << 30,
    )  # fmt: skip
    assert batch.append(0, timestamp=SOURCE.timestamp, key=key, value=value, headers=headers)
    return len(batch.build())


def summary(text: str) -> Summary:
    return Summary(
        id="a",
        summary=text,
        status="ok",
        model=ModelInfo(name="smol", sha256="ab", representation="Q4_1"),
        prompt=PromptInfo(name="default", sha256="cd"),
        recipe="0123456789abcdef",
        strategy="stuff",
        chunks=1,
        tokens=Tokens(prompt=1, completion=1),
        seconds=1.5,
        signals=Signals(),
        document_sha256="ef",
        source=SOURCE,
        produced_at=datetime(2026, 1, 2, tzinfo=timezone.utc),
    )


def limited_to(limit: int) -> Topics:
    return Topics("summaries", limit, "dead-letters", limit)


@given(bytes_or_none, bytes_or_none, headers_of_any_kind)
def test_no_record_takes_more_than_its_stated_size(
    key: bytes | None, value: bytes | None, headers: list[Header]
) -> None:
    assert size_on_the_wire(key, value, headers) <= record_size(key, value, headers)


@pytest.mark.parametrize("length", [63, 64, 8191, 8192, 1_048_575, 1_048_576])
def test_no_long_record_takes_more_than_its_stated_size(length: int) -> None:
    sizes = [(b"k" * length, b"v" * length, []), (None, b"v" * length, [("h" * 100, b"v" * length)] * 3)]
    for key, value, headers in sizes:
        assert size_on_the_wire(key, value, headers) <= record_size(key, value, headers)


def test_a_summary_goes_to_the_output_topic_with_the_documents_headers() -> None:
    headers: list[Header] = [("traceparent", b"00"), ("x", None)]
    result = summary_result(summary("Short."), record(b"k", b"v", headers), ROOMY)
    assert (result.topic, result.key, result.headers) == ("summaries", b"a", headers)
    assert Summary.model_validate_json(result.value or b"") == summary("Short.")


def test_a_tombstone_deletes_its_id_on_the_output_topic() -> None:
    result = tombstone_result(Tombstone("4711"), record(b'{"id":4711}', None, [("x", b"1")]), ROOMY)
    assert (result.topic, result.key, result.value) == ("summaries", b"4711", None)
    assert result.headers[0] == ("x", b"1")
    assert read_source(result.headers) == SOURCE


def test_a_summary_fits_its_topic_to_the_byte() -> None:
    size = record_size(b"a", summary("Short.").to_json(), [])
    summary_result(summary("Short."), record(b"k", b"v"), limited_to(size))
    with pytest.raises(ResultTooLarge, match=rf"{size:,} bytes.*summaries.*{size - 1:,}"):
        summary_result(summary("Short."), record(b"k", b"v"), limited_to(size - 1))


def test_copied_headers_count_in_a_summarys_size() -> None:
    with pytest.raises(ResultTooLarge):
        summary_result(summary("Short."), record(b"k", b"v", [("x", b"h" * 5_000)]), limited_to(5_000))


def test_a_tombstone_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ResultTooLarge):
        tombstone_result(Tombstone("k" * 5_000), record(None, None), limited_to(5_000))


def test_a_dead_letter_is_the_original_byte_for_byte() -> None:
    headers: list[Header] = [("traceparent", b"\x00\xff"), ("x", None), ("x", b"")]
    result = dead_letter_result(record(b"\xfe", b"\xff\x00", headers), REASON, "decode", ROOMY)
    assert (result.topic, result.key, result.value) == ("dead-letters", b"\xfe", b"\xff\x00")
    assert result.headers[:3] == headers


def test_a_dead_letter_names_its_stage_its_error_and_its_source() -> None:
    error = DeadlineExceeded("it took more than 3,600 s")
    result = dead_letter_result(record(b"a", b"text"), error, "summarize", ROOMY)
    letter = DeadLetter.from_record(result.key, result.value, result.headers)
    assert (letter.error.stage, letter.error.type) == ("summarize", "DeadlineExceeded")
    assert (letter.error.message, letter.error.attempts) == ("it took more than 3,600 s", 1)
    assert letter.source == SOURCE
    assert letter.truncated is None


def test_a_null_value_stays_null_in_a_dead_letter() -> None:
    assert dead_letter_result(record(None, None), REASON, "decode", ROOMY).value is None


def test_a_reason_of_any_length_is_cut_to_a_sentence() -> None:
    result = dead_letter_result(record(b"a", b"v"), BadInput("x" * 1_000_000), "decode", ROOMY)
    assert len(dict(result.headers)["error.message"] or b"") == 1_000


@pytest.mark.parametrize(("room", "cut"), [(1, False), (0, False), (-1, True)])
def test_a_dead_letter_is_cut_only_when_it_does_not_fit_to_the_byte(room: int, cut: bool) -> None:
    original = record(b"key", b"v" * 4_000, [("x", b"1")])
    whole = dead_letter_result(original, REASON, "decode", ROOMY)
    limit = record_size(whole.key, whole.value, whole.headers) + room
    result = dead_letter_result(original, REASON, "decode", limited_to(limit))
    assert record_size(result.key, result.value, result.headers) <= limit
    if cut:
        assert dict(result.headers)["error.truncated"] == b"4000"
        assert 0 < len(result.value or b"") < 4_000
        assert original.value is not None
        assert original.value.startswith(result.value or b"?")
        assert (result.key, result.headers[0]) == (b"key", ("x", b"1"))
    else:
        assert result == whole


@pytest.mark.parametrize("big", ["key", "headers"])
def test_a_key_or_headers_that_fill_the_topic_go_so_that_the_letter_arrives(big: str) -> None:
    original = record(b"k" * 9_000, b"v" * 100) if big == "key" else record(b"k", b"v" * 100, [("x", b"h" * 9_000)])
    result = dead_letter_result(original, REASON, "decode", limited_to(SMALLEST))
    assert record_size(result.key, result.value, result.headers) <= SMALLEST
    letter = DeadLetter.from_record(result.key, result.value, result.headers)
    assert (letter.truncated, letter.value, letter.error.type) == (100, b"v" * 100, "NotUtf8")


@given(
    st.none() | st.integers(0, 6_000),
    st.none() | st.integers(0, 12_000),
    st.lists(st.tuples(st.integers(0, 300), st.none() | st.integers(0, 3_000)), max_size=6),
    st.integers(SMALLEST, 9_000),
)
def test_a_dead_letter_never_exceeds_its_topic(
    key: int | None, value: int | None, headers: list[tuple[int, int | None]], limit: int
) -> None:
    given_headers: list[Header] = [("h" * name, None if raw is None else b"r" * raw) for name, raw in headers]
    given_record = record(None if key is None else b"k" * key, None if value is None else b"v" * value, given_headers)
    result = dead_letter_result(given_record, REASON, "decode", limited_to(limit))
    assert record_size(result.key, result.value, result.headers) <= limit
    letter = DeadLetter.from_record(result.key, result.value, result.headers)
    assert letter.source == SOURCE
    if letter.truncated is None:
        assert (letter.key, letter.value, letter.headers) == (given_record.key, given_record.value, given_headers)
    else:
        assert letter.truncated == (value or 0)
