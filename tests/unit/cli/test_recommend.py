"""`gistream model recommend`: what it prints, which flags it refuses, and that it asks nobody."""

from __future__ import annotations

import json
import socket
from typing import Any, NoReturn

import pytest
from typer.testing import CliRunner

from streaming.cli.main import app
from streaming.engine.model import memory
from streaming.engine.model.catalogue import CATALOGUE
from streaming.errors import run_command
from streaming.planning import layout

MIB = 1024 * 1024


def recommend(*arguments: str) -> int:
    return run_command(lambda: app(["model", "recommend", *arguments], standalone_mode=False))


def facts(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert recommend("--json", *arguments) == 0
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the network was used")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("arguments", [(), ("--json",), ("--memory", "16GB", "--cores", "8")])
def test_nobody_is_asked_over_the_network(arguments: tuple[str, ...]) -> None:
    assert recommend(*arguments) == 0


def test_json_has_the_facts_of_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    said = facts(capsys, "--memory", "8GB", "--cores", "3")
    assert said["machine"] == {"cores": 3, "memory": 8 * 10**9, "for_model": 8 * 10**9 - 3 * 1024 * MIB}
    assert [model["model"] for model in said["models"]] == [model.source for model in CATALOGUE]
    smallest, largest = said["models"][0], said["models"][-1]
    assert smallest["fits"]
    assert (smallest["licence"], smallest["bytes"], smallest["thinks"]) == ("Apache-2.0", 386_404_992, False)
    assert (largest["fits"], largest["slots_that_fit"], largest["thinking_tokens"]) == (False, 0, 1024)
    needed = smallest["memory"]
    assert (needed["slots"], needed["lanes"], needed["context"]) == (4, 3, 2048)
    assert needed["total"] == needed["weights"] + needed["kv_cache"] + needed["buffers"]
    assert said["compare"].startswith("gistream eval --data mine.jsonl --model hf://")


def test_this_machine_is_what_gistream_may_use_of_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both know about control groups.
    monkeypatch.setattr(memory, "available_bytes", lambda: 7_000_000_000)
    monkeypatch.setattr(layout, "usable_cores", lambda: 5)
    said = facts(capsys)["machine"]
    assert (said["cores"], said["memory"]) == (5, 7_000_000_000)


@pytest.mark.parametrize(
    ("size", "bytes_"),
    [("16GB", 16 * 10**9), ("512mb", 512 * 10**6), ("7.5 GiB", 7680 * MIB), ("1TB", 10**12), ("100MiB", 100 * MIB)],
)
def test_memory_takes_a_size_with_its_unit(capsys: pytest.CaptureFixture[str], size: str, bytes_: int) -> None:
    assert facts(capsys, "--memory", size)["machine"]["memory"] == bytes_


@pytest.mark.parametrize(
    "size",
    [
        "lots",
        "16",
        "16G",
        "-4GB",
        "GB",
        "",
        "1,5GB",
        "16GB or so",
        "0GB",
        "0.0GiB",
        pytest.param("9" * 400 + "GB", id="9...GB"),
    ],
)
def test_another_size_is_refused_with_an_example(capsys: pytest.CaptureFixture[str], size: str) -> None:
    assert recommend(f"--memory={size}") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"gistream: --memory takes a size with its unit, such as 16GB, 7.5GiB or 512MB, not '{size}'.\n"
    )


@pytest.mark.parametrize("cores", ["0", "two"])
def test_a_machine_has_at_least_one_core(cores: str) -> None:
    result = CliRunner().invoke(app, ["model", "recommend", "--cores", cores])
    assert result.exit_code == 2
    assert "--cores" in result.output


def entry(text: str, source: str) -> str:
    """Return the lines about one model."""
    return text.split(f"\n{source}\n")[1].split("\n\n")[0]


def test_people_read_whether_a_model_fits_and_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert recommend("--memory", "6GB", "--cores", "8") == 0
    text = capsys.readouterr().out
    assert text.startswith("8 cores and 6,000 MB of memory. ")
    assert "may take 2,779 MB" in text
    by_name = {model.name: entry(text, model.source) for model in CATALOGUE}
    smallest = by_name["smollm2-360m-instruct-q8_0"]
    assert smallest.startswith("  fits: about ")
    assert "slots x context 4 x 2,048" in smallest
    assert "362 million parameters as Q8_0, a file of 386 MB, Apache-2.0" in smallest
    assert "think" not in smallest
    assert by_name["smollm2-1.7b-instruct-q4_k_m"].startswith("  fits with fewer slots: --slots 3; about ")
    phi = by_name["Phi-3-mini-4k-instruct-q4"]
    assert phi.startswith("  does not fit: about ")
    assert phi.endswith(", MIT")
    assert by_name["Qwen3-4B-Q4_K_M"].endswith("  thinks, for up to 1,024 tokens before each answer")


def test_people_read_that_nothing_is_promised_and_how_to_find_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert recommend("--memory", "64GB") == 0
    text = capsys.readouterr().out
    assert "no hub was asked" in text
    assert "gistream model pull SOURCE" in text
    assert "measured for the sample model only" in text
    assert "thinking_tokens = 0" in text
    command = text.splitlines()[-1]
    assert command == (
        f"  gistream eval --data mine.jsonl --model {CATALOGUE[-2].source} --model {CATALOGUE[-1].source} "
        "--sheet sheet.html"
    )


def test_where_nothing_fits_there_is_nothing_to_compare(capsys: pytest.CaptureFixture[str]) -> None:
    assert recommend("--memory", "1GB") == 0
    text = capsys.readouterr().out
    assert text.count("  does not fit: ") == len(CATALOGUE)
    assert "gistream eval --data" not in text
    said = facts(capsys, "--memory", "1GB")
    assert said["compare"] is None


def test_thinking_that_the_settings_switch_off_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GISTREAM_THINKING_TOKENS", "0")
    assert recommend("--memory", "64GB") == 0
    text = capsys.readouterr().out
    assert "thinks, for up to" not in text
    by_default = [model for model in CATALOGUE if model.thinking == "by default"]
    assert by_default
    assert text.count("  can think, and is told not to by your settings") == len(by_default)


def test_a_model_that_thinks_on_request_only_is_not_said_to_think(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    granite = next(model for model in CATALOGUE if model.thinking == "on request")
    arguments = ("--memory", "64GB")
    assert recommend(*arguments) == 0
    assert entry(capsys.readouterr().out, granite.source).endswith(
        "  can think on request, and gistream does not ask for it; its context has room for 1,024 tokens of it all the "
        "same"
    )
    monkeypatch.setenv("GISTREAM_THINKING_TOKENS", "0")
    assert recommend(*arguments) == 0
    assert entry(capsys.readouterr().out, granite.source).endswith(
        "  can think on request, and gistream does not ask for it"
    )
    said = {model["model"]: model["thinking"] for model in facts(capsys, *arguments)["models"]}
    assert said[granite.source] == "on request"


def test_the_help_has_examples() -> None:
    text = CliRunner().invoke(app, ["model", "recommend", "--help"]).output
    assert "gistream model recommend --memory 16GB --cores 8" in text
