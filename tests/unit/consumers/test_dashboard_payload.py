"""What a dead letter holds is shown as text, whatever it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.dashboard.answers import as_json
from consumers.dashboard.payload import MOST_BYTES, Payload, headers_of, payload_of


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        (None, Payload("none", "", truncated=False)),
        (b"", Payload("text", "", truncated=False)),
        ("桥 <script>".encode(), Payload("text", "桥 <script>", truncated=False)),
        (b"a\r\nb", Payload("text", "a\nb", truncated=False)),
        (b"caf\xe9 " + b"au lait " * 5, Payload("damaged text", r"caf\xe9 " + "au lait " * 5, truncated=False)),
        (b"PK\x03\x04\x00\x00", Payload("bytes", f"00000000  {'50 4b 03 04 00 00':<47}  PK....", truncated=False)),
    ],
)  # fmt: skip
def test_a_payload_is_text_where_it_is_text_and_a_table_of_bytes_where_not(value: bytes, payload: Payload) -> None:
    assert payload_of(value) == payload


def test_a_long_text_is_cut_between_two_characters() -> None:
    payload = payload_of("桥".encode() * MOST_BYTES)
    assert (payload.kind, payload.truncated) == ("text", True)
    assert payload.text == "桥" * (MOST_BYTES // 3)


@given(st.binary(max_size=300))
def test_any_bytes_become_text_without_an_unseen_character(value: bytes) -> None:
    shown = json.loads(as_json(payload_of(value).text))
    assert all(character.isprintable() or character in "\n\t" or ord(character) > 0xA0 for character in shown)


def test_a_table_of_bytes_stays_within_the_limit() -> None:
    payload = payload_of(b"\x00\xff" * MOST_BYTES)
    assert payload.truncated
    assert len(payload.text) < 2 * MOST_BYTES


def test_headers_are_text_and_cut() -> None:
    headers = [("team", b"x"), ("none", None), ("raw", b"\xff"), ("long", b"y" * 2000)]
    assert headers_of(headers)[:3] == [["team", "x"], ["none", "null"], ["raw", r"\xff"]]
    assert len(headers_of(headers)[3][1]) == 1026


def test_an_answer_shows_unseen_characters_and_has_no_number_that_json_does_not_know() -> None:
    value = {"id": "a\u202egnp.exe\x00", "seconds": float("nan"), "rows": [float("inf"), 1.5], "half": "\ud83d"}
    assert json.loads(as_json(value)) == {
        "id": "a⟨U+202E⟩gnp.exe⟨U+0000⟩", "seconds": None, "rows": [None, 1.5], "half": "?",
    }  # fmt: skip
