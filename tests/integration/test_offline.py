"""`gistream summarize`, `compact` and `doctor` as a user types them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from command_here import gistream_here
from installation import command, command_environment, events, gistream

from streaming.messages import Summary

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."
SHORT = {"GISTREAM_MAX_TOKENS": "32"}


def test_a_file_gives_the_fields_of_the_contract(tmp_path: Path) -> None:
    (tmp_path / "mill.txt").write_text(STORY)
    done = gistream("summarize", str(tmp_path / "mill.txt"), "--json", data_dir=tmp_path, **SHORT)
    assert done.returncode == 0, done.stderr
    summary = Summary.model_validate_json(done.stdout)
    assert (summary.id, summary.source, summary.signals.supported) == (str(tmp_path / "mill.txt"), None, 1)
    assert all(sentence.stands for sentence in summary.sentences)
    assert summary.tokens.completion > 0


def test_each_sentence_is_shown_with_the_place_that_it_stands_on(tmp_path: Path) -> None:
    (tmp_path / "mill.txt").write_text(STORY)
    done = gistream("summarize", str(tmp_path / "mill.txt"), "--evidence", data_dir=tmp_path, **SHORT)
    assert done.returncode == 0, done.stderr
    assert "\n  Anna saw the smoke first and rang the bell.\n" in done.stdout
    assert re.search("      (model 1.00|text) “Anna saw the smoke first and rang the bell.”\n", done.stdout)


def test_standard_input_is_a_document(tmp_path: Path) -> None:
    done = subprocess.run(
        command("summarize", "-"), input=STORY, capture_output=True, text=True, timeout=120, check=False,
        env=command_environment(tmp_path, **SHORT),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("stdin  The mill burned")


def test_an_engine_that_does_not_fit_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The mill burned.")
    done = gistream("summarize", str(tmp_path / "a.txt"), data_dir=tmp_path, GISTREAM_ENGINE_MEMORY="300")
    assert done.returncode == 7
    assert "315 MB are allowed by engine_memory; lower --slots to 3." in done.stderr
    assert not done.stdout


def test_layers_for_a_gpu_that_llama_cpp_cannot_use_are_refused_before_it_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The mill burned.")
    done = gistream("summarize", str(tmp_path / "a.txt"), "--gpu-layers", "999", data_dir=tmp_path)
    assert done.returncode == 7
    assert "built without GPU support" in done.stderr


@pytest.mark.parametrize(
    "flags", [["--engine", "in-process"], ["--prompt-style", "completion"], ["--lanes", "1"]], ids=" ".join
)
def test_the_engine_may_be_another(tmp_path: Path, flags: list[str]) -> None:
    (tmp_path / "a.txt").write_text("The mill burned on Tuesday. Anna saw the smoke first and rang the bell.")
    done = gistream("summarize", str(tmp_path / "a.txt"), "--json", *flags, data_dir=tmp_path, **SHORT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]


def test_what_cannot_be_summarized_is_named_and_the_rest_is_done(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(STORY)
    (tmp_path / "b.txt").write_bytes(b"\xff\xff")
    (tmp_path / "c.txt").write_text("   ")
    done = gistream("summarize", str(tmp_path), "--json", data_dir=tmp_path, **SHORT)
    assert done.returncode == 11
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a.txt"]
    assert "b.txt: not UTF-8: byte 0 of 2" in done.stderr
    assert "c.txt: it is empty" in done.stderr
    assert "This machine is not tuned to SmolLM2-135M-Instruct.Q4_1, which is computed as " in done.stderr
    assert "2 of 3 documents have no summary" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("summarize", "/nowhere"), 2, "There is no file or folder /nowhere"),
        (("summarize", __file__, "--prompt", "nothing"), 2, "no prompt profile 'nothing'"),
        (("summarize", __file__, "--model", "/nowhere"), 3, "There is no model file at /nowhere"),
        (("compact", "/nowhere"), 2, "There is no archive in /nowhere"),
        (("compact", "ftp://host"), 2, "cannot hold files"),
        (("run", "--sink", "csv"), 2, "'csv' is no sink"),
        (("run", "--sink", "parquet=/proc/nowhere"), 7, "/proc/nowhere cannot be written"),
        (("run", "--input-pattern", "("), 2, "is no regular expression"),
    ],
)
def test_a_wrong_argument_is_explained(data_dir: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = gistream_here(*arguments, data_dir=data_dir)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def findings(data_dir: Path, *arguments: str) -> tuple[int, dict[str, str]]:
    done = gistream("doctor", "--json", *arguments, data_dir=data_dir)
    found = json.loads(done.stdout)["findings"]
    return done.returncode, {f"{one['check']} {one['state']}": one["said"] for one in found}


def test_the_doctor_finds_nothing_wrong_with_a_running_installation(data_dir: Path, tmp_path: Path) -> None:
    assert gistream("topics", "create", data_dir=data_dir).returncode == 0
    code, found = findings(data_dir, "--sink", "kafka", "--sink", f"parquet={tmp_path}/out")
    assert code == 0, found
    checks = ("python", "packages", "java", "model", "memory", "data dir", "checkpoint", "archive", "broker", "topic")
    assert [f"{check} ok" for check in (*checks, "clock") if f"{check} ok" not in found] == []


def test_the_doctor_says_what_is_wrong_and_ends_as_a_start_would(tmp_path: Path) -> None:
    code, found = findings(tmp_path, "--model", "/nowhere.gguf")
    assert code == 3
    assert "There is no model file" in found["model problem"]
    assert "gistream broker start" in found["broker problem"]
    code, found = findings(tmp_path, "--model", "hf://owner/repo/file.gguf")
    assert code == 4
    assert "gistream model pull" in found["model warning"]


def test_the_doctor_looks_at_all_that_a_start_checks(tmp_path: Path) -> None:
    flags = ["--prompt", "nothing", "--master", "remote", "--checkpoint", "s3://bucket/x", "--sink", "kafka"]
    _, found = findings(tmp_path, *flags)
    assert "no prompt profile" in found["recipe problem"]
    assert "is no Spark master" in found["spark problem"]
    assert "must be a local path" in found["checkpoint problem"]
    _, found = findings(tmp_path, "--sink", f"parquet={tmp_path}/new")
    assert found["archive ok"].endswith("and will be created")
    assert not (tmp_path / "new").exists()


def test_an_error_of_the_start_names_the_doctor(tmp_path: Path) -> None:
    done = gistream("run", "--once", data_dir=tmp_path)
    assert done.returncode == 4
    assert events(done.stderr)[-1]["message"].endswith("`gistream doctor` checks all that a start needs.")
