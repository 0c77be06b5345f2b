"""The table of Kafka's options: how it is written and merged, and that no secret of it is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from settings_files import refusal, write

from streaming.errors import UsageError
from streaming.settings import load, pairs, printable

SECRETS = {
    "sasl.jaas.config": 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" '
    'password="Xyzzy";',
    "ssl.key.password": "Xyzzy",
    "ssl.keystore.password": "Xyzzy",
    "ssl.keystore.location": "store.jks",
    "ssl.keystore.key": "Xyzzy",
}


def test_options_of_kafka_are_merged_name_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[kafka]\n"security.protocol" = "SSL"\n"client.id" = "file"\n"retry.backoff.ms" = "1"')
    monkeypatch.setenv("GISTREAM_KAFKA", '{"client.id": "environment", "request.timeout.ms": "5000"}')
    assert load({"kafka": {"request.timeout.ms": "9000"}}).kafka == {
        "security.protocol": "SSL",
        "client.id": "environment",
        "retry.backoff.ms": "1",
        "request.timeout.ms": "9000",
    }


def test_a_dotted_name_in_toml_is_the_option_of_that_name() -> None:
    write('[kafka]\nsecurity.protocol = "SSL"\nrequest.timeout.ms = 5000\n\n[kafka.sasl]\nmechanism = "PLAIN"')
    expected = {"security.protocol": "SSL", "request.timeout.ms": "5000", "sasl.mechanism": "PLAIN"}
    assert load().kafka == expected
    write('kafka.security.protocol = "SSL"\nkafka.request.timeout.ms = 5000\nkafka."sasl.mechanism" = "PLAIN"')
    assert load().kafka == expected


def test_a_flag_wins_over_the_file_however_the_file_writes_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ('[kafka]\nclient.id = "file"', '[kafka]\n"client.id" = "file"', '[kafka]\n"kafka.client.id" = "file"'):
        write(text)
        assert load({"kafka": {"client.id": "flag"}}).kafka == {"client.id": "flag"}
        monkeypatch.setenv("GISTREAM_KAFKA", '{"client": {"id": "environment"}}')
        assert load({"kafka": {"client.id": "flag"}}).kafka == {"client.id": "flag"}
        monkeypatch.delenv("GISTREAM_KAFKA")


@pytest.mark.parametrize("value", ["Xyzzy", '["Xyzzy"]', '{"ssl.key.password": ["Xyzzy"', '"Xyzzy"'])
def test_a_wrong_value_of_kafka_is_never_repeated(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("GISTREAM_KAFKA", value)
    message = refusal()
    assert "kafka" in message
    assert "Xyzzy" not in message


def test_secrets_are_masked_and_the_rest_is_shown() -> None:
    settings = load({"kafka": {**SECRETS, "security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"}})
    printed = printable(settings)
    assert "Xyzzy" not in json.dumps(printed)
    assert printed["kafka"]["sasl.mechanism"] == "PLAIN"
    assert set(printed["kafka"]) == {*SECRETS, "security.protocol", "sasl.mechanism"}
    assert settings.kafka["ssl.key.password"] == "Xyzzy"


def test_a_date_in_the_options_of_kafka_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "g.toml").write_text("[kafka]\nclient.id = 2020-01-01\n")
    monkeypatch.setenv("GISTREAM_CONFIG", str(tmp_path / "g.toml"))
    assert load({}).kafka == {"client.id": "2020-01-01"}


def test_pairs_are_cut_at_the_first_equals_sign() -> None:
    assert pairs(["a=b", "c=d=e", "f="], "--field") == {"a": "b", "c": "d=e", "f": ""}
    assert pairs(["a=1", "a=2"], "--field") == {"a": "2"}
    assert pairs(None, "--field") is None
    assert pairs([], "--field") is None


def test_kafka_options_may_be_written_as_spark_writes_them() -> None:
    assert pairs(["kafka.client.id=a"], "--kafka") == {"client.id": "a"}
    assert pairs(["kafka.client.id=a"], "--field") == {"kafka.client.id": "a"}


@pytest.mark.parametrize("pair", ["Xyzzy", "=Xyzzy", ""])
def test_a_pair_without_a_name_is_refused_and_not_repeated(pair: str) -> None:
    with pytest.raises(UsageError, match="--kafka takes name=value") as caught:
        pairs(["a=b", pair], "--kafka")
    assert "Xyzzy" not in str(caught.value)
