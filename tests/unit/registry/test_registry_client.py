"""Asking a schema registry: what it does not have is a record's fault, what it refuses or does not do is not."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from schema_registry import schema_registry

from streaming.errors import BadInput, GistreamError, RegistryAway, RegistryError
from streaming.registry import client
from streaming.registry.access import RegistryAccess
from streaming.registry.client import RegistryClient
from streaming.registry.frame import FramedPayload
from streaming.registry.reading import SchemaReader

TEXT = {"type": "record", "name": "Ticket", "fields": [{"name": "text", "type": "string"}]}
ONCE = b"\x08Once"


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PAUSE", 0.01)


def failure(access: RegistryAccess) -> GistreamError:
    with pytest.raises(GistreamError) as caught:
        RegistryClient(access).check()
    with pytest.raises(GistreamError):
        SchemaReader(access).read(FramedPayload(1, ONCE), "avro")
    assert "secret" not in str(caught.value)
    return caught.value


def test_a_schema_is_asked_for_once_however_many_records_have_it() -> None:
    with schema_registry() as registry:
        number = registry.register(TEXT)
        reader = SchemaReader(RegistryAccess(registry.url))
        for _ in range(100):
            assert reader.read(FramedPayload(number, ONCE), "avro") == {"text": "Once"}
        for _ in range(100):
            with pytest.raises(BadInput) as caught:
                reader.read(FramedPayload(77, ONCE), "avro")
            assert caught.value.type == "SchemaUnknown"
            assert "schema id 77" in str(caught.value)
    assert sum(registry.asked.values()) == 2


def test_the_login_is_sent_and_a_refused_one_is_no_fault_of_a_record() -> None:
    with schema_registry(login="gistream:secret") as registry:
        number = registry.register(TEXT)
        access = RegistryAccess(registry.url, "gistream:secret")
        assert "secret" not in repr(access)
        RegistryClient(access).check()
        assert SchemaReader(access).read(FramedPayload(number, ONCE), "avro") == {"text": "Once"}
        for wrong in (None, "gistream:secret2"):
            error = failure(RegistryAccess(registry.url, wrong))
            assert not error.transient
            assert "refuses the login (401)" in str(error)


def test_a_registry_that_is_busy_for_a_moment_is_asked_again() -> None:
    with schema_registry(instead="busy", failures=2) as registry:
        number = registry.register(TEXT)
        value = SchemaReader(RegistryAccess(registry.url)).read(FramedPayload(number, ONCE), "avro")
    assert value == {"text": "Once"}


@pytest.mark.parametrize(
    ("options", "said"), [({"instead": "busy", "failures": 99}, "answers 503"), ({"delay": 0.5}, "does not answer")]
)
def test_a_registry_that_does_not_work_may_work_later(
    options: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_TIMEOUT", (0.1, 0.1))
    with schema_registry(**options) as registry:
        error = failure(RegistryAccess(registry.url))
    assert isinstance(error, RegistryAway)
    assert said in str(error)


def test_a_registry_that_is_not_there_may_come_back() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failure(RegistryAccess(f"http://127.0.0.1:{port}"))
    assert isinstance(error, RegistryAway)
    assert str(error) == (
        f"The schema registry at http://127.0.0.1:{port} does not answer: Failed to establish a new connection: [Errno "
        "111] Connection refused; start it, or correct --schema-registry."
    )


@pytest.mark.parametrize("instead", ["no JSON", "not found", "nested", "a number of 5,000 digits"])
def test_another_server_is_no_registry(instead: str) -> None:
    with schema_registry(instead=instead) as registry:
        error = failure(RegistryAccess(registry.url))
    assert type(error) is RegistryError
    assert str(error).startswith(f"There is no schema registry at {registry.url}")


def test_a_registry_that_leads_elsewhere_is_not_followed() -> None:
    with schema_registry() as other, schema_registry(instead="redirect", leads_to=other.url + "/x?key=5") as registry:
        error = failure(RegistryAccess(registry.url, "gistream:secret"))
    assert type(error) is RegistryError
    assert f"it answers 302 to /schemas/ids/2147483647 and leads to {other.url}; correct" in str(error)
    assert not other.asked


def test_an_answer_has_a_largest_size_and_a_longest_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_LARGEST", 1000)
    with schema_registry(instead="no JSON", filler=" " * 1000) as registry:
        error = failure(RegistryAccess(registry.url))
    assert type(error) is RegistryError
    assert "more than 1,000 bytes" in str(error)
    monkeypatch.setattr(client, "_LONGEST_ANSWER", -1)
    with schema_registry() as registry:
        error = failure(RegistryAccess(registry.url))
    assert isinstance(error, RegistryAway)


@pytest.mark.parametrize(
    "references", [[5], [{"name": "a"}], {"a": 1}, [{"name": "a", "subject": "b", "version": "x"}]]
)
def test_references_that_are_none_are_no_fault_of_a_record(references: object) -> None:
    with schema_registry() as registry:
        number = registry.register(TEXT)
        registry.schemas[number]["references"] = references
        with pytest.raises(RegistryError, match="references of a schema in a form of its own"):
            SchemaReader(RegistryAccess(registry.url)).read(FramedPayload(number, ONCE), "avro")


def test_a_schema_that_cannot_be_used_is_asked_for_once() -> None:
    with schema_registry() as registry:
        number = registry.register({"type": "none"})
        reader = SchemaReader(RegistryAccess(registry.url))
        said = set()
        for _ in range(100):
            with pytest.raises(BadInput) as caught:
                reader.read(FramedPayload(number, ONCE), "avro")
            said.add((caught.value.type, str(caught.value)))
    assert sum(registry.asked.values()) == 1
    assert len(said) == 1


def test_a_certificate_that_nobody_trusts_is_refused_unless_its_authority_is_named(tmp_path: Path) -> None:
    certificate = tmp_path / "registry.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    certificate.write_text((tmp_path / "key.pem").read_text() + (tmp_path / "cert.pem").read_text())
    with schema_registry(certificate) as registry:
        RegistryClient(RegistryAccess(registry.url, ca=str(tmp_path / "cert.pem"))).check()
        error = failure(RegistryAccess(registry.url))
        assert type(error) is RegistryError
        assert "cannot be trusted" in str(error)
        assert "--schema-registry-ca" in str(error)
        missing = failure(RegistryAccess(registry.url, ca=str(tmp_path / "none.pem")))
        assert "--schema-registry-ca cannot be used" in str(missing)
