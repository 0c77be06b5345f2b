"""Avro records with the schema of their writer: the values that a person expects, and what hostile bytes cost."""

from __future__ import annotations

import io
import json
import time
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import BadInput
from streaming.registry.avro import AvroReader

TREE = {
    "type": "record",
    "name": "Tree",
    "fields": [{"name": "name", "type": "string"}, {"name": "inner", "type": ["null", "Tree"]}],
}


def record(**fields: Any) -> dict[str, Any]:
    return {"type": "record", "name": "Ticket", "fields": [{"name": n, "type": kind} for n, kind in fields.items()]}


def written(schema: Any, value: Any) -> bytes:
    file = io.BytesIO()
    fastavro.schemaless_writer(file, fastavro.parse_schema(schema), value)
    return file.getvalue()


def reader(schema: Any, *references: Any) -> AvroReader:
    return AvroReader(json.dumps(schema), tuple(json.dumps(reference) for reference in references))


def read(schema: Any, value: Any) -> Any:
    return reader(schema).read(written(schema, value))


def mismatch(schema: Any, payload: bytes) -> str:
    with pytest.raises(BadInput) as caught:
        reader(schema).read(payload)
    assert caught.value.type == "SchemaMismatch"
    return str(caught.value)


def outcome(made: AvroReader, payload: bytes) -> str:
    try:
        made.read(payload)
    except BadInput as error:
        return error.type
    return "read"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (["null", "string"], "The mill burned.", "The mill burned."),
        (["null", "string"], None, None),
        ({"type": "enum", "name": "Level", "symbols": ["LOW", "HIGH"]}, "HIGH", "HIGH"),
        ({"type": "map", "values": "long"}, {"a": 1}, {"a": 1}),
        ({"type": "array", "items": "string"}, ["a", "b"], ["a", "b"]),
        ("bytes", "Mühle".encode(), "Mühle"),
        ("bytes", b"\xff\xfe\x00", "//4A"),
        ({"type": "fixed", "name": "Four", "size": 4}, b"mill", "mill"),
        ({"type": "int", "logicalType": "date"}, date(2026, 1, 31), "2026-01-31"),
        (
            {"type": "long", "logicalType": "timestamp-millis"},
            datetime(2026, 1, 31, 8, tzinfo=timezone.utc),
            "2026-01-31T08:00:00Z",
        ),
        ({"type": "long", "logicalType": "local-timestamp-micros"}, datetime(2026, 1, 31, 8), "2026-01-31T08:00:00"),
        ({"type": "long", "logicalType": "timestamp-millis"}, 2**62, 2**62),
        ({"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}, Decimal("12.50"), "12.50"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}, Decimal("-0.05"), "-0.05"),
        (
            {"type": "string", "logicalType": "uuid"},
            UUID("9f0c1f6e-8f0d-4b57-9f0d-2f7c64b5a111"),
            "9f0c1f6e-8f0d-4b57-9f0d-2f7c64b5a111",
        ),
        ({"type": "int", "logicalType": "time-millis"}, 8 * 3600 * 1000, "08:00:00"),
        ({"type": "long", "logicalType": "timestamp-nanos"}, 1_500_000_000, "1970-01-01T00:00:01.500000000Z"),
        (record(body="string"), {"body": "Once"}, {"body": "Once"}),
    ],
)
def test_each_kind_of_value_is_what_a_person_writes(kind: Any, value: Any, expected: Any) -> None:
    assert read({"type": "record", "name": "R", "fields": [{"name": "it", "type": kind}]}, {"it": value}) == {
        "it": expected
    }


@given(
    st.fixed_dictionaries(
        {
            "text": st.text(),
            "title": st.none() | st.text(),
            "tags": st.lists(st.text(), max_size=4),
            "number": st.integers(-(2**63), 2**63 - 1),
            "scores": st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False), max_size=3),
        }
    )
)
def test_what_a_serializer_wrote_is_read_back(value: dict[str, Any]) -> None:
    schema = record(
        text="string",
        title=["null", "string"],
        tags={"type": "array", "items": "string"},
        number="long",
        scores={"type": "map", "values": "double"},
    )
    assert read(schema, value) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_as_a_mismatch(payload: bytes) -> None:
    for made in (reader(record(text="string", tags={"type": "array", "items": ["null", "string"]})), reader(TREE)):
        assert outcome(made, payload) in ("read", "SchemaMismatch")


