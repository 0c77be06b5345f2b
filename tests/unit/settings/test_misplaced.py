"""A setting that stands where it would change nothing is refused, with where it stands and where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.errors import UsageError
from streaming.settings import Settings, load
from streaming.settings.kafka_client_options import NAMES


def refusal(text: str) -> str:
    Path("gistream.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load()
    return str(caught.value)


# Of settings and Kafka's options, one name is both.
SETTINGS = sorted(set(Settings.model_fields) - {"kafka"})


@pytest.mark.parametrize("name", SETTINGS)
def test_no_setting_is_taken_for_an_option_of_kafka(name: str) -> None:
    message = refusal(f'[kafka]\nsecurity.protocol = "PLAINTEXT"\n{name} = "Xyzzy"')
    assert f"kafka (from gistream.toml): '{name}' stands below [kafka] and is a setting of gistream" in message
    assert "move it above the first line in brackets" in message
    assert "Xyzzy" not in message


@pytest.mark.parametrize("name", sorted(set(SETTINGS) - {"prompt"}))
@pytest.mark.parametrize("value", ["5", '"x"'])
def test_no_setting_is_taken_for_a_field_of_a_document(name: str, value: str) -> None:
    assert f"'{name}' stands below [field]" in refusal(f'[field]\ntext = "body"\n{name} = {value}')


@pytest.mark.parametrize("name", ["output-topic", "OUTPUT_TOPIC", "output.topic", "field.text", "kafka.output_topic"])
def test_a_setting_is_known_however_it_is_written(name: str) -> None:
    assert f"'{name.removeprefix('kafka.')}' stands below [kafka]" in refusal(f'[kafka]\n"{name}" = "mine"')


def test_all_settings_below_a_table_are_named_at_once() -> None:
    message = refusal('[kafka]\nclient.id = "a"\nmodel = "b"\noutput_topic = "c"')
    assert (
        "'model' and 'output_topic' stand below [kafka] and are settings of gistream; in a file, move them" in message
    )


def test_a_table_within_a_table_is_looked_through() -> None:
    assert "'field.text' stands below [kafka]" in refusal('[kafka.field]\ntext = "body"')


def test_no_option_of_kafka_is_taken_for_a_setting() -> None:
    for name in NAMES - {"bootstrap.servers"}:
        Path("gistream.toml").write_text(f'[kafka]\n"{name}" = "1"')
        try:
            load()
        except UsageError as error:
            assert "is a setting of gistream" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('security.protocol = "SSL"', "'security' (from gistream.toml); it belongs below the line [kafka]"),
        ('[sasl]\nmechanism = "PLAIN"', "'sasl' (from gistream.toml); it belongs below the line [kafka]"),
        ('text = "body"', "'text' (from gistream.toml); it belongs below the line [field]"),
        ("[engine]\nslots = 5", "there is no table [engine]: move 'slots' above the first line in brackets"),
        ("[gistream]\nslots = 5", "there is no table [gistream]: move 'slots' above"),
        ("slost = 5", "there is no setting 'slost' (from gistream.toml) (did you mean 'slots'?)"),
        ('output-topic = "mine"', "(did you mean 'output_topic'?)"),
        ('[Kafka]\nclient.id = "a"', "(did you mean 'kafka'?)"),
        ("[field]\ntexts = 'body'", "a document has no field 'texts'; its fields are text, id"),
    ],
)  # fmt: skip
def test_a_name_at_the_wrong_place_or_misspelt_is_explained(text: str, words: str) -> None:
    assert words in refusal(text)


def test_a_misspelt_variable_of_the_environment_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GISTREAM_OUTPUT_TOPICS", "mine")
    assert "GISTREAM_OUTPUT_TOPICS (did you mean 'GISTREAM_OUTPUT_TOPIC'?)" in refusal("")


def test_a_table_of_two_origins_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GISTREAM_KAFKA", '{"client.id": "a"}')
    assert "kafka (from gistream.toml, environment): 'model' stands" in refusal('[kafka]\nmodel = "b"')
