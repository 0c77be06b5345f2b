from __future__ import annotations

import base64
import json
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.messages import (
    DeadLetter,
    Document,
    Failure,
    Header,
    ModelInfo,
    PromptInfo,
    Signals,
    Source,
    Summary,
    SummarySentence,
    Tokens,
)

SOURCE = Source(topic="documents", partition=3, offset=7, timestamp=1_700_000_000_000)
FAILURE = Failure(stage="decode", type="NotUtf8", message="the value is not UTF-8: byte 0 of 1")
OURS = {
    "error.stage": b"decode",
    "error.type": b"NotUtf8",
    "error.message": b"the value is not UTF-8: byte 0 of 1",
    "error.attempts": b"1",
    # As Spring Cloud Stream's Kafka binder writes them.
    "x-original-topic": b"documents",
    "x-original-partition": b"\0\0\0\x03",
    "x-original-offset": b"\0\0\0\0\0\0\0\x07",
    "x-original-timestamp": (1_700_000_000_000).to_bytes(8, "big"),
    "source.topic": b"documents",
    "source.partition": b"3",
    "source.offset": b"7",
    "source.timestamp": b"1700000000000",
}


def summary() -> Summary:
    return Summary(
        id="war-and-peace#1",
        title="Война и мир",
        summary="Anna Pávlovna receives — and talks.",
        status="repaired",
        sentences=[
            SummarySentence(start=0, end=23, origin="model", support=0.9, stands=True, evidence=[[7, 30]]),
            SummarySentence(start=24, end=35, origin="text", support=1.0, stands=True, evidence=[[40, 51], [90, 99]]),
        ],
        model=ModelInfo(name="smol", sha256="ab", representation="Q4_1"),
        prompt=PromptInfo(name="default", sha256="cd"),
        recipe="0123456789abcdef",
        strategy="map-reduce",
        chunks=3,
        tokens=Tokens(prompt=2000, completion=200),
        seconds=1.5,
        signals=Signals(grounding=0.5, supported=1.0, repetition=0.1, copied=0.25, compression=0.05, finish="length"),
        document_sha256="ef",
        source=SOURCE,
        produced_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc),
        metadata={"author": "Tolstoy"},
    )


def letter(headers: list[Header] | None = None, **changes: object) -> DeadLetter:
    given = DeadLetter(key=b"a", value=b"\xff", headers=headers or [], error=FAILURE, source=SOURCE)
    return given.model_copy(update=changes)


def test_a_summary_is_the_same_after_its_json() -> None:
    assert Summary.model_validate_json(summary().to_json()) == summary()


def test_a_summary_of_a_version_without_sentences_is_read() -> None:
    older = json.loads(summary().to_json()) | {"status": "extractive_fallback"}
    del older["sentences"], older["signals"]["supported"]
    read = Summary.model_validate(older)
    assert (read.status, read.sentences, read.signals.supported) == ("extractive_fallback", [], None)


def test_the_copy_signal_is_called_copy_in_json() -> None:
    signals = json.loads(summary().to_json())["signals"]
    assert signals["copy"] == 0.25
    assert "copied" not in signals


def test_a_summarys_json_is_utf8_and_says_its_version_and_that_it_is_in_utc() -> None:
    found = json.loads(summary().to_json())
    assert "Война и мир".encode() in summary().to_json()
    assert found["schema_version"] == 1
    assert found["produced_at"] == "2026-01-02T03:04:05.678901Z"


def test_a_summary_of_another_schema_version_is_refused() -> None:
    found = {**json.loads(summary().to_json()), "schema_version": 2}
    with pytest.raises(ValueError, match="schema_version"):
        Summary.model_validate(found)


def test_a_prompt_or_title_is_never_made_from_a_number() -> None:
    for name in ("title", "prompt", "language"):
        with pytest.raises(ValueError, match=name):
            Document.model_validate({"text": "a", name: 5})


def test_a_dead_letter_says_why_and_where_from_in_its_headers() -> None:
    assert dict(letter().kafka_headers()) == OURS
    assert len(letter().kafka_headers()) == len(OURS)


def test_a_cut_dead_letter_says_how_long_the_value_was() -> None:
    assert dict(letter(truncated=5_000_000).kafka_headers())["error.truncated"] == b"5000000"


