"""Where a setting comes from: a default, a file, the environment, a flag."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pytest
import typer
from settings_files import refusal, write
from typer.testing import CliRunner

from streaming.settings import Settings, load, load_with_origins, printable
from streaming.settings.flags import flag


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


def test_all_settings_are_shown_as_json() -> None:
    assert set(json.loads(json.dumps(printable(load())))) == set(Settings.model_fields)


def test_a_flag_is_named_and_explained_as_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    app = typer.Typer()

    @app.command()
    def command(chunk_tokens: Annotated[int | None, flag("chunk_tokens")] = None) -> None:
        typer.echo(chunk_tokens)

    help_text = CliRunner().invoke(app, ["--help"]).output
    assert "--chunk-tokens" in help_text
    assert (Settings.model_fields["chunk_tokens"].description or "?") in help_text


def test_a_file_of_settings_that_is_a_dangling_link_or_a_folder_is_not_passed_over() -> None:
    path = Path("gistream.toml")
    path.symlink_to("nothing.toml")
    assert "gistream.toml is a link to a file that is not there" in refusal()
    path.unlink()
    path.mkdir()
    assert "gistream.toml is a folder" in refusal()
