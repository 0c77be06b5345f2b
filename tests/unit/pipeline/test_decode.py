from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import BadInput
from streaming.messages import Document, Record, Source
from streaming.pipeline.decode import Decoded, RecordFormat, Tombstone, decode

SOURCE = Source(topic="documents", partition=3, offset=7, timestamp=1_700_000_000_000)
BOM = b"\xef\xbb\xbf"
ONCE = "Once upon a time"
NO_TEXT = {"NotUtf8", "Framed", "Binary", "Compressed", "Encoded"}


def record(value: bytes | str | None, key: bytes | None = b"a") -> Record:
    return Record(key, value.encode() if isinstance(value, str) else value, [], SOURCE)


def read(value: Any, key: bytes | None = b"a", **record_format: Any) -> Document:
    raw = value if isinstance(value, (bytes, str)) else json.dumps(value)
    return decoded(raw, key, **record_format).document


def decoded(value: bytes | str, key: bytes | None = b"a", **record_format: Any) -> Decoded:
    result = decode(record(value, key), RecordFormat(**record_format))
    assert isinstance(result, Decoded)
    return result


def deleted(key: bytes | None, **record_format: Any) -> str:
    result = decode(record(None, key), RecordFormat(**record_format))
    assert isinstance(result, Tombstone)
    return result.id


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


KEYS = [
    pytest.param(b"a", "a", id="text"),
    pytest.param("Schlüssel".encode(), "Schlüssel", id="text that is not ASCII"),
    pytest.param(b'{"id":4711}', "4711", id="an object with the id"),
    pytest.param(b'{"id": "x", "tenant": 3}', "x", id="an object with the id and more"),
    pytest.param(b'{"schema":{"type":"struct"},"payload":{"id":4711}}', "4711", id="as Kafka Connect writes an object"),
    pytest.param(b'{"schema":{"type":"string"},"payload":"x"}', "x", id="as Kafka Connect writes a string"),
    pytest.param(b'"x"', "x", id="a string in JSON"),
    pytest.param(b'{"doc":1,"tenant":3}', '{"doc":1,"tenant":3}', id="an object without the id"),
    pytest.param(b"{not JSON", "{not JSON", id="a brace in a name"),
    pytest.param(b'\x00\x00\x00\x00\x07{"id":4711}', "4711", id="an object in a schema registry's frame"),
    pytest.param(bytes.fromhex("00000000000012ff"), "00000000000012ff", id="a number in binary"),
    pytest.param(bytes.fromhex("0000000000000012"), "0000000000000012", id="a number in binary that is UTF-8, too"),
]


@pytest.mark.parametrize(("key", "name"), KEYS)
def test_a_document_and_its_deletion_go_by_the_same_reading_of_the_key(key: bytes, name: str) -> None:
    assert read({"text": ONCE}, key).id == read(ONCE, key).id == deleted(key) == name


@given(key=st.binary(min_size=1, max_size=30) | st.text(min_size=1, max_size=30).map(str.encode))
@pytest.mark.parametrize("rule", ["auto", "key"])
def test_any_key_deletes_the_document_that_goes_by_it(key: bytes, rule: str) -> None:
    assert read(ONCE, key, id_from=rule).id == deleted(key, id_from=rule)
    assert decoded(ONCE, key, id_from=rule).deletable


def test_a_key_is_the_id_as_it_stands_where_the_rule_says_key() -> None:
    assert read(ONCE, b'{"id":4711}', id_from="key").id == deleted(b'{"id":4711}', id_from="key") == '{"id":4711}'


def test_the_id_is_found_in_the_key_where_the_values_field_is_said_to_be() -> None:
    places = {"field": (("id", "doc.no"),)}
    assert deleted(b'{"doc":{"no":7}}', **places) == read({"text": ONCE, "doc": {"no": 7}}, None, **places).id == "7"


@pytest.mark.parametrize(
    ("value", "key", "rule", "deletable"),
    [
        ({"text": ONCE, "id": 4711}, b'{"id":4711}', "auto", True),
        ({"text": ONCE, "id": "b"}, b"a", "auto", False),
        ({"text": ONCE, "id": "b"}, b"a", "field", False),
        ({"text": ONCE, "id": "b"}, b"a", "key", True),
        ({"text": ONCE, "id": "b"}, None, "auto", True),
        ({"text": ONCE}, b"a", "sha256", True),
    ],
)
def test_a_document_that_no_deletion_finds_is_known(value: Any, key: bytes | None, rule: str, deletable: bool) -> None:
    assert decoded(json.dumps(value), key, id_from=rule).deletable == deletable


