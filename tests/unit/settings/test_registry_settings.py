"""The settings of a schema registry: what goes together, and that the login is shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.errors import UsageError
from streaming.settings import load, load_with_origins, printable
from streaming.settings.record_fields import RECORD_SETTINGS

URL = "https://registry.example:8081"


@pytest.mark.parametrize("format", ["avro", "json-schema", "protobuf"])
def test_a_format_with_schemas_needs_a_registry(format: str) -> None:
    with pytest.raises(UsageError, match=rf"format {format} needs a schema registry.*--schema-registry"):
        load({"format": format})
    assert load({"format": format, "schema_registry": f"{URL}/"}).schema_registry == URL


@pytest.mark.parametrize("wrong", ["registry:8081", "ftp://registry", "http://", "https://r:port", f"{URL}?a=b"])
def test_an_address_that_is_no_url_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match=r"schema_registry.*it takes a URL"):
        load({"schema_registry": wrong})


def test_a_login_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="GISTREAM_SCHEMA_REGISTRY_LOGIN") as caught:
        load({"schema_registry": "https://gistream:secret@registry.example"})
    assert "secret" not in str(caught.value)


def test_the_login_comes_from_the_environment_and_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GISTREAM_SCHEMA_REGISTRY_LOGIN", "gistream:secret")
    settings, origins = load_with_origins({"format": "avro", "schema_registry": URL})
    assert settings.schema_registry_login == "gistream:secret"
    assert origins["schema_registry_login"] == "environment"
    assert printable(settings)["schema_registry_login"] == "********"
    assert "secret" not in repr(settings)
    # A replay keeps these beside its checkpoint.
    assert "schema_registry_login" not in RECORD_SETTINGS


def test_a_login_without_a_user_is_refused_and_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gistream.toml").write_text('schema_registry_login = ":secret"')
    with pytest.raises(UsageError, match="user:password") as caught:
        load()
    assert "secret" not in str(caught.value)
