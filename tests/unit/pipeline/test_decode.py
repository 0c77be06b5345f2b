from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import BadInput
from streaming.messages import Document, Source
from streaming.pipeline.decode import Record, RecordFormat, Tombstone, decode

SOURCE = Source(topic="documents", partition=3, offset=7, timestamp=1_700_000_000_000)
BOM = b"\xef\xbb\xbf"
ONCE = "Once upon a time"
NO_TEXT = {"NotUtf8", "Framed", "Binary", "Compressed", "Encoded"}


def record(value: bytes | str | None, key: bytes | None = b"a") -> Record:
    return Record(key, value.encode() if isinstance(value, str) else value, [], SOURCE)


def read(value: Any, key: bytes | None = b"a", **record_format: Any) -> Document:
    raw = value if isinstance(value, (bytes, str)) else json.dumps(value)
    decoded = decode(record(raw, key), RecordFormat(**record_format))
    assert isinstance(decoded, Document)
    return decoded


def refusal(value: Any, key: bytes | None = b"a", **record_format: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(value, key, **record_format)
    return caught.value


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_keys_name_is_used_when_the_document_has_no_id() -> None:
    decoded = read({"text": ONCE})
    assert (decoded.id, decoded.text) == ("a", ONCE)


def test_the_id_field_comes_before_the_key() -> None:
    assert read({"text": ONCE, "id": "b"}).id == "b"


def test_plain_text_without_a_key_is_named_by_its_sha256() -> None:
    assert read(ONCE, None).id == sha256(ONCE)


def test_an_empty_key_and_an_empty_id_are_none() -> None:
    assert read({"text": ONCE, "id": ""}, b"").id == sha256(ONCE)


def test_a_null_value_is_a_tombstone_of_its_key_byte_for_byte() -> None:
    assert decode(record(None, b"\xff\x00"), RecordFormat()) == Tombstone(b"\xff\x00")


def test_a_null_value_without_a_key_is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        decode(record(None, None), RecordFormat())
    assert caught.value.type == "NoKey"


@pytest.mark.parametrize(
    ("value", "type"),
    [
        pytest.param(b"\xff", "NotUtf8", id="a byte that UTF-8 never has"),
        pytest.param("Grüße".encode("latin-1"), "NotUtf8", id="Latin-1"),
        pytest.param("text".encode("utf-16")[:-1], "NotUtf8", id="UTF-16 that is cut"),
        pytest.param(b"\0\0\0\0\x0d\x0cmill-2\xdc\x07The mill", "Framed", id="Avro in a registry's frame"),
        pytest.param(gzip.compress(b"text"), "Compressed", id="gzip"),
        pytest.param(b"%PDF-1.7\n\xe2\xe3\xcf\xd3", "Binary", id="PDF"),
        pytest.param("VGhlIG1pbGwgYnVybmVkLg==", "Encoded", id="Base64"),
        pytest.param({"text": "VGhlIG1pbGwgYnVybmVkLg=="}, "Encoded", id="Base64 in a field"),
        pytest.param(b'{"text": "\xff"}', "NotUtf8", id="JSON that is not UTF-8"),
        pytest.param("{", "InvalidJson", id="cut JSON"),
        pytest.param('{"text": "a"} b', "InvalidJson", id="JSON and more"),
        pytest.param("{'text': 'a'}", "InvalidJson", id="Python instead of JSON"),
        pytest.param('{"text": "a\x00b"}', "InvalidJson", id="a raw NUL in JSON"),
        pytest.param('{"text": "\\ud800"}', "InvalidJson", id="a lone high surrogate"),
        pytest.param('{"text": "a\\udc00b"}', "InvalidJson", id="a lone low surrogate"),
        pytest.param('{"text": "a", "id": "\\ud83d"}', "InvalidJson", id="a lone surrogate in the id"),
        pytest.param('{"a":' * 500 + "1" + "}" * 500, "InvalidJson", id="nested too deeply"),
        pytest.param('{"text": "a", "id": ' + "1" * 5000 + "}", "InvalidJson", id="a number of 5,000 digits"),
        pytest.param({}, "NoText", id="no text"),
        pytest.param({"text": None}, "NoText", id="a null text"),
        pytest.param({"body": "a"}, "NoText", id="another field"),
        pytest.param({"text": 5}, "InvalidDocument", id="a text that is a number"),
        pytest.param({"text": ["a"]}, "InvalidDocument", id="a text that is a list"),
        pytest.param({"text": {"en": "a"}}, "InvalidDocument", id="a text that is an object"),
        pytest.param({"text": "a", "id": 1.5}, "InvalidDocument", id="an id that is a fraction"),
        pytest.param({"text": "a", "id": True}, "InvalidDocument", id="an id that is a boolean"),
        pytest.param({"text": "a", "title": 5}, "InvalidDocument", id="a title that is a number"),
        pytest.param({"text": "a", "metadata": [1]}, "InvalidDocument", id="metadata that is a list"),
        pytest.param({"text": "a", "metadata": {"n": 1}}, "InvalidDocument", id="a metadata value that is a number"),
        pytest.param(b"", "EmptyText", id="nothing"),
        pytest.param(BOM, "EmptyText", id="a byte order mark alone"),
        pytest.param(" \n\t\r\n", "EmptyText", id="blanks"),
        pytest.param({"text": ""}, "EmptyText", id="an empty text"),
        pytest.param({"text": " \u2003\n"}, "EmptyText", id="a blank text"),
    ],
)
def test_bad_input_is_refused_with_its_kind(value: Any, type: str) -> None:
    error = refusal(value)
    assert error.type == type
    assert str(error)


@pytest.mark.parametrize("value", ['["a"]', '"a"', "5", "null", "true"])
def test_json_that_is_no_object_is_refused_where_json_is_set(value: str) -> None:
    assert refusal(value, format="json").type == "InvalidJson"


@pytest.mark.parametrize("value", ['["a"]', '"a"', "5", "null", "a {b}"])
def test_what_does_not_begin_with_a_brace_is_text_where_nothing_is_set(value: str) -> None:
    assert read(value).text == value


def test_plain_text_is_refused_where_json_is_set() -> None:
    assert refusal(ONCE, format="json").type == "InvalidJson"


def test_json_stays_text_where_text_is_set() -> None:
    assert read('{"text": "a"}', format="text").text == '{"text": "a"}'


@pytest.mark.parametrize("blank", ["", " ", "\n", "\r\n\t "])
def test_json_is_known_by_its_first_character_that_is_not_blank(blank: str) -> None:
    assert read(blank + '{"text": "a"}').text == "a"


@pytest.mark.parametrize("value", ["Once\x00upon", "a\x07 bell\x7f", "\x1b[31mred\x1b[0m"])
@pytest.mark.parametrize("as_json", [True, False])
def test_control_characters_are_text(value: str, as_json: bool) -> None:
    assert read({"text": value} if as_json else value).text == value


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read(BOM + b"Once", None).text == "Once"
    assert read(BOM + b"Once", None).id == sha256("Once")
    assert read(BOM + b'{"text": "Once"}').text == "Once"


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert read('{"text": "\\ud83d\\ude00"}').text == "😀"


@pytest.mark.parametrize(("id", "name"), [(5, "5"), (0, "0"), (-3, "-3"), (10**30, str(10**30))])
def test_a_whole_number_is_an_id_as_it_is_written(id: int, name: str) -> None:
    assert read({"text": "a", "id": id}).id == name


def test_null_and_unknown_fields_are_ignored() -> None:
    decoded = read({"text": "a", "id": None, "title": None, "metadata": None, "price": 5})
    assert (decoded.id, decoded.title, decoded.metadata) == ("a", None, {})


def test_everything_a_document_may_have_is_kept() -> None:
    fields = {"text": "a", "id": "i", "title": "T", "language": "de", "prompt": "headline", "metadata": {"k": "v"}}
    assert read(fields).model_dump() == fields


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("body", {"body": ONCE}),
        ("doc.body", {"doc": {"body": ONCE}}),
        ("a.b.c", {"a": {"b": {"c": ONCE}}}),
        ("doc.body", {"doc.body": ONCE, "doc": {"body": "not this"}}),
        ("body", {"body": ONCE, "text": "not this"}),
        ("body", {"body": ONCE, "text": 5}),
    ],
)
def test_the_text_is_found_where_its_field_is_said_to_be(path: str, value: dict[str, Any]) -> None:
    assert read(value, field=(("text", path),)).text == ONCE


