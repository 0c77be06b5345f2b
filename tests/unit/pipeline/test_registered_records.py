"""Records whose schema is in a registry: Avro, JSON Schema and Protobuf become the documents that JSON would be."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import fastavro
import pytest
from decoding import ONCE, decoded, deleted, read, record, refusal
from proto_files import message, message_type, proto_file
from schema_registry import Registry, framed, schema_registry

from streaming.errors import RegistryError
from streaming.pipeline.decode import RecordFormat, decode
from streaming.pipeline.record_id import id_of
from streaming.pipeline.registered import readable_value
from streaming.registry.access import RegistryAccess

TICKET = {
    "type": "record",
    "name": "Ticket",
    "fields": [
        {"name": "number", "type": "long"},
        {"name": "doc", "type": {"type": "record", "name": "Doc", "fields": [{"name": "body", "type": "string"}]}},
        {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []},
    ],
}
FILE = proto_file(message_type("Ticket", {"id": "int64", "text": "string", "urgent": "bool"}))
PLACES = {"field": (("text", "doc.body"), ("id", "number")), "keep": ("tags",)}


@pytest.fixture
def registry() -> Iterator[Registry]:
    with schema_registry() as served:
        yield served


def avro(schema: Any, value: Any) -> bytes:
    file = io.BytesIO()
    fastavro.schemaless_writer(file, fastavro.parse_schema(schema), value)
    return file.getvalue()


def reading(registry: Registry, format: str = "avro", **options: Any) -> dict[str, Any]:
    return {"format": format, "registry": RegistryAccess(registry.url), **options}


def test_an_avro_record_becomes_the_document_that_its_json_would_be(registry: Registry) -> None:
    number = registry.register(TICKET)
    value = {"number": 4711, "doc": {"body": ONCE}, "tags": ["mill", "fire"]}
    result = decoded(framed(number, avro(TICKET, value)), **reading(registry, **PLACES))
    assert result.document == read(json.dumps(value), format="json", **PLACES)
    assert result.document.metadata == {"tags": '["mill","fire"]'}
    assert result.mended == []


def test_each_record_is_read_with_the_version_of_the_schema_that_wrote_it(registry: Registry) -> None:
    first = {"type": "record", "name": "T", "fields": [{"name": "text", "type": "string"}]}
    second = {**first, "fields": [{"name": "title", "type": ["null", "string"]}, *first["fields"]]}
    one, two = registry.register(first), registry.register(second)
    old = read(framed(one, avro(first, {"text": ONCE})), **reading(registry))
    new = read(framed(two, avro(second, {"title": "The mill", "text": ONCE})), **reading(registry))
    assert (old.text, old.title, new.text, new.title) == (ONCE, None, ONCE, "The mill")


def test_a_record_that_is_one_string_is_a_text(registry: Registry) -> None:
    number = registry.register("string")
    result = decoded(framed(number, avro("string", ONCE)), **reading(registry))
    assert (result.document.text, result.mended) == (ONCE, [])


def test_a_protobuf_record_is_read_and_an_id_of_zero_names_nothing(registry: Registry) -> None:
    number = registry.register("syntax ...", "PROTOBUF", serialized=FILE.SerializeToString())
    payload = b"\0" + message((FILE,), "Ticket", text=ONCE).SerializeToString()
    document = read(framed(number, payload), key=b"a", **reading(registry, "protobuf", keep=("urgent",)))
    assert (document.id, document.text, document.metadata) == ("a", ONCE, {"urgent": "false"})
    empty = b"\0" + message((FILE,), "Ticket", id=7).SerializeToString()
    assert refusal(framed(number, empty), **reading(registry, "protobuf")).type == "EmptyText"


def test_json_with_a_schema_is_read_as_json(registry: Registry) -> None:
    number = registry.register({"type": "object"}, "JSON")
    result = decoded(framed(number, b'{"text": "Once", "title": 5}'), **reading(registry, "json-schema"))
    assert result.mended == ["title: a number became text"]


def test_json_without_a_frame_is_read_as_json_and_nothing_else_is(registry: Registry) -> None:
    assert read(b' {"text": "Once"}', **reading(registry)).text == "Once"
    error = refusal(b"Once upon a time", **reading(registry))
    assert error.type == "Unframed"
    assert "--format avro" in str(error)


def test_a_framed_key_names_the_document_also_of_a_deletion(registry: Registry) -> None:
    string, long = registry.register("string"), registry.register("long")
    composite = {"type": "record", "name": "Key", "fields": [{"name": "number", "type": "long"}]}
    with_field = registry.register(composite)
    options = reading(registry, **PLACES)
    for key, expected in (
        (framed(string, avro("string", "mill-1")), "mill-1"),
        (framed(long, avro("long", 4711)), "4711"),
        (framed(with_field, avro(composite, {"number": 4711})), "4711"),
        (b"plain", "plain"),
        # Eight bytes of a number, which look like a frame of a schema that there is not.
        (b"\0\0\0\1\2\3\4\5", "0000000102030405"),
    ):
        assert deleted(key, **options) == expected
        assert read('{"doc": {"body": "Once"}}', key, **options).id == expected
        # Also where the value cannot be read.
        assert id_of(record(framed(77, b"?"), key), RecordFormat(**options)) == expected


@pytest.mark.parametrize(
    ("payload", "type", "said"),
    [
        (framed(77, b"?"), "SchemaUnknown", "schema id 77: the schema registry has no such schema"),
        (framed(1, b"\x02"), "SchemaMismatch", "schema id 1: its bytes do not fit its Avro schema"),
        (framed(2, b"{}"), "SchemaMismatch", "schema id 2: its schema is JSON, and --format says avro"),
        (b"\0\0\0\0\0\0\0\0\x07hello", "Framed", "in eight bytes"),
        (b"\x03\x00" + bytes.fromhex("9f0c1f6e8f0d4b579f0d2f7c64b5a111") + b"x", "Framed", "AWS Glue"),
    ],
)
def test_what_is_wrong_with_a_record_is_said_with_its_schema_id(
    registry: Registry, payload: bytes, type: str, said: str
) -> None:
    registry.register(TICKET)
    registry.register({"type": "object"}, "JSON")
    error = refusal(payload, **reading(registry))
    assert error.type == type
    assert said in str(error)


def test_a_text_that_is_not_utf_8_is_refused(registry: Registry) -> None:
    number = registry.register("string")
    assert refusal(framed(number, b"\x06a\xff\xfe"), **reading(registry)).type == "NotUtf8"


def test_without_a_registry_a_framed_record_says_its_schema_id_and_the_flags_to_give() -> None:
    error = refusal(framed(12, b"\x0cmill-1\xdc\x07The mill"))
    assert error.type == "Framed"
    assert str(error) == (
        "framed by a schema registry (schema id 12): name its format and the registry, --format avro, json-schema, "
        "protobuf and --schema-registry URL"
    )


@pytest.mark.parametrize("first", [b'"', b"["])
def test_a_framed_record_is_no_text_whatever_its_first_byte(first: bytes) -> None:
    for format in ("auto", "json", "text"):
        assert refusal(framed(1, first + b"\x1cMill 17 burned."), format=format).type == "Framed"


def test_a_dead_letter_is_shown_as_json_where_its_schema_is_known(registry: Registry) -> None:
    number = registry.register(TICKET)
    value = {"number": 4711, "doc": {"body": "Mühle"}, "tags": []}
    raw = framed(number, avro(TICKET, value))
    access = RegistryAccess(registry.url)
    assert json.loads(readable_value(raw, access) or b"") == value
    for other in (None, b"plain", framed(77, b"?"), framed(number, b"?")):
        assert readable_value(other, access) == other
    assert readable_value(raw, None) == raw


def test_a_registry_that_refuses_the_login_is_no_fault_of_the_record() -> None:
    with schema_registry(login="a:b") as registry, pytest.raises(RegistryError):
        decode(record(framed(1, b"?")), RecordFormat(**reading(registry)))


def test_what_is_kept_beside_a_checkpoint_has_no_login(registry: Registry) -> None:
    access = RegistryAccess(registry.url, "gistream:secret")
    way = RecordFormat("avro", registry=access)
    assert "secret" not in json.dumps(way.content) + repr(way)
    assert registry.url in json.dumps(way.content)
    assert "schema_registry" not in replace(way, registry=None).content