@pytest.mark.parametrize("key", [None, b""])
def test_a_null_value_without_a_key_is_refused(key: bytes | None) -> None:
    with pytest.raises(BadInput) as caught:
        decode(record(None, key), RecordFormat())
    assert caught.value.type == "NoKey"


@pytest.mark.parametrize("rule", ["sha256", "offset"])
def test_a_deletion_is_refused_where_no_key_names_a_document(rule: Any) -> None:
    with pytest.raises(BadInput, match="deletes nothing here") as caught:
        decode(record(None, b"a"), RecordFormat(id_from=rule))
    assert caught.value.type == "NoId"


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
        pytest.param('{"a":' * 5000 + "1" + "}" * 5000, "InvalidJson", id="nested too deeply"),
        pytest.param([{"text": "a"}, {"text": "b"}], "InvalidJson", id="several documents"),
        pytest.param('"{\\"body\\": 1}"', "NoText", id="JSON without a text inside a JSON string"),
        pytest.param({}, "NoText", id="no text"),
        pytest.param({"text": None}, "NoText", id="a null text"),
        pytest.param({"body": "a"}, "NoText", id="another field"),
        pytest.param({"text": 5}, "InvalidDocument", id="a text that is a number"),
        pytest.param({"text": ["a"]}, "InvalidDocument", id="a text that is a list"),
        pytest.param({"text": {"en": "a"}}, "InvalidDocument", id="a text that is an object"),
        pytest.param({"text": "a", "id": True}, "InvalidDocument", id="an id that is a boolean"),
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


MENDED: list[Any] = [
    pytest.param('{"text": "a \\ud83d"}', {"text": "a \ufffd"}, ["text: half a character"], id="half an emoji"),
    pytest.param('{"text": "a\\udc00b"}', {"text": "a\ufffdb"}, ["text: half a character"], id="its other half"),
    pytest.param('{"text": "a", "title": "\\ud83d"}', {"title": "\ufffd"}, ["title: half a character"], id="a title"),
    pytest.param('{"text": "a", "id": "\\ud83d"}', {"id": "\ufffd"}, ["id: half a character"], id="in the id"),
    pytest.param('{"text": "a\nb"}', {"text": "a\nb"}, ["value: characters that JSON escapes"], id="a raw line break"),
    pytest.param('{"text": "a\x00b"}', {"text": "a\x00b"}, ["value: characters that JSON escapes"], id="a raw NUL"),
    pytest.param('{"text": "a"}\0', {"text": "a"}, ["value: characters that JSON escapes"], id="a NUL at the end"),
    pytest.param('{"text": "a", "title": "C:\\data"}', {"title": "C:\\data"}, ["value: characters that JSON escapes"],
                 id="a stray backslash"),
    pytest.param('{"text": "a", "id": NaN}', {"id": "a"}, ["id: left out, because it is no number"], id="NaN as id"),
    pytest.param('{"text": "a", "id": 4711.0}', {"id": "4711"}, ["id: a number became text"], id="an id with a .0"),
    pytest.param('{"text": "a", "id": 1.5}', {"id": "1.5"}, ["id: a number became text"], id="an id with a fraction"),
    pytest.param('{"text": "a", "id": {"$oid": "x"}}', {"id": '{"$oid":"x"}'}, ["id: an object became text"], id="oid"),
    pytest.param('{"text": "a", "title": 5}', {"title": "5"}, ["title: a number became text"], id="a number as title"),
    pytest.param('{"text": "a", "title": ["b", 1]}', {"title": '["b",1]'}, ["title: a list became text"], id="a list"),
    pytest.param('{"text": "a", "language": 5}', {"language": None}, ["language: left out, because it is no text"],
                 id="a number as language"),
    pytest.param('{"text": "a", "metadata": {"n": 3, "b": true, "s": "x", "l": null}}',
                 {"metadata": {"n": "3", "b": "true", "s": "x"}},
                 ["metadata.n: a number became text", "metadata.b: a boolean became text"], id="metadata"),
    pytest.param('{"text": "a", "metadata": [1]}', {"metadata": {"metadata": "[1]"}},
                 ["metadata.metadata: a list became text"], id="metadata that is a list"),
    pytest.param('{"text": "a", "score": NaN, "n": 1e400}', {"text": "a"}, [], id="numbers that JSON does not know"),
    pytest.param('{"text": "a", "n": ' + "1" * 5000 + "}", {"text": "a"}, ["value: characters that JSON escapes"],
                 id="a number of 5,000 digits"),
    pytest.param('"{\\"text\\": \\"b\\", \\"id\\": \\"d\\"}"', {"text": "b", "id": "d"},
                 ["value: JSON inside a JSON string"], id="JSON in a string"),
    pytest.param('[{"text": "b"}]', {"text": "b"}, ["value: a list of one object"], id="a list of one"),
    pytest.param('{"schema": {"type": "struct"}, "payload": {"text": "b"}}', {"text": "b"}, [], id="Kafka Connect"),
    pytest.param('{"schema": null, "payload": "{\\"text\\": \\"b\\"}"}', {"text": "b"},
                 ["value: JSON inside a JSON string"], id="Kafka Connect, of a string"),
    pytest.param('"He said \\"no\\".\\nThen he left."', {"text": 'He said "no".\nThen he left.'},
                 ["value: a JSON string"], id="a text as a JSON string"),
    pytest.param('"{not} JSON"', {"text": "{not} JSON"}, ["value: a JSON string"], id="a text with a brace"),
]  # fmt: skip