@pytest.mark.parametrize(
    "value", [{"text": "not this"}, {"doc": "text"}, {"doc": None}, {"doc": {}}, {"doc": {"body": None}}, {"doc": [1]}]
)
def test_a_mapped_text_that_is_not_there_is_named(value: dict[str, Any]) -> None:
    error = refusal(value, field=(("text", "doc.body"),))
    assert error.type == "NoText"
    assert "doc.body" in str(error)


def test_fields_may_change_places() -> None:
    decoded = read(
        {"text": "a title", "title": ONCE, "n": 5}, field=(("text", "title"), ("title", "text"), ("id", "n"))
    )
    assert (decoded.text, decoded.title, decoded.id) == (ONCE, "a title", "5")


BOTH = {"text": ONCE, "id": "field"}


@pytest.mark.parametrize(
    ("rule", "value", "key", "name"),
    [
        ("auto", BOTH, b"key", "field"),
        ("auto", {"text": ONCE}, b"key", "key"),
        ("auto", {"text": ONCE}, None, sha256(ONCE)),
        ("auto", {"text": ONCE}, b"\xff", sha256(ONCE)),
        ("field", BOTH, b"key", "field"),
        ("key", BOTH, b"key", "key"),
        ("key", BOTH, "Schlüssel".encode(), "Schlüssel"),
        ("sha256", BOTH, b"key", sha256(ONCE)),
        ("offset", BOTH, b"key", "documents-3-7"),
    ],
)
def test_a_document_goes_by_what_the_rule_says(rule: str, value: dict[str, str], key: bytes | None, name: str) -> None:
    assert read(value, key, id_from=rule).id == name


