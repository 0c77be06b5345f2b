from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from decoding import BOM, NO_TEXT, ONCE, decoded, read, record, refusal, sha256
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import BadInput
from streaming.pipeline.decode import RecordFormat, decode


@pytest.mark.parametrize(
    ("value", "type"),
    [
        pytest.param(b"\xff", "NotUtf8", id="a byte that UTF-8 never has"),
        pytest.param("Grüße".encode("latin-1"), "NotUtf8", id="Latin-1"),
        pytest.param("text".encode("utf-16")[:-1], "NotUtf8", id="UTF-16 that is cut"),
        pytest.param(b"\0\0\0\0\x0d\x0cmill-2\xdc\x07The mill", "Framed", id="Avro in a registry's frame"),
        pytest.param(gzip.compress(b"text", mtime=0), "Compressed", id="gzip"),
        pytest.param(b"%PDF-1.7\n\xe2\xe3\xcf\xd3", "Binary", id="PDF"),
        pytest.param("VGhlIG1pbGwgYnVybmVkLg==", "Encoded", id="Base64"),
        pytest.param({"text": "VGhlIG1pbGwgYnVybmVkLg=="}, "Encoded", id="Base64 in a field"),
        pytest.param(b'{"text": "\xff"}', "NotUtf8", id="JSON that is not UTF-8"),
        pytest.param("{", "InvalidJson", id="cut JSON"),
        pytest.param('{"text": "a"} b', "InvalidJson", id="JSON and more"),
        pytest.param("{'text': 'a'}", "InvalidJson", id="Python instead of JSON"),
        pytest.param('{"a":' * 5000 + "1" + "}" * 5000, "NoText", id="nested too deeply"),
        pytest.param('{"a":' * 5000, "InvalidJson", id="nested too deeply, and cut"),
        pytest.param([{"text": "a"}, {"text": "b"}], "InvalidJson", id="several documents"),
        pytest.param('"{\\"body\\": 1}"', "NoText", id="JSON without a text inside a JSON string"),
        pytest.param({}, "NoText", id="no text"),
        pytest.param({"text": None}, "NoText", id="a null text"),
        pytest.param({"body": "a"}, "NoText", id="another field"),
        pytest.param({"text": 5}, "InvalidDocument", id="a text that is a number"),
        pytest.param({"text": ["a"]}, "InvalidDocument", id="a text that is a list"),
        pytest.param({"text": {"en": "a"}}, "InvalidDocument", id="a text that is an object"),
        pytest.param({"text": "a", "prompt": 5}, "InvalidDocument", id="a prompt that is a number"),
        pytest.param(b"", "EmptyText", id="nothing"),
        pytest.param(BOM, "EmptyText", id="a byte order mark alone"),
        pytest.param(" \n\t\r\n", "EmptyText", id="blanks"),
        pytest.param({"text": ""}, "EmptyText", id="an empty text"),
        pytest.param(b" null\n", "EmptyText", id="JSON's null"),
        pytest.param('{"text": "\\ud800"}', "EmptyText", id="half a character alone"),
        pytest.param({"text": " \u2003\n"}, "EmptyText", id="a blank text"),
    ],
)
def test_bad_input_is_refused_with_its_kind(value: Any, type: str) -> None:
    error = refusal(value)
    assert error.type == type
    assert str(error)


@pytest.mark.parametrize("value", ["[5]", '["a", "b"]', "5", "true"])
def test_json_that_is_no_object_is_refused_where_json_is_set(value: str) -> None:
    assert refusal(value, format="json").type == "InvalidJson"


@pytest.mark.parametrize(
    "value",
    ["[]", "[1, {}]", '"a" b', '"Yes," he said. "No."', "[a](b)", "5", "a {b}", ")]}' {a}", "f({a: 1});", "for(;;); {"],
)
def test_what_does_not_begin_with_a_brace_is_text_where_nothing_is_set(value: str) -> None:
    assert read(value).text == value


def test_plain_text_is_refused_where_json_is_set() -> None:
    assert refusal(ONCE, format="json").type == "InvalidJson"


