"""Protobuf schemas without protoc: files of messages as descriptors, and messages of them."""

from __future__ import annotations

from typing import Any

from google.protobuf import any_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

_TYPES = {name.removeprefix("TYPE_").lower(): number for name, number in FieldDescriptorProto.Type.items()}
_OPTIONAL, _REPEATED = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED
_WELL_KNOWN = (timestamp_pb2, struct_pb2, wrappers_pb2, any_pb2)


def message_type(name: str, fields: dict[str, str], nested: tuple[DescriptorProto, ...] = ()) -> DescriptorProto:
    """Return a message of fields: "string", "repeated int64", "optional bool", or ".docs.Part" for a message."""
    descriptor = DescriptorProto(name=name, nested_type=nested)
    for number, (field, kind) in enumerate(fields.items(), 1):
        *words, kind = kind.split()
        made = descriptor.field.add(name=field, number=number, label=_REPEATED if "repeated" in words else _OPTIONAL)
        if kind.startswith((".", "enum:")):
            made.type_name = kind.removeprefix("enum:")
            made.type = _TYPES["enum" if kind.startswith("enum:") else "message"]
        else:
            made.type = _TYPES[kind]
        if "optional" in words:
            made.proto3_optional = True
            made.oneof_index = len(descriptor.oneof_decl)
            descriptor.oneof_decl.add(name=f"_{field}")
    return descriptor


def proto_file(
    *messages: DescriptorProto, name: str = "docs.proto", imports: tuple[str, ...] = ()
) -> FileDescriptorProto:
    """Return a file of messages in the package `docs`."""
    return FileDescriptorProto(name=name, package="docs", syntax="proto3", message_type=messages, dependency=imports)


def message(files: tuple[FileDescriptorProto, ...], type_name: str, **values: Any) -> Message:
    """Return a message of a type that the last of `files` has; a dictionary is a message in it."""
    pool = DescriptorPool()
    for module in _WELL_KNOWN:
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName(f"docs.{type_name}"))(**values)