def test_a_schema_may_refer_to_another_by_name() -> None:
    address = {"type": "record", "name": "Address", "namespace": "org", "fields": [{"name": "city", "type": "string"}]}
    ticket = record(text="string", address="org.Address")
    named: dict[str, Any] = {}
    fastavro.parse_schema(address, named_schemas=named)
    file = io.BytesIO()
    value = {"text": "Once", "address": {"city": "Ulm"}}
    fastavro.schemaless_writer(file, fastavro.parse_schema(ticket, named_schemas=named), value)
    assert reader(ticket, address).read(file.getvalue()) == value


def test_a_schema_that_contains_itself_is_read() -> None:
    value = {"name": "a", "inner": {"name": "b", "inner": None}}
    assert read(TREE, value) == value


def test_bytes_that_are_not_utf_8_stay_apart_from_their_neighbours() -> None:
    assert reader("string").read(b"\x04\xff\xfe") == "\udcff\udcfe"


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        pytest.param("string", b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7fab", id="a text of 4 EiB"),
        pytest.param({"type": "array", "items": "string"}, b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f", id="2^62 items"),
        pytest.param(TREE, b"\x00\x02" * 500_000, id="nested 500,000 deep"),
        pytest.param(record(a="string", b="string"), b"\x02a", id="ends too early"),
        pytest.param(["null", "string"], b"\x08", id="a branch that is not there"),
        pytest.param("string", b"\x02a and more", id="more than the schema says"),
    ],
)
def test_hostile_bytes_cost_one_record_and_no_time(schema: Any, payload: bytes) -> None:
    started = time.monotonic()
    mismatch(schema, payload)
    assert time.monotonic() - started < 5


def test_a_payload_of_nothing_but_empty_lists_is_refused_early() -> None:
    items = {
        "type": "record",
        "name": "Node",
        "fields": [{"name": "inner", "type": {"type": "array", "items": "Node"}}],
    }
    lists = {"type": "array", "items": {"type": "array", "items": "string"}}
    # Ten million empty lists, each of one byte.
    payload = written("long", 10_000_000) + b"\0" * 10_000_001
    for schema in (items, lists):
        assert "it has more than 200,000 values" in mismatch(schema, payload)
    assert len(reader(lists).read(written(lists, [[]] * 100_000))) == 100_000


def test_a_list_of_items_without_bytes_is_refused_before_it_fills_the_memory() -> None:
    nothing = {"type": "record", "name": "Nothing", "fields": [{"name": "n", "type": "null"}]}
    for items in ("null", nothing, {"type": "fixed", "name": "None", "size": 0}):
        with pytest.raises(BadInput, match="items take no bytes"):
            reader({"type": "array", "items": items})
    reader({"type": "array", "items": ["null", "string"]})


def doubled(inner: Any, times: int) -> dict[str, Any]:
    made = {"type": "record", "name": "R0", "fields": [{"name": "a", "type": inner}]}
    for number in range(1, times + 1):
        fields = [{"name": "a", "type": made}, {"name": "b", "type": f"R{number - 1}"}]
        made = {"type": "record", "name": f"R{number}", "fields": fields}
    return made


def test_a_record_of_a_billion_values_without_a_byte_is_refused_before_it_is_read() -> None:
    begin = time.monotonic()
    for schema in (doubled("null", 30), {"type": "array", "items": doubled("null", 30)}, doubled("int", 30)):
        assert mismatch(schema, b"")
    assert time.monotonic() - begin < 2
    assert mismatch(doubled("null", 30), b"") == "it has more than 200,000 values"


def test_a_list_of_records_of_nearly_nothing_is_refused_early() -> None:
    schema = {"type": "array", "items": ["null", doubled("null", 12)]}
    assert "values" in mismatch(schema, b"\xc0\x84\x3d" + b"\x02" * 500_000 + b"\0")
    # A few of them are a record like any other.
    assert len(reader(schema).read(b"\x04\x02\x02\0")) == 2


def test_a_decimal_of_a_megabyte_stays_bytes() -> None:
    schema = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    value = reader(schema).read(written("bytes", b"\x7f" * 1_000_000))
    assert value == "\x7f" * 1_000_000


def test_a_schema_that_is_none_is_the_fault_of_its_records() -> None:
    with pytest.raises(BadInput, match="its Avro schema cannot be used"):
        reader({"type": "record", "name": "R", "fields": [{"name": "x", "type": "org.Missing"}]})