@pytest.mark.parametrize("format", ["auto", "json"])
@pytest.mark.parametrize(("value", "fields", "mended"), MENDED)
def test_small_faults_are_mended_and_said(value: str, fields: dict[str, Any], mended: list[str], format: str) -> None:
    result = decoded(value, format=format)
    assert {name: getattr(result.document, name) for name in fields} == fields
    assert result.mended == mended


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
def test_nothing_that_is_only_copied_costs_a_document(anything: Any) -> None:
    value = json.dumps({"text": ONCE, "title": anything, "metadata": anything, "language": anything, "x": anything})
    result = decoded(value, keep=("x",), field=(("metadata.y", "x"),))
    assert result.document.text == ONCE
    # It can leave as UTF-8.
    result.document.model_dump_json()


def test_fields_are_kept_under_their_names_and_others_under_new_ones() -> None:
    value = {
        "text": ONCE,
        "created": "2026-01-31",
        "tags": ["a", "ä"],
        "n": 2.0,
        "ok": True,
        "doc": {"by": "me"},
        "no": None,
    }
    result = decoded(
        json.dumps(value),
        keep=("created", "tags", "n", "ok", "doc.by", "no", "absent"),
        field=(("metadata.who", "doc"),),
    )
    assert result.document.metadata == {
        "created": "2026-01-31", "tags": '["a","ä"]', "n": "2", "ok": "true", "doc.by": "me", "who": '{"by":"me"}',
    }  # fmt: skip
    assert result.mended == []


def test_a_text_is_found_in_json_inside_a_json_string() -> None:
    value = json.dumps({"payload": json.dumps({"doc": {"body": ONCE}})})
    assert read(value, field=(("text", "payload.doc.body"),)).text == ONCE


@pytest.mark.parametrize("value", ['["a"]', "5", "true"])
def test_json_that_is_no_object_is_refused_where_json_is_set(value: str) -> None:
    assert refusal(value, format="json").type == "InvalidJson"


@pytest.mark.parametrize("value", ['["a"]', "[]", "[1, {}]", '"a" b', '"Yes," he said. "No."', "[a](b)", "5", "a {b}"])
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
    assert "body" in str(error)


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ({"body": ONCE, "no": 1}, "bdy", "the JSON object has no 'bdy'; it has body, no"),
        ({"doc": {"body": ONCE}}, "doc.bdy", "the JSON object 'doc' has no 'bdy'; it has body"),
        ({"doc": "x"}, "doc.body", "the JSON object has no 'doc.body'; it has doc"),
        ({}, "text", "the JSON object has no 'text'; it is empty"),
        ({f"f{n:02}": 1 for n in range(30)}, "text", "f18, f19 and 10 more"),
    ],
)
def test_a_missing_text_is_answered_with_the_fields_that_are_there(value: Any, path: str, message: str) -> None:
    assert message in str(refusal(value, field=(("text", path),)))


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
        ("auto", {"text": ONCE}, b"\xff", "ff"),
        ("key", BOTH, b"\xff", "ff"),
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
    ],
)
def test_a_document_without_the_name_the_rule_wants_is_refused(rule: str, value: Any, key: bytes | None) -> None:
    assert refusal(value, key, id_from=rule).type == "NoId"


SECRET = "Xyzzy"
BROKEN = [
    "{" + SECRET, '{"text": ' + SECRET + "}", '{"text": "' + SECRET, '{"text": "a"} ' + SECRET, '{"' + SECRET + '": 1',
'{"text": ["' + SECRET + '"]}',
    '{"text": {"' + SECRET + '": 1}}', '{"body": "' + SECRET + '"}', '{"text": "a", "prompt": ["' + SECRET + '"]}',
    '{"text": ["a"], "metadata": {"' + SECRET + '": 1}}', '{"text": "", "title": "' + SECRET + '"}',
    SECRET.encode() + b"\xff", b'["' + SECRET.encode() + b'"]',
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
