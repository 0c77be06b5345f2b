"""A text that no record could hold goes by reference from its file to its summary."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from big_text import big_text
from command_here import gistream_here
from installation import command_environment, gistream, names, read_topic
from quick_java import quick_java

from streaming.kafka.topics import Admin
from streaming.messages import Summary
from streaming.settings import Settings

STEADY = Path(__file__).parents[1] / "support" / "steady_gistream.py"
# `make big-document` sets it to 50 and looks at both ways of reading.
MEGABYTES = int(os.environ.get("BIG_MEGABYTES", "2"))
STRATEGIES = os.environ.get("BIG_STRATEGIES", "extractive").split()


def run_once(settings: Settings, root: Path, strategy: str) -> None:
    """Run the query over what is there, with the steady engine in the place of the model."""
    # Only an extract of so long a text is within the default.
    many_parts = {} if strategy == "extractive" else {"GISTREAM_MAX_CHUNKS": "1000000"}
    variables = {"GISTREAM_STORE": "off", **many_parts, **quick_java()}
    flags = ("--once", "--strategy", strategy, "--uri-roots", str(root), *names(settings))
    done = subprocess.run(
        [sys.executable, str(STEADY), "0.01", "run", *flags], capture_output=True, text=True, check=False, timeout=3000,
        env=command_environment(settings.data_dir, **variables),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_text_of_megabytes_goes_by_reference_to_a_summary(settings: Settings, tmp_path: Path, strategy: str) -> None:
    root, text = tmp_path / "texts", big_text(MEGABYTES * 1_000_000)
    (tmp_path / "big.txt").write_text(text)
    with Admin(settings) as admin:
        admin.ensure()
    topic = ("--input-topic", settings.input_topic)
    large = ("--reference", str(root), "--reference-over", "1000000")
    sent = gistream(
        "produce", "files", "--id", "name", str(tmp_path / "big.txt"), *large, *topic, data_dir=settings.data_dir
    )
    assert sent.returncode == 0, sent.stderr
    assert all(len(record.value) < 1000 for record in read_topic(settings, settings.input_topic))

    run_once(settings, root, strategy)
    [record] = read_topic(settings, settings.output_topic)
    summary = Summary.model_validate_json(record.value)
    assert (summary.id, summary.document_sha256) == ("big.txt", hashlib.sha256(text.encode()).hexdigest())
    places = [place for sentence in summary.sentences for place in sentence.evidence]
    assert places
    assert all("In week" in text[start:end] for start, end in places)


def test_a_root_that_is_not_there_is_said_before_spark_starts(settings: Settings, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    run = gistream_here("run", "--once", "--uri-roots", gone, *names(settings), data_dir=settings.data_dir)
    assert run.returncode == 7
    assert f"{gone}, one of uri_roots, is no folder on this machine" in run.stderr
    doctor = gistream_here("doctor", "--json", "--uri-roots", gone, data_dir=settings.data_dir)
    [finding] = [item for item in json.loads(doctor.stdout)["findings"] if item["check"] == "uri roots"]
    assert (finding["state"], finding["exit_code"]) == ("problem", 7)


def test_a_text_that_does_not_fit_a_record_names_the_flag(settings: Settings, tmp_path: Path) -> None:
    with Admin(settings) as admin:
        admin.ensure()
    (tmp_path / "big.txt").write_text(big_text(9_000_000))
    sent = gistream(
        "produce", "files", str(tmp_path / "big.txt"), "--input-topic", settings.input_topic, data_dir=settings.data_dir
    )
    assert sent.returncode == 10
    assert "--reference ROOT" in sent.stderr
