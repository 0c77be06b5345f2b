"""A document and its deletion go by one rule."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from decoding import ONCE, decoded, deleted, read, record, refusal, sha256
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import BadInput
from streaming.pipeline.decode import RecordFormat, decode


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
    pytest.param(b' { "id" : 4711 } ', "4711", id="an object with blanks around it"),
    pytest.param(b'{\r\n\t"id": "a b"\r\n}\n', "a b", id="an object in several lines"),
    pytest.param(b'\n"x"\n', "x", id="a string in JSON with line ends"),
    pytest.param(b'{\n"doc": 1}', "7b0a22646f63223a20317d", id="an object in lines without the id"),
    pytest.param(b"a\tb", "610962", id="a tab, which may be a number in binary"),
    pytest.param(b'{"doc":1,"tenant":3}', '{"doc":1,"tenant":3}', id="an object without the id"),
    pytest.param(b"{not JSON", "{not JSON", id="a brace in a name"),
    pytest.param(b'\x00\x00\x00\x00\x07{"id":4711}', "4711", id="an object in a schema registry's frame"),
    pytest.param(b"4711.0", "4711", id="a whole number with a fraction"),
    pytest.param(b"1.2345678E7", "12345678", id="a whole number as Java writes it"),
    pytest.param(b"1.10", "1.10", id="a version"),
    pytest.param(b"\xef\xbb\xbf4711", "4711", id="a byte order mark"),
    pytest.param(b'\xef\xbb\xbf{"id":4711}', "4711", id="a byte order mark before an object"),
    pytest.param("ä7".encode("utf-16"), "ä7", id="marked as UTF-16"),
    pytest.param(b'{"payload":{"id":4711}}', "4711", id="a payload without its schema"),
    pytest.param(b'{"id":false}', '{"id":false}', id="an object whose id names nothing"),
    pytest.param(b'{"id":"M\xfcller"}', "M\\xfcller", id="an object that is not UTF-8"),
    pytest.param(b"\x00\x00\x00\x00\x07abcde", "abcde", id="a string in a frame"),
    pytest.param(b"\x00\x00\x00\x00\x074711", "4711", id="a number in a frame"),
    pytest.param(b'\x00\x00\x00\x00\x07"a"', "a", id="a string of JSON in a frame"),
    pytest.param(b"\x00\x00\x00\x00\x07\x08abcd", "abcd", id="a string of Avro in a frame"),
    pytest.param(b"\x00\x00\x00\x00\x07\x90\x03" + b"x" * 200, "x" * 200, id="a long string of Avro in a frame"),
    pytest.param(
        b"\x03\x00" + uuid.UUID(int=7 << 70, version=4).bytes + b"\x04ab", "ab", id="a string in Glue's frame"
    ),
    pytest.param(b"\x00\x00\x00\x00\x07abc", "0000000007616263", id="eight bytes, which may be a number"),
    pytest.param(b"\x00\x00\x00\x00\x07\xce\x49", "0000000007ce49", id="a number of Avro in a frame"),
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


@pytest.mark.parametrize("id", ["4711", "4711.0", '"4711"', '"4711.0"', '"\ufeff4711"', "4.711E3"])
@pytest.mark.parametrize(
    "key", ["4711", "4711.0", '"4711.0"', "\ufeff4711", '{"id":4711.0}', '{"payload":{"id":"4711"}}']
)
def test_a_whole_number_is_one_id_however_value_and_key_write_it(id: str, key: str) -> None:
    result = decoded(f'{{"text": "a", "id": {id}}}', key.encode())
    assert (result.id, result.deletable, deleted(key.encode())) == ("4711", True, "4711")


def test_ids_that_floating_point_numbers_would_make_one_stay_apart() -> None:
    assert deleted(b"12345678901234567890.0") != deleted(b"12345678901234567891.0")


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


@pytest.mark.parametrize(("id", "name"), [(5, "5"), (0, "0"), (-3, "-3"), (10**30, str(10**30))])
def test_a_whole_number_is_an_id_as_it_is_written(id: int, name: str) -> None:
    assert read({"text": "a", "id": id}).id == name


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
