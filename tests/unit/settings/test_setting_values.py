"""Which values a setting takes, and the sentence about one that it does not take."""

from __future__ import annotations

import pytest
from settings_files import refusal, write

from streaming.errors import UsageError
from streaming.settings import load


def test_more_lanes_than_slots_are_refused() -> None:
    assert "lanes (5) cannot be more than slots (4)" in refusal({"lanes": 5, "slots": 4})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slots", "many"), ("slots", 0), ("slots", 257), ("context", 1), ("temperature", -1), ("format", "xml"),
        ("id_from", "title"), ("query", "a/b"), ("query", ""), ("partitions", 0), ("max_failed_share", 0),
        ("lanes", 0), ("gpu_layers", -1), ("engine", "gpu"), ("engine_memory", 1), ("native_deadline", 0),
        ("prompt_style", "base"), ("thinking_tokens", -1), ("top_p", 0), ("min_p", 2), ("seed", -1),
        ("document_deadline", 0), ("max_document_bytes", 2**31), ("field", {"body": "x"}), ("field", {"text": 5}),
        ("bootstrap_servers", "localhost"), ("bootstrap_servers", "kafka:9092,"), ("bootstrap_servers", "kafka:99999"),
        ("bootstrap_servers", "PLAINTEXT://kafka:9092"), ("bootstrap_servers", "::1:9092"), ("bootstrap_servers", ""),
        ("executors", 10**10), ("executor_cores", 10**10), ("partitions", 10**5), ("replication", 2**15),
        ("retention_hours", 10**13), ("batch_documents", 10**30), ("driver_memory", "2"), ("driver_memory", "2gb"),
        ("driver_memory", "511m"), ("driver_memory", "65t"), ("driver_memory", "-2g"), ("driver_memory", ""),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_origin(name: str, value: object) -> None:
    assert f"{name} (from flag)" in refusal({name: value})


def test_all_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    write("partitions = 0")
    monkeypatch.setenv("GISTREAM_SLOTS", "many")
    message = refusal({"format": "xml"})
    assert all(part in message for part in ("partitions (from gistream.toml)", "slots (from environment)", "format"))


@pytest.mark.parametrize(
    ("text", "sinks"),
    [
        ("kafka, parquet=/srv/a", ("kafka", "parquet=/srv/a")),
        ("parquet=/srv/my data, old,kafka", ("parquet=/srv/my data, old", "kafka")),
        ("parquet=/srv/a,b", ("parquet=/srv/a,b",)),
    ],
)
def test_the_path_of_an_archive_may_have_commas(text: str, sinks: tuple[str, ...]) -> None:
    assert load({"sink": text}).sink == sinks


def test_blanks_between_the_addresses_of_kafka_do_not_count() -> None:
    assert load({"bootstrap_servers": " a:1, [::1]:9092"}).servers == "a:1,[::1]:9092"


@pytest.mark.parametrize("size", ["512m", "2g", "1500M", "524288k", "64t"])
def test_the_memory_of_java_has_a_unit(size: str) -> None:
    assert load({"driver_memory": size}).driver_memory == size


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().slots = 5


@pytest.mark.parametrize("query", [".", "..", "...", "a/b", ""])
def test_a_query_is_named_so_that_a_folder_of_its_own_may_be(query: str) -> None:
    with pytest.raises(UsageError, match="query"):
        load({"query": query})


@pytest.mark.parametrize("name", ["slots", "partitions", "grace", "temperature", "query", "bootstrap_servers"])
def test_a_boolean_is_no_value_of_a_setting_that_is_none(name: str) -> None:
    write(f"{name} = true")
    assert f"{name} (from gistream.toml): it takes no true" in refusal()


def test_a_setting_that_is_a_boolean_takes_one() -> None:
    write("ladder = false")
    assert not load().ladder


@pytest.mark.parametrize("text", ['field = "text=body"', "[[field]]\ntext = 'body'", "field = ['text=body']"])
def test_a_table_that_is_none_says_how_to_write_one(text: str) -> None:
    write(text)
    assert "field (from gistream.toml): it is a table: in a file, [field] and a line for each name" in refusal()


def test_a_wrong_name_of_a_query_says_which_are_right() -> None:
    assert "'my query' is no name of a query, which is letters, digits" in refusal({"query": "my query"})
