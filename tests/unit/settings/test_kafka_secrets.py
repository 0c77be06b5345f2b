"""Where secrets of Kafka's options stand: in files and variables that a value names, never in a flag."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from streaming.errors import UsageError
from streaming.settings import load
from streaming.settings.kafka_options import for_python, for_spark
from streaming.settings.kafka_secrets import has_secret_text, with_secrets
from streaming.settings.sources import pairs

SECRET = "pass-Zq7wX"
MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule required"


def login(password: str) -> dict[str, str]:
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": f'{MODULE} username="anna" password="{password}";',
    }


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "password").write_text(SECRET)
    monkeypatch.setenv("KAFKA_PASSWORD", SECRET)
    return tmp_path


@pytest.mark.parametrize("reference", ["${directory:FOLDER:password}", "${env:KAFKA_PASSWORD}"])
def test_python_gets_the_secret_and_sparks_options_its_place_alone(secrets: Path, reference: str) -> None:
    options = load({"kafka": login(reference.replace("FOLDER", str(secrets)))}).kafka
    assert for_python(options)["sasl_plain_password"] == SECRET
    spark = for_spark(options)
    assert SECRET not in str(spark)
    provider = reference[2:].partition(":")[0]
    assert spark["kafka.config.providers"] == provider
    assert spark[f"kafka.config.providers.{provider}.class"].endswith("ConfigProvider")


def test_a_whole_login_may_stand_in_a_file(secrets: Path) -> None:
    (secrets / "login").write_text(login('a\\"b')["sasl.jaas.config"] + "\n")
    options = load({"kafka": {**login("x"), "sasl.jaas.config": f"${{directory:{secrets}:login}}"}}).kafka
    assert for_python(options)["sasl_plain_password"] == 'a"b'


@pytest.mark.parametrize(
    ("reference", "content", "problem"),
    [
        ("${directory:FOLDER:absent}", None, "absent, which cannot be read: No such file"),
        ("${directory:FOLDER:file}", "", "which is empty"),
        ("${directory:FOLDER:file}", SECRET * 200_000, "cannot be read: it has"),
        ("${directory:FOLDER:file}", f"{SECRET}\n", "ends with a line break"),
        ("${directory:FOLDER:file}", f'{SECRET}"', "a quotation mark or a backslash"),
        ("${directory:file}", SECRET, "is ${directory:/FOLDER:FILE}"),
        ("${file:FOLDER/file:password}", SECRET, "gistream knows ${directory:FOLDER:FILE}"),
        ("${env:NO_SUCH_VARIABLE}", None, "the environment variable NO_SUCH_VARIABLE, which is not set"),
    ],
)
def test_a_reference_to_nothing_is_refused_without_its_secret(
    tmp_path: Path, reference: str, content: str | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / "file").write_text(content)
    with pytest.raises(UsageError) as caught:
        load({"kafka": login(reference.replace("FOLDER", str(tmp_path)))})
    assert problem in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "file")
    with pytest.raises(UsageError, match="it is no regular file"):
        load({"kafka": login(f"${{directory:{tmp_path}:file}}")})


@pytest.mark.parametrize(
    "flag",
    [
        f"sasl.jaas.config={login(SECRET)['sasl.jaas.config']}", f"kafka.ssl.key.password={SECRET}",
        f"sasl.jaas.config={SECRET}", f'sasl.jaas.config={MODULE} clientId="a" clientSecret="{SECRET}";',
    ],
)  # fmt: skip
def test_a_secret_is_refused_as_a_flag(flag: str) -> None:
    with pytest.raises(UsageError, match=r"a flag shows in the list of processes; .*gistream.toml") as caught:
        pairs([flag], "--kafka")
    assert SECRET not in str(caught.value)


def test_a_reference_may_be_a_flag() -> None:
    value = login("${env:KAFKA_PASSWORD}")["sasl.jaas.config"]
    assert pairs([f"sasl.jaas.config={value}"], "--kafka") == {"sasl.jaas.config": value}
    assert not has_secret_text("ssl.key.password", "${directory:/run/secrets:key}")


@pytest.mark.parametrize(
    "content", [f"[kafka]\nssl.key.password = '{SECRET}'\n", f"schema_registry_login = 'a:{SECRET}'\n"]
)
@pytest.mark.parametrize(("mode", "warned"), [(0o644, True), (0o640, False), (0o600, False)])
def test_a_file_with_a_secret_that_everybody_may_read_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    mode: int, warned: bool, content: str,
) -> None:  # fmt: skip
    config = tmp_path / "gistream.toml"
    config.write_text(content)
    config.chmod(mode)
    monkeypatch.setenv("GISTREAM_CONFIG", str(config))
    with caplog.at_level(logging.WARNING):
        load()
        load()
    assert [f"chmod 600 {config}" in record.getMessage() for record in caplog.records] == [True] * warned
    assert SECRET not in caplog.text


def test_other_text_with_a_dollar_stays_as_it_is() -> None:
    assert with_secrets({"client.id": "a$b ${c} ${other:d}"}) == {"client.id": "a$b ${c} ${other:d}"}
