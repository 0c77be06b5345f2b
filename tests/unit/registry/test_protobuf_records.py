"""Protobuf records with the descriptor of their writer: the values that a person expects."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from hypothesis import given
from hypothesis import strategies as st
from proto_files import message, message_type, proto_file

from streaming.errors import BadInput
from streaming.registry.protobuf import ProtobufReader

PART = message_type("Part", {"body_text": "string", "part": ".docs.Doc.Part", "urgent": "bool"})
DOC = message_type(
    "Doc",
    {
        "id": "int64",
        "content": ".docs.Doc.Part",
        "tags": "repeated string",
        "at": ".google.protobuf.Timestamp",
        "urgent": "bool",
        "note": "optional string",
        "score": "double",
    },
    nested=(PART,),
)
FILE = proto_file(message_type("Other", {"x": "int32"}), DOC, imports=("google/protobuf/timestamp.proto",))
# The second message of the file: one index, 1, as zigzag.
SECOND = b"\x02\x02"


def reader(file: FileDescriptorProto, *imports: FileDescriptorProto) -> ProtobufReader:
    return ProtobufReader(file.SerializeToString(), [(one.name, one.SerializeToString()) for one in imports])


def refusal(payload: bytes) -> str:
    with pytest.raises(BadInput) as caught:
        reader(FILE).read(payload, ())
    assert caught.value.type == "SchemaMismatch"
    return str(caught.value)


def outcome(payload: bytes) -> str:
    try:
        reader(FILE).read(payload, ("content.body_text",))
    except BadInput as error:
        return error.type
    return "read"


def test_a_message_has_the_names_of_its_file_and_values_as_a_person_writes_them() -> None:
    at = datetime(2026, 1, 31, 8, tzinfo=timezone.utc)
    doc = message((FILE,), "Doc", id=4711, content={"body_text": "Once"}, tags=["a"], at=at, score=0.5)
    assert reader(FILE).read(SECOND + doc.SerializeToString(), ()) == {
        "id": "4711",
        "content": {"body_text": "Once"},
        "tags": ["a"],
        "at": "2026-01-31T08:00:00Z",
        "score": 0.5,
    }


def test_a_message_in_a_message_of_the_file_is_found_by_its_indexes() -> None:
    part = message((FILE,), "Doc.Part", body_text="Once")
    # Two indexes, 1 and 0.
    assert reader(FILE).read(b"\x04\x02\x00" + part.SerializeToString(), ()) == {"body_text": "Once"}


def test_the_first_message_of_a_file_has_one_zero() -> None:
    other = message((FILE,), "Other", x=7)
    for indexes in (b"\x00", b"\x02\x00"):
        assert reader(FILE).read(indexes + other.SerializeToString(), ()) == {"x": 7}


def test_a_default_is_a_value_where_it_is_asked_for() -> None:
    doc = message((FILE,), "Doc", content={"body_text": "Once"})
    paths = ("urgent", "content.urgent", "content.part.urgent", "note", "tags", "missing.x", "score")
    assert reader(FILE).read(SECOND + doc.SerializeToString(), paths) == {
        "content": {"body_text": "Once", "urgent": False},
        "urgent": False,
        "score": 0.0,
    }


def test_a_file_may_import_another() -> None:
    address = proto_file(message_type("Address", {"city": "string"}), name="org/address.proto")
    doc = proto_file(
        message_type("Ticket", {"text": "string", "address": ".docs.Address"}), imports=("org/address.proto",)
    )
    value = message((address, doc), "Ticket", text="Once", address={"city": "Ulm"})
    expected = {"text": "Once", "address": {"city": "Ulm"}}
    assert reader(doc, address).read(b"\0" + value.SerializeToString(), ()) == expected


def test_a_file_whose_import_is_missing_is_the_fault_of_its_records() -> None:
    with pytest.raises(BadInput, match="imports one that the schema registry does not name"):
        reader(proto_file(DOC, imports=("org/address.proto",)))


@given(st.text(), st.lists(st.text(), max_size=3), st.integers(-(2**63), 2**63 - 1))
def test_what_a_serializer_wrote_is_read_back(text: str, tags: list[str], number: int) -> None:
    doc = message((FILE,), "Doc", id=number, content={"body_text": text}, tags=tags)
    value = reader(FILE).read(SECOND + doc.SerializeToString(), ("content.body_text", "id"))
    assert value["content"].get("body_text", "") == text
    assert value.get("tags", []) == tags
    assert int(value["id"]) == number


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_as_a_mismatch(payload: bytes) -> None:
    assert outcome(payload) in ("read", "SchemaMismatch")


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x80\x80", id="a number without an end"),
        pytest.param(b"\x02\x7f", id="a negative index"),
        pytest.param(b"\x02\x30", id="a message that is not there"),
        pytest.param(b"\xfe\xff\xff\xff\x0f", id="a billion indexes"),
        pytest.param(SECOND + b"\x12\xff\xff\xff\xff\x0f", id="a text of 4 GiB"),
        pytest.param(SECOND + b"\xfa\x01\x02hi", id="no field of the schema"),
    ],
)
def test_hostile_bytes_cost_one_record(payload: bytes) -> None:
    refusal(payload)


def test_a_payload_of_nothing_but_empty_messages_is_refused() -> None:
    file = proto_file(message_type("Node", {"inner": "repeated .docs.Node", "text": "string"}))
    with pytest.raises(BadInput, match="it has more than 200,000 values"):
        reader(file).read(b"\0" + b"\x0a\x00" * 1_000_000, ())
    assert len(reader(file).read(b"\0" + b"\x0a\x00" * 100_000, ())["inner"]) == 100_000


def test_a_payload_of_empty_messages_is_refused_in_an_any_too() -> None:
    bomb = message_type("Bomb", {"items": "repeated .docs.Bomb"})
    file = proto_file(
        message_type("Doc", {"any": ".google.protobuf.Any"}), bomb, imports=("google/protobuf/any.proto",)
    )
    doc = message((file,), "Doc", any={"type_url": "x/docs.Bomb", "value": b"\x0a\0" * 300_000})
    with pytest.raises(BadInput, match="more than 200,000 values"):
        reader(file).read(b"\0" + doc.SerializeToString(), ())


def test_the_default_of_bytes_is_a_text() -> None:
    file = proto_file(message_type("Doc", {"text": "string", "raw": "bytes"}))
    doc = message((file,), "Doc", text="Once").SerializeToString()
    assert reader(file).read(b"\0" + doc, ("raw",)) == {"text": "Once", "raw": ""}


def test_messages_nested_without_an_end_cost_one_record() -> None:
    inner = b""
    for _ in range(5000):
        size, head = len(inner), b"\x12"
        while size > 127:
            head += bytes([size & 127 | 128])
            size >>= 7
        inner = head + bytes([size]) + inner
    refusal(SECOND + inner)