def test_original_headers_are_kept_byte_for_byte_in_their_order() -> None:
    original: list[Header] = [
        ("traceparent", b"00-\xff\x00"), ("x", None), ("x", b""), ("x", b"again"), ("Grüße", b"1"), ("", b"no name"),
        ("errors", b"5"), ("source", b"mine"), ("Error.type", b"mine"),
    ]  # fmt: skip
    assert letter(original).kafka_headers()[: len(original)] == original


@pytest.mark.parametrize("name", ["source.system", "error.code", "source.", "error.retry-after", "source.topic.alias"])
def test_a_header_of_the_users_is_kept_though_its_name_begins_like_ours(name: str) -> None:
    assert (name, b"mine") in letter([(name, b"mine")]).kafka_headers()


@pytest.mark.parametrize("name", ["source.system", "error.code"])
def test_a_header_of_the_users_is_read_back_though_its_name_begins_like_ours(name: str) -> None:
    sent = [(name, b"mine"), *OURS.items()]
    assert DeadLetter.from_record(b"a", b"\xff", sent).headers == [(name, b"mine")]


HEADERS = st.lists(st.tuples(st.sampled_from(["x", "traceparent", "é", "errors"]), st.none() | st.binary(max_size=9)))


@given(
    st.none() | st.binary(max_size=20),
    st.none() | st.binary(max_size=20),
    HEADERS,
    st.none() | st.integers(0, 2**63 - 1),
)
def test_a_dead_letter_is_the_same_after_kafka(
    key: bytes | None, value: bytes | None, headers: list[Header], truncated: int | None
) -> None:
    sent = letter(headers, key=key, value=value, truncated=truncated)
    assert DeadLetter.from_record(sent.key, sent.value, sent.kafka_headers()) == sent


def test_a_reason_in_any_script_is_the_same_after_kafka() -> None:
    sent = letter(error=FAILURE.model_copy(update={"message": "es gibt kein Profil 'größer' 😀"}))
    assert DeadLetter.from_record(b"a", b"\xff", sent.kafka_headers()).error == sent.error


def test_headers_of_the_users_that_have_our_names_stay_the_users() -> None:
    others: list[Header] = [("error.type", b"theirs"), ("x-original-topic", b"upstream"), ("error.truncated", b"9")]
    sent = letter([*others, *letter([("traceparent", b"00")], truncated=99).kafka_headers()])
    read = DeadLetter.from_record(sent.key, sent.value, sent.kafka_headers())
    assert read == sent
    assert (dict(sent.kafka_headers())["x-original-topic"], read.truncated) == (b"documents", None)


def test_a_header_that_a_relay_adds_behind_ours_is_read() -> None:
    relayed = [*letter([("x", b"1")]).kafka_headers(), ("relayed-by", b"a mirror")]
    assert DeadLetter.from_record(b"a", b"\xff", relayed).headers == [("x", b"1"), ("relayed-by", b"a mirror")]


@pytest.mark.parametrize(
    "changed",
    [
        {"error.type": None},
        {"source.offset": None},
        {"source.offset": b"seven"},
        {"source.partition": b""},
        {"error.stage": b"lunch"},
        {"error.truncated": b"much"},
    ],
)
def test_a_record_that_is_no_dead_letter_is_refused(changed: dict[str, bytes | None]) -> None:
    headers = [(name, raw) for name, raw in {**OURS, **changed}.items() if raw is not None]
    with pytest.raises(ValueError):
        DeadLetter.from_record(b"a", b"\xff", headers)


def test_a_record_without_headers_is_no_dead_letter() -> None:
    with pytest.raises(ValueError):
        DeadLetter.from_record(b"a", b"text", [])


def test_bytes_are_base64_in_a_dead_letters_json() -> None:
    found = json.loads(letter([("x", b"\x00\xff"), ("y", None)]).model_dump_json())
    assert base64.b64decode(found["key"]) == b"a"
    assert base64.b64decode(found["value"]) == b"\xff"
    assert found["headers"] == [["x", base64.b64encode(b"\x00\xff").decode()], ["y", None]]


def test_null_stays_null_in_a_dead_letters_json() -> None:
    found = json.loads(letter(key=None, value=None).model_dump_json())
    assert (found["key"], found["value"], found["truncated"]) == (None, None, None)
