"""Reads Protobuf with the descriptor of its writer, as a value of JSON.

Names are those of the .proto file (`body_text`, not `bodyText`); the rest is Protobuf's own form of JSON: a timestamp
is "2026-01-31T08:00:00Z", an enum its name, an `int64` a string of digits, bytes are Base64. A field that a writer left
at its default is not on the wire, and not in the value, unless it is asked for by its path: then a field without
presence (proto3) is its default. Its parser reads messages in messages up to a depth of 100.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf import (
    any_pb2,
    api_pb2,
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    source_context_pb2,
    struct_pb2,
    timestamp_pb2,
    type_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, SerializeToJsonError
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from streaming.encoding.formats import read_varint
from streaming.errors import BadInput
from streaming.registry.limits import MOST_VALUES, too_many_values

# What protoc has without being asked; a registry does not name them as references.
_WELL_KNOWN = {
    module.DESCRIPTOR.name: module.DESCRIPTOR.serialized_pb
    for module in (
        *(any_pb2, descriptor_pb2, duration_pb2, empty_pb2, field_mask_pb2, source_context_pb2, struct_pb2),
        *(timestamp_pb2, type_pb2, wrappers_pb2, api_pb2),
    )
}
_ANY = any_pb2.Any.DESCRIPTOR.full_name
# Nobody nests messages deeper in a .proto file.
_MOST_INDEXES = 32


class ProtobufReader:
    """Reads the payloads of one schema, a file of messages."""

    def __init__(self, descriptor: bytes, imports: Sequence[tuple[str, bytes]]) -> None:
        """`imports` are the files that it imports by name, each behind those that it imports itself.

        Raises `BadInput` (SchemaMismatch) for a schema that cannot be used.
        """
        pool = DescriptorPool()
        known: set[str] = set()
        try:
            for name, raw in imports:
                _add(pool, known, _file(raw, name))
            main = _file(descriptor, None)
            self._file: FileDescriptor = pool.FindFileByName(_add(pool, known, main))
        except (DecodeError, TypeError, KeyError) as error:
            # Python's and upb's pool raise TypeError for a file that does not build.
            raise BadInput(
                "its Protobuf schema cannot be used: a file is broken, or it imports one that the schema registry does "
                "not name among its references",
                type="SchemaMismatch",
            ) from error

    def read(self, payload: bytes, paths: Iterable[str]) -> dict[str, Any]:
        """Return a payload's value, with the defaults of the fields at `paths`; raises `BadInput` (SchemaMismatch)."""
        indexes, start = _message_indexes(payload)
        message = GetMessageClass(self._message_type(indexes))()
        try:
            message.ParseFromString(payload[start:])
            _check_size(message)
            value = MessageToDict(message, preserving_proto_field_name=True, descriptor_pool=self._file.pool)
        except (DecodeError, SerializeToJsonError, TypeError, ValueError, RecursionError) as error:
            # TypeError: an Any of a message that this schema does not have.
            name = type(error).__name__
            raise BadInput(f"its bytes do not fit its Protobuf schema ({name})", type="SchemaMismatch") from None
        if start < len(payload) and not message.ListFields():
            raise BadInput("its Protobuf message has none of the fields of its schema", type="SchemaMismatch")
        for path in paths:
            _add_default(value, message, path.split("."))
        return value

    def _message_type(self, indexes: list[int]) -> Descriptor:
        types = list(self._file.message_types_by_name.values())
        message: Descriptor | None = None
        for index in indexes:
            if index >= len(types):
                raise BadInput("its Protobuf schema has no message at the place that it names", type="SchemaMismatch")
            message = types[index]
            types = list(message.nested_types)
        if message is None:
            raise BadInput("it names no message of its Protobuf schema", type="SchemaMismatch")
        return message


def decoded(text: str) -> bytes | None:
    """Return the descriptor that a registry gives in Base64; None when it is no Base64, but the text of a file."""
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return None


def _file(raw: bytes, name: str | None) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto.FromString(raw)
    # Registries name the file "default", and the importing file names it by its path.
    file.name = name or "registered/by/gistream.proto"
    return file


def _add(pool: DescriptorPool, known: set[str], file: descriptor_pb2.FileDescriptorProto) -> str:
    for name in file.dependency:
        if name not in known and name in _WELL_KNOWN:
            _add(pool, known, descriptor_pb2.FileDescriptorProto.FromString(_WELL_KNOWN[name]))
    if file.name not in known:
        pool.AddSerializedFile(file.SerializeToString())
        known.add(file.name)
    return file.name


def _message_indexes(payload: bytes) -> tuple[list[int], int]:
    """Return where the message's type is in its file, as indexes from outside to inside, and where the message begins.

    The first message of a file, which is most messages, has a 0 alone.
    """
    count, position = _zigzag(payload, 0)
    if count == 0:
        return [0], position
    if not 0 < count <= _MOST_INDEXES:
        raise BadInput("its frame does not name a message as Protobuf's does", type="SchemaMismatch")
    indexes = []
    for _ in range(count):
        index, position = _zigzag(payload, position)
        if index < 0:
            raise BadInput("its frame does not name a message as Protobuf's does", type="SchemaMismatch")
        indexes.append(index)
    return indexes, position


def _check_size(message: Message) -> None:
    """Raise `BadInput` for a message with more values than a document has; empty messages take two bytes each."""
    left = MOST_VALUES
    pending = [message]
    while pending:
        current = pending.pop()
        if current.DESCRIPTOR.full_name == _ANY and (inner := _packed(current)) is not None:
            pending.append(inner)
        for field, value in current.ListFields():
            left -= len(value) if field.is_repeated else 1
            if left < 0:
                raise too_many_values()
            if field.message_type is None:
                continue
            if not field.is_repeated:
                pending.append(value)
            elif not field.message_type.GetOptions().map_entry:
                pending += value
            elif field.message_type.fields_by_name["value"].message_type is not None:
                pending += value.values()


def _packed(message: Message) -> Message | None:
    """Return the message that an Any holds as bytes; None for one of a type that the schema does not have."""
    name = message.type_url.rpartition("/")[2]  # type: ignore[attr-defined]
    try:
        descriptor: Any = message.DESCRIPTOR.file.pool.FindMessageTypeByName(name)
    except KeyError:
        return None
    inner = GetMessageClass(descriptor)()
    inner.ParseFromString(message.value)  # type: ignore[attr-defined]
    return inner


def _zigzag(payload: bytes, position: int) -> tuple[int, int]:
    number, end = read_varint(payload, position)
    if end > len(payload):
        raise BadInput("its frame ends before its message begins", type="SchemaMismatch")
    return (number >> 1) ^ -(number & 1), end


def _add_default(value: dict[str, Any], message: Message, names: list[str]) -> None:
    """Set the field at a path to its default where the writer had it, because a default is not on the wire."""
    name, *rest = names
    field = message.DESCRIPTOR.fields_by_name.get(name)
    if field is None or field.is_repeated or field.message_type is not None:
        is_set = field is not None and not field.is_repeated and message.HasField(name)
        if rest and is_set and isinstance(value.get(name), dict):
            _add_default(value[name], getattr(message, name), rest)
    elif not rest and not field.has_presence and name not in value:
        enum, default = field.enum_type, field.default_value
        # As in JSON, the default of bytes is a text.
        plain = default.decode(errors="replace") if isinstance(default, bytes) else default
        value[name] = plain if enum is None else enum.values_by_number[default].name
