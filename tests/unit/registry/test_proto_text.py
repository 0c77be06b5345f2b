"""Registries that have Protobuf schemas as text alone: protoc compiles them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from proto_files import message, message_type, proto_file
from schema_registry import schema_registry

from streaming.errors import BadInput, UsageError
from streaming.registry.access import RegistryAccess
from streaming.registry.frame import FramedPayload
from streaming.registry.proto_text import compiled
from streaming.registry.reading import SchemaReader

ADDRESS = 'syntax = "proto3"; package docs; message Address { string city = 1; }'
TICKET = """
syntax = "proto3"; package docs;
import "org/address.proto";
import "google/protobuf/timestamp.proto";
message Ticket { string text = 1; docs.Address address = 2; google.protobuf.Timestamp at = 3; }
"""


def test_a_schema_that_the_registry_has_as_text_is_compiled_with_what_it_imports() -> None:
    files = (
        proto_file(message_type("Address", {"city": "string"}), name="org/address.proto"),
        proto_file(
            message_type("Ticket", {"text": "string", "address": ".docs.Address"}), imports=("org/address.proto",)
        ),
    )
    payload = message(files, "Ticket", text="Once", address={"city": "Ulm"}).SerializeToString()
    with schema_registry() as registry:
        registry.register(ADDRESS, "PROTOBUF", subject="address")
        number = registry.register(TICKET, "PROTOBUF", references=(("org/address.proto", "address", 1),))
        value = SchemaReader(RegistryAccess(registry.url)).read(FramedPayload(number, b"\0" + payload), "protobuf")
    assert value == {"text": "Once", "address": {"city": "Ulm"}}


@pytest.mark.parametrize(
    "imports",
    [
        *({"../address.proto": ADDRESS}, {"/tmp/address.proto": ADDRESS}, {}),
        # A file below a file, a folder as a file, a name that no file can have, half a character.
        *({"a": ADDRESS, "a/b": ADDRESS}, {"a/b": ADDRESS, "a": ADDRESS}, {"a" * 300: ADDRESS}, {"a\0": ADDRESS}),
        *({".": ADDRESS}, {"org/address.proto": "\ud800"}),
    ],
)
def test_an_import_that_leads_elsewhere_or_nowhere_is_the_fault_of_the_records(imports: dict[str, str]) -> None:
    with pytest.raises(BadInput) as caught:
        compiled(TICKET, imports)
    assert caught.value.type == "SchemaMismatch"


def test_a_schema_that_a_stranger_registered_is_never_run_as_a_program(tmp_path: Path) -> None:
    name, ran = "grpc_tools/__init__.py", tmp_path / "ran"
    # Both a .proto file and a module of Python.
    source = f'syntax = "proto3" //open({str(ran)!r}, "w") or """\n; message Address {{ string city = 1; }} //"""\n'
    descriptor, imports = compiled(
        f'syntax = "proto3"; import "{name}"; message T {{ Address a = 1; }}', {name: source}
    )
    assert not ran.exists()
    assert descriptor
    assert [imported for imported, _ in imports] == [name]


def test_without_protoc_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install 'gistream\[protoc\]'"):
        compiled(TICKET, {})
