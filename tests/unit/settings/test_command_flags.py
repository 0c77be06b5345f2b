"""The flags of a command are its settings: nobody writes a table of them, and so nobody forgets one."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from producers.cli.publishing import SendOptions
from streaming.cli.main import app
from streaming.errors import UsageError
from streaming.settings import Settings, load
from streaming.settings.flags import DataDir, InputTopic, Kafka, command_flags, flag


def flags_of(*arguments: str) -> dict[str, Any]:
    flags: dict[str, Any] = {}

    def command(
        ctx: typer.Context,
        limit: Annotated[int | None, typer.Option()] = None,
        slots: Annotated[int | None, flag("slots")] = None,
        temperature: Annotated[float | None, flag("temperature")] = None,
        input_topic: InputTopic = None,
        kafka: Kafka = None,
        data_dir: DataDir = None,
    ) -> None:
        flags.update(command_flags(ctx))

    program = typer.Typer()
    program.command()(command)
    result = CliRunner().invoke(program, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return flags


def test_only_the_flags_that_were_used_and_are_settings_reach_the_settings() -> None:
    assert flags_of() == {}
    assert flags_of("--limit", "3", "--slots", "8") == {"slots": 8}


def test_a_flag_of_zero_counts_as_used() -> None:
    assert flags_of("--temperature", "0") == {"temperature": 0}


def test_repeated_flags_paths_and_pairs_become_what_load_takes(tmp_path: Path) -> None:
    flags = flags_of(
        *("--input-topic", "a", "--input-topic", "b"),
        *("--kafka", "client.id=x", "--kafka", "kafka.security.protocol=SSL"),
        *("--data-dir", str(tmp_path)),
    )
    settings = load(flags)
    assert settings.input_topics == ("a", "b")
    assert settings.kafka == {"client.id": "x", "security.protocol": "SSL"}
    assert settings.data_dir == tmp_path


def test_a_pair_without_its_equals_sign_is_refused() -> None:
    with pytest.raises(UsageError, match="--kafka takes name=value"):
        flags_of("--kafka", "secret")


def functions(program: typer.Typer) -> Iterator[Callable[..., Any]]:
    yield from (command.callback for command in program.registered_commands if command.callback)
    for group in program.registered_groups:
        assert group.typer_instance
        yield from functions(group.typer_instance)


def test_no_flag_of_a_command_is_without_effect() -> None:
    for function in functions(app):
        [tree] = ast.parse(inspect.getsource(function)).body
        assert isinstance(tree, ast.FunctionDef)
        body = {node.id for statement in tree.body for node in ast.walk(statement) if isinstance(node, ast.Name)}
        settings = set(Settings.model_fields) if "command_flags" in body else set()
        sending = set(SendOptions.__dataclass_fields__) if "publish_documents" in body else set()
        assert set(inspect.signature(function).parameters) <= body | settings | sending, function


def commands(group: Any) -> list[Any]:
    subcommands = getattr(group, "commands", None)
    return [group] if subcommands is None else [leaf for command in subcommands.values() for leaf in commands(command)]


def test_a_parameter_named_as_a_setting_is_that_settings_flag_in_every_command() -> None:
    by_description = {field.description: name for name, field in Settings.model_fields.items()}
    leaves = commands(typer.main.get_command(app))
    assert len(leaves) > 20
    for command in leaves:
        for parameter in command.params:
            if (setting := by_description.get(parameter.help)) is not None:
                assert parameter.name == setting, f"{command.name}: {parameter.name} is the flag of {setting}"
            if parameter.name in Settings.model_fields and parameter.param_type_name == "option":
                described = Settings.model_fields[parameter.name].description
                assert (parameter.opts, parameter.help) == ([f"--{parameter.name.replace('_', '-')}"], described)


def test_a_command_that_chooses_a_strategy_chooses_what_becomes_of_unsupported_sentences() -> None:
    leaves = commands(typer.main.get_command(app))
    flags = [{parameter.name for parameter in command.params} for command in leaves]
    choosing = [names for names in flags if names & {"strategy", "temperature"}]
    assert len(choosing) == 2
    assert all({"faithfulness", "least_support"} <= names for names in choosing)


def test_every_command_that_names_a_master_says_what_its_executors_are() -> None:
    leaves = commands(typer.main.get_command(app))
    flags = {command.name: {parameter.name for parameter in command.params} for command in leaves}
    naming = {name for name, names in flags.items() if "master" in names}
    assert naming == {"run", "doctor", "tune"}
    assert all({"executors", "executor_cores"} <= flags[name] for name in naming)