@pytest.mark.parametrize(
    ("rule", "value", "key"),
    [
        ("field", {"text": ONCE}, b"key"),
        ("field", {"text": ONCE, "id": ""}, b"key"),
        ("field", ONCE, b"key"),
        ("key", BOTH, None),
        ("key", BOTH, b""),
        ("key", BOTH, b"\xff"),
    ],
)
def test_a_document_without_the_name_the_rule_wants_is_refused(rule: str, value: Any, key: bytes | None) -> None:
    assert refusal(value, key, id_from=rule).type == "NoId"


SECRET = "Xyzzy"
BROKEN = [
    "{" + SECRET, '{"text": ' + SECRET + "}", '{"text": "' + SECRET, '{"text": "a"} ' + SECRET, '{"' + SECRET + '": 1',
    '{"text": "' + SECRET + '\\q"}', '{"text": "' + SECRET + '\\ud800"}', '{"text": ["' + SECRET + '"]}',
    '{"text": {"' + SECRET + '": 1}}', '{"text": "a", "id": ["' + SECRET + '"]}', '{"body": "' + SECRET + '"}',
    '{"text": "a", "metadata": "' + SECRET + '"}', '{"text": "a", "title": ["' + SECRET + '"]}',
    '{"text": "a", "metadata": {"k": ["' + SECRET + '"]}}', SECRET.encode() + b"\xff", b'["' + SECRET.encode() + b'"]',
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
    assert kind in {"Document", "InvalidJson", "NoText", "InvalidDocument", "EmptyText", *NO_TEXT}


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
