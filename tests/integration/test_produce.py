"""`gistream produce` when it is stopped, killed or left by Kafka: what is acknowledged is said, and a file resumes."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import IO

import pytest
from installation import command, command_environment, gistream, read_topic

from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.settings import Settings, load

TEXT = "Anna saw the mill burn down."


def lines(start: int, end: int) -> str:
    return "".join(f"{json.dumps({'id': f'note-{number}', 'text': TEXT})}\n" for number in range(start, end))


def await_records(settings: Settings, number: int) -> None:
    end = time.monotonic() + 60
    while len(read_topic(settings, settings.input_topic)) < number:
        assert time.monotonic() < end, f"{number} records do not come"
        time.sleep(0.05)


def start(settings: Settings, *arguments: str) -> tuple[subprocess.Popen[str], IO[str]]:
    """Start to produce JSON Lines from standard input, which stays open; returns the process and its input."""
    process = subprocess.Popen(
        command("produce", "jsonl", "-", "--input-topic", settings.input_topic, *arguments),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=command_environment(settings.data_dir),
    )  # fmt: skip
    assert process.stdin is not None
    return process, process.stdin


def write(stdin: IO[str], text: str) -> None:
    stdin.write(text)
    stdin.flush()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_producer_that_is_stopped_says_what_was_acknowledged(topics: Settings, number: signal.Signals) -> None:
    process, stdin = start(topics)
    write(stdin, lines(0, 3))
    # The reader waits for the fourth line.
    await_records(topics, 3)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"3 documents acknowledged by '{topics.input_topic}'; stopped before the end of the input" in said
    assert "Traceback" not in said


def test_a_producer_whose_kafka_goes_away_ends_and_a_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    broker = EmbeddedBroker(load({"data_dir": tmp_path}))
    broker.start()
    try:
        settings, others = (load({"data_dir": tmp_path, "input_topic": topic}) for topic in ("documents", "others"))
        for topic in (settings, others):
            with Admin(topic) as admin:
                admin.ensure()
        soon = ("--kafka", "request.timeout.ms=1000", "--kafka", "delivery.timeout.ms=2000")
        process, stdin = start(settings, *soon)
        patient, patient_stdin = start(others)
        for topic, pipe in ((settings, stdin), (others, patient_stdin)):
            write(pipe, lines(0, 3))
            await_records(topic, 3)
    finally:
        broker.stop()
    write(stdin, lines(3, 5))
    write(patient_stdin, lines(3, 5))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "after 3 acknowledged documents; of 2 more nobody knows whether it has them" in " ".join(said.split())
    patient.send_signal(signal.SIGINT)
    assert patient.stderr is not None
    assert "stopping: waiting for 2 documents on the way to Kafka" in patient.stderr.readline()
    patient.send_signal(signal.SIGINT)
    # Without it, two minutes.
    patient.communicate(timeout=20)
    assert patient.returncode == 130


def test_a_producer_that_was_killed_resumes_and_each_id_is_there(topics: Settings, tmp_path: Path) -> None:
    total, file, state = 3000, tmp_path / "notes.jsonl", tmp_path / "notes.resume"
    file.write_text(lines(0, total))
    produce = ["produce", "jsonl", str(file), "--resume", str(state), "--input-topic", topics.input_topic]
    process = subprocess.Popen(
        command(*produce, "--rate", "1000"), env=command_environment(topics.data_dir), stderr=subprocess.DEVNULL
    )
    await_records(topics, total // 2)
    process.kill()
    process.wait()
    arrived = len(read_topic(topics, topics.input_topic))
    assert arrived < total
    settled = json.loads(state.read_text())["settled"]
    assert 0 < settled <= arrived
    second = run(produce, topics)
    assert second["acknowledged"] == total - settled
    assert second["acknowledged_before"] == settled
    copies = Counter(record.key for record in read_topic(topics, topics.input_topic))
    assert copies.keys() == {f"note-{number}".encode() for number in range(total)}
    # Only what came after the last save stands twice.
    assert copies.total() - total == arrived - settled
    assert max(copies.values()) <= 2
    third = run(produce, topics)
    assert (third["acknowledged"], third["acknowledged_before"]) == (0, total)
    said = gistream(*produce, data_dir=topics.data_dir)
    assert said.returncode == 0
    assert f"nothing to send: earlier runs have sent all 3,000 documents to '{topics.input_topic}'" in said.stderr


def run(produce: list[str], settings: Settings) -> dict[str, int]:
    process = gistream(*produce, "--json", data_dir=settings.data_dir)
    assert process.returncode == 0, process.stderr
    report: dict[str, int] = json.loads(process.stdout)
    return report