def test_json_stays_text_where_text_is_set() -> None:
    assert read('{"text": "a"}', format="text").text == '{"text": "a"}'


@pytest.mark.parametrize("blank", ["", " ", "\n", "\r\n\t "])
def test_json_is_known_by_its_first_character_that_is_not_blank(blank: str) -> None:
    assert read(blank + '{"text": "a"}').text == "a"


@pytest.mark.parametrize("value", ["Once\x00upon", "a\x07 bell\x7f", "an \x1b escape"])
@pytest.mark.parametrize("as_json", [True, False])
def test_control_characters_are_text(value: str, as_json: bool) -> None:
    assert read({"text": value} if as_json else value).text == value


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read(BOM + b"Once", None).text == "Once"
    assert read(BOM + b"Once", None).id == sha256("Once")
    assert read(BOM + b'{"text": "Once"}').text == "Once"


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert read('{"text": "\\ud83d\\ude00"}').text == "😀"


def test_what_is_no_text_as_it_stands_is_read_and_said() -> None:
    mail = (
        "Message-ID: <1@x.org>\nFrom: Ines\nSubject: The mill\nMIME-Version: 1.0\n\nDie M\u00c3\u00bchle steht still."
    )
    for value in (mail, json.dumps({"text": mail})):
        result = decoded(value)
        assert (result.document.text, result.document.title) == ("Die Mühle steht still.", "The mill")
        assert result.mended == ["text: a raw mail", "text: UTF-8 that was encoded twice"]
    assert read({"text": mail, "title": "Minutes"}).title == "Minutes"


def test_a_title_that_was_encoded_twice_is_mended_with_its_text() -> None:
    result = decoded(json.dumps({"text": ONCE, "title": "Die M\u00c3\u00bchle"}))
    assert (result.document.title, result.mended) == ("Die Mühle", ["title: UTF-8 that was encoded twice"])


SECRET = "Xyzzy"
BROKEN = [
    "{" + SECRET, '{"text": ' + SECRET + "}", '{"text": "' + SECRET, '{"text": "a"} ' + SECRET, '{"' + SECRET + '": 1',
'{"text": ["' + SECRET + '"]}',
    '{"text": {"' + SECRET + '": 1}}', '{"body": "' + SECRET + '"}', '{"text": "a", "prompt": ["' + SECRET + '"]}',
    '{"text": ["a"], "metadata": {"' + SECRET + '": 1}}', '{"text": "", "title": "' + SECRET + '"}',
    SECRET.encode() + b"\xff", b'["a", "' + SECRET.encode() + b'"]',
]  # fmt: skip


@pytest.mark.parametrize("value", BROKEN)
def test_no_reason_ever_holds_the_documents_text(value: str | bytes) -> None:
    assert SECRET not in str(refusal(value, format="json"))


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: ("{" + text).encode()))
def test_any_bytes_become_a_document_or_one_reason(value: bytes) -> None:
    try:
        kind = type(decode(record(value), RecordFormat())).__name__
    except BadInput as error:
        kind = error.type
    assert kind in {"Decoded", "InvalidJson", "NoText", "InvalidDocument", "EmptyText", *NO_TEXT}


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1).filter(str.strip))
def test_a_text_is_kept_to_the_character(text: str) -> None:
    assert read({"text": text}).text == text
    assert read(text, format="text").text == text.removeprefix("\ufeff")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("record_format", ["auto", "json"])
def test_json_in_utf16_and_in_a_schema_registrys_frame_is_json(encoding: str, record_format: str) -> None:
    value = json.dumps({"id": "b", "title": "The mill", "text": ONCE})
    for raw in (value.encode(encoding), b"\0\0\0\0\x0c" + value.encode()):
        document = read(raw, format=record_format)
        assert (document.id, document.title, document.text) == ("b", "The mill", ONCE)


def test_a_text_in_utf16_is_the_same_document_as_in_utf8() -> None:
    assert read(ONCE.encode("utf-16-le"), None) == read(ONCE, None)
