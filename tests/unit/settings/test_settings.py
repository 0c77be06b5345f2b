from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from streaming.errors import BrokerError, UsageError
from streaming.settings import Settings, address_file, embedded_address, load, load_with_origins, pairs, printable
from streaming.settings.flags import flag

SECRETS = {
    "sasl.jaas.config": 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" '
    'password="Xyzzy";',
    "ssl.key.password": "Xyzzy",
    "ssl.keystore.password": "Xyzzy",
    "ssl.keystore.location": "store.jks",
    "ssl.keystore.key": "Xyzzy",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and no setting in the environment but the data dir."""
    for name in ("CONFIG", *(name.upper() for name in Settings.model_fields)):
        monkeypatch.delenv(f"GISTREAM_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GISTREAM_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def write(text: str, name: str = "gistream.toml") -> None:
    Path(name).write_text(text)


def refusal(flags: dict[str, Any] | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        load(flags)
    return str(caught.value)


def test_every_setting_has_a_default_and_says_so() -> None:
    settings, origins = load_with_origins()
    assert (settings.partitions, settings.input_topic) == (Settings.model_fields["partitions"].default, "documents")
    assert {name for name, origin in origins.items() if origin != "default"} == {"data_dir"}
    assert set(origins) == set(Settings.model_fields)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_file_comes_before_the_default_the_environment_before_the_file_and_a_flag_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write("slots = 5\ncontext = 1024\nmax_tokens = 32")
    monkeypatch.setenv("GISTREAM_CONTEXT", "4096")
    monkeypatch.setenv("GISTREAM_MAX_TOKENS", "48")
    settings, origins = load_with_origins({"max_tokens": 64, "slots": None})
    assert (settings.threads, settings.slots, settings.context, settings.max_tokens) == (None, 5, 4096, 64)
    assert [origins[name] for name in ("threads", "slots", "context", "max_tokens")] == [
        "default", "gistream.toml", "environment", "flag",
    ]  # fmt: skip


def test_a_flag_that_was_not_given_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GISTREAM_SLOTS", "7")
    assert load({"slots": None}).slots == 7


def test_a_flag_may_be_zero_or_empty() -> None:
    write("temperature = 0.5\ngrace = 5")
    assert load({"temperature": 0, "grace": 0.0}).temperature == 0


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


def test_another_file_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    write("slots = 5")
    write("slots = 6", "other.toml")
    monkeypatch.setenv("GISTREAM_CONFIG", "other.toml")
    settings, origins = load_with_origins()
    assert (settings.slots, origins["slots"]) == (6, "other.toml")


def test_a_named_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GISTREAM_CONFIG", "none.toml")
    assert "none.toml" in refusal()


@pytest.mark.parametrize("text", ["slots = ", "= 5", "[kafka", "slots = 5\nslots = 6"])
def test_a_file_that_is_no_toml_is_named(text: str) -> None:
    write(text)
    assert "gistream.toml" in refusal()


def test_a_misspelled_setting_in_the_file_is_named_with_its_origin() -> None:
    write("slost = 5")
    assert "'slost' (from gistream.toml)" in refusal()


def test_a_misspelled_setting_in_the_environment_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GISTREAM_SLOST", "5")
    assert "slost" in refusal().lower()


def test_an_unknown_flag_is_named() -> None:
    assert "'slost' (from flag)" in refusal({"slost": 5})


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


def test_a_folder_may_be_named_by_home() -> None:
    assert load({"prompts_dir": "~/prompts"}).prompts_dir == Path.home() / "prompts"


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


def test_all_settings_are_shown_as_json() -> None:
    assert set(json.loads(json.dumps(printable(load())))) == set(Settings.model_fields)


def test_the_embedded_brokers_address_is_found_in_the_data_dir(home: Path) -> None:
    address_file(home / "data").parent.mkdir(parents=True)
    address_file(home / "data").write_text('{"bootstrap_servers": "localhost:19092"}')
    settings, origins = load_with_origins()
    assert (settings.servers, origins["bootstrap_servers"]) == ("localhost:19092", "embedded broker")
    assert load({"data_dir": home / "other"}).bootstrap_servers is None
    settings, origins = load_with_origins({"bootstrap_servers": "kafka:9092"})
    assert (settings.servers, origins["bootstrap_servers"]) == ("kafka:9092", "flag")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "5", "null"])
def test_a_broken_address_file_is_named(home: Path, text: str) -> None:
    address_file(home).parent.mkdir()
    address_file(home).write_text(text)
    with pytest.raises(UsageError, match=r"address\.json"):
        embedded_address(home)


def test_without_any_kafka_the_user_is_told_how_to_get_one() -> None:
    with pytest.raises(BrokerError, match=r"gistream broker start.*--bootstrap-servers"):
        _ = load().servers


def test_paths_follow_the_data_dir_and_the_query() -> None:
    settings = load({"data_dir": "some/where", "query": "nightly"})
    assert settings.data_dir == Path("some/where").absolute()
    assert settings.checkpoint_location == str(settings.data_dir / "checkpoints" / "nightly")
    assert settings.group_id == "gistream-nightly"
    assert load({"checkpoint": "s3://bucket/x"}).checkpoint_location == "s3://bucket/x"


def test_the_users_home_is_understood(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("HOME", str(home))
    assert load({"data_dir": "~/gist"}).data_dir == home / "gist"


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


def test_a_flag_is_named_and_explained_as_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    app = typer.Typer()

    @app.command()
    def command(chunk_tokens: Annotated[int | None, flag("chunk_tokens")] = None) -> None:
        typer.echo(chunk_tokens)

    help_text = CliRunner().invoke(app, ["--help"]).output
    assert "--chunk-tokens" in help_text
    assert (Settings.model_fields["chunk_tokens"].description or "?") in help_text


def test_a_home_in_a_files_checkpoint_is_this_users() -> None:
    assert load({"checkpoint": "~/x"}).checkpoint_location == str(Path.home() / "x")
    assert load({"checkpoint": "s3://bucket/x"}).checkpoint_location == "s3://bucket/x"


@pytest.mark.parametrize("query", [".", "..", "...", "a/b", ""])
def test_a_query_is_named_so_that_a_folder_of_its_own_may_be(query: str) -> None:
    with pytest.raises(UsageError, match="query"):
        load({"query": query})


def test_a_date_in_the_options_of_kafka_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "g.toml").write_text("[kafka]\nclient.id = 2020-01-01\n")
    monkeypatch.setenv("GISTREAM_CONFIG", str(tmp_path / "g.toml"))
    assert load({}).kafka == {"client.id": "2020-01-01"}


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


def test_a_file_of_settings_that_is_a_dangling_link_or_a_folder_is_not_passed_over() -> None:
    path = Path("gistream.toml")
    path.symlink_to("nothing.toml")
    assert "gistream.toml is a link to a file that is not there" in refusal()
    path.unlink()
    path.mkdir()
    assert "gistream.toml is a folder" in refusal()
