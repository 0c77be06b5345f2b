"""A user's mistake, or a missing part: one clear sentence, and the documented exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_here import gistream_here
from installation import events

from streaming.settings import Settings


def check(done: object, code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr  # type: ignore[attr-defined]
    message = done.stderr.strip()  # type: ignore[attr-defined]
    assert len(message.splitlines()) == 1
    if message.startswith("{"):
        # The log of `gistream run`, once it knows its settings.
        [event] = events(message)
        assert (event["event"], event["level"], event["exit_code"]) == ("failed", "error", code)
        message = event["message"]
    else:
        assert message.startswith("gistream: ")
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    "arguments", [("run", "--once"), ("tail",), ("produce", "files", __file__), ("topics", "create")]
)
def test_without_a_broker_every_command_says_how_to_start_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    check(gistream_here(*arguments, data_dir=tmp_path), 4, "no embedded broker yet", "gistream broker start")


def test_a_broker_that_does_not_answer_is_named(tmp_path: Path) -> None:
    done = gistream_here("topics", "create", "--bootstrap-servers", "127.0.0.1:1", data_dir=tmp_path)
    check(done, 4, "does not answer on 127.0.0.1:1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no model file at"),
        (b"ggml" + bytes(100), "no GGUF file"),
        (b"lmgg" + bytes(100), "older than GGUF"),
        (b"GGUF" + bytes(100), "cannot load the model file"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_before_spark_starts(
    tmp_path: Path, settings: Settings, content: bytes | None, words: str
) -> None:
    file = tmp_path / "model.gguf"
    if content is not None:
        file.write_bytes(content)
    done = gistream_here("run", "--model", str(file), "--bootstrap-servers", settings.servers, data_dir=tmp_path)
    check(done, 3, words)
    assert not (tmp_path / "spark").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "--bootstrap-servers", "127.0.0.1:1"), 4, "does not answer"),
        (("run", "--master", "spark://127.0.0.1:1"), 7, "Nobody listens on 127.0.0.1:1"),
        (("run", "--prompt", "nothing"), 2, "no prompt profile 'nothing'"),
        (("run", "--sink", "parquet=/dev/null/archive"), 7, "cannot be written"),
        (("summarize", __file__, "--prompt", "nothing"), 2, "no prompt profile 'nothing'"),
        (("demo", __file__, "--split", "("), 2, "regular expression"),
    ],
)
def test_what_needs_no_model_is_refused_before_the_model_is_read(
    tmp_path: Path, settings: Settings, arguments: tuple[str, ...], code: int, words: str
) -> None:
    # Whoever reads this model ends with 3.
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(100))
    environment = {"GISTREAM_MODEL": str(tmp_path / "broken.gguf"), "GISTREAM_BOOTSTRAP_SERVERS": settings.servers}
    check(gistream_here(*arguments, data_dir=tmp_path, **environment), code, words)


def test_files_that_cannot_be_read_need_no_model(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xff")
    done = gistream_here("summarize", str(tmp_path / "a.txt"), "--model", "/nowhere.gguf", data_dir=tmp_path)
    assert done.returncode == 11
    assert "not UTF-8" in done.stderr
    assert "1 of 1 document has no summary" in done.stderr


def test_a_topic_that_is_not_there_is_named(data_dir: Path) -> None:
    check(gistream_here("tail", "--output-topic", "nowhere", data_dir=data_dir), 5, "Topic 'nowhere' does not exist")
    done = gistream_here("topics", "describe", "--input-topic", "nowhere", data_dir=data_dir)
    check(done, 5, "Topic 'nowhere' does not exist")
    done = gistream_here("produce", "files", __file__, "--input-topic", "nowhere", data_dir=data_dir)
    check(done, 5, "Topic 'nowhere' does not exist")


def test_every_client_takes_the_request_time_outs_that_kafka_takes(data_dir: Path) -> None:
    assert gistream_here("topics", "create", data_dir=data_dir).returncode == 0
    for milliseconds in ("2000", "200000"):
        option = ("--kafka", f"request.timeout.ms={milliseconds}")
        for command in (("tail", "--until-end"), ("produce", "files", __file__)):
            done = gistream_here(*command, *option, data_dir=data_dir)
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--prompt", "nothing"), "no prompt profile 'nothing'"),
        (("run", "--field", "author=x"), "a document has no field 'author'"),
        (("run", "--master", "remote"), "'remote' is no Spark master"),
        (("run", "--kafka", "ssl.truststore.location=/x"), "must name a PEM file"),
        (("run", "--kafka", "auto.offset.reset=latest"), "'auto.offset.reset' is not yours to set"),
        (("run", "--dead-letter-topic", "documents"), "must be different topics"),
        (("tail", "--from", "yesterday"), "--from takes earliest, latest or a time"),
        (("produce", "files", "/nowhere"), "There is no file or folder"),
        (("produce", "files", __file__, "--split", "("), "--split takes"),
        (("produce", "jsonl", "/nowhere.jsonl"), "There is no file"),
    ],
)
def test_a_wrong_flag_is_explained(data_dir: Path, arguments: tuple[str, ...], words: str) -> None:
    check(gistream_here(*arguments, data_dir=data_dir), 2, words)
