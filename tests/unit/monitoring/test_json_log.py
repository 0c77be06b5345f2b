"""The log of a run for machines: one JSON object a line, and what may stand in it."""

from __future__ import annotations

import io
import json
import logging
import warnings
from datetime import datetime, timedelta
from typing import Any

import pytest

from streaming.monitoring.json_log import JsonLog


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().split("\n") if line]


def test_a_line_has_a_time_a_level_a_name_a_sentence_and_its_numbers() -> None:
    stream = io.StringIO()
    with JsonLog(stream) as log:
        log.say("batch", "batch 0: 3 records", number=0, records=3)
    [line] = lines(stream)
    at = datetime.fromisoformat(line.pop("timestamp").replace("Z", "+00:00"))
    assert at.utcoffset() == timedelta(0)
    assert list(line.items()) == [
        ("level", "info"), ("event", "batch"), ("message", "batch 0: 3 records"), ("number", 0), ("records", 3),
    ]  # fmt: skip


def test_no_character_ends_a_line_before_its_end() -> None:
    stream = io.StringIO()
    with JsonLog(stream) as log:
        log.say("loss", "a\nb\u2028c\x85d é")
    assert len(stream.getvalue().splitlines()) == 1
    assert lines(stream)[0]["message"] == "a\nb\u2028c\x85d é"


def test_warnings_of_libraries_go_through_it_and_tracebacks_do_not() -> None:
    stream = io.StringIO()
    with JsonLog(stream), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.getLogger("streaming.kafka").warning("lag tools see %s offsets", "old")
        logging.getLogger("quiet").info("not worth a line")
        logging.getLogger("py4j.java_gateway").warning("the JVM has ended")
        warnings.warn("old", stacklevel=1)
        try:
            raise ValueError("a text of a stranger")
        except ValueError:
            logging.getLogger("library").exception("it failed")
    found = [(line["level"], line["event"], line["message"], line["logger"]) for line in lines(stream)]
    assert found[0] == ("warning", "warning", "lag tools see old offsets", "streaming.kafka")
    assert (found[1][1], found[1][3]) == ("warning", "py.warnings")
    assert found[2:] == [("error", "warning", "it failed", "library")]
    assert lines(stream)[2]["exception"] == "ValueError"
    assert "stranger" not in stream.getvalue()


def test_it_leaves_logging_as_it_was() -> None:
    before = list(logging.getLogger().handlers)
    with JsonLog(io.StringIO()):
        assert logging.getLogger().handlers != before
    assert logging.getLogger().handlers == before


def test_a_warning_that_a_library_writes_wrongly_does_not_end_what_it_was_doing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest's own would raise.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with JsonLog(io.StringIO()):
        logging.getLogger("library").warning("%d records", "many")
    assert "%d records" in capsys.readouterr().err
