"""Kafka away for a minute, and for longer than Spark waits; workers killed again and again; a topic from a backup.

Real broker, Spark and engine processes; the answers are a steady engine's. Twelve minutes; `make chaos` runs them.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from chaos import installation
from installation import command_environment, document, gistream
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.settings import Settings

SCRIPT = Path(__file__).parents[1] / "support" / "steady_gistream.py"
# Longer than the 180 s after which Spark's own clients give up.
LONG = 240


class Run:
    """A `gistream run` with a steady engine, whose lines are in `lines`."""

    def __init__(self, settings: Settings, folder: Path, *flags: str, seconds: float = 1.0) -> None:
        self._log = folder / "run.log"
        arguments = [sys.executable, str(SCRIPT), str(seconds), "run", "--master", "local[2]", "--store", "off", *flags]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                arguments, env=command_environment(settings.data_dir), stdout=log, stderr=log
            )

    @property
    def lines(self) -> list[str]:
        return self._log.read_text().splitlines()

    def wait_until(self, what: Callable[[], bool], seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert self.process.poll() is None, self.lines[-3:]
            assert time.monotonic() < deadline, self.lines[-3:]
            time.sleep(0.2)

    def count(self, words: str) -> int:
        return sum(words in line for line in self.lines)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


@contextmanager
def running(settings: Settings, folder: Path, *flags: str, seconds: float = 1.0) -> Iterator[Run]:
    run = Run(settings, folder, *flags, seconds=seconds)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with installation(tmp_path) as settings:
        with Admin(settings) as admin:
            admin.ensure()
        yield settings


def send(settings: Settings, start: int, end: int) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    for n in range(start, end):
        producer.send(settings.input_topic, key=b"d%d" % n, value=document(f"The mill burned on day {n}. Anna saw it."))
    producer.flush()
    producer.close()


def verify(settings: Settings, *flags: str) -> dict[str, object]:
    done = gistream("verify", "--json", *flags, data_dir=settings.data_dir)
    account: dict[str, object] = json.loads(done.stdout)
    return account


def committed(settings: Settings) -> int:
    """Return the sum of the offsets that lag tools see."""
    consumer = KafkaConsumer(bootstrap_servers=settings.servers, group_id=settings.group_id, enable_auto_commit=False)
    partitions = [TopicPartition(settings.input_topic, n) for n in range(settings.partitions)]
    offsets = sum(consumer.committed(partition) or 0 for partition in partitions)
    consumer.close(autocommit=False)
    return offsets


@pytest.mark.timeout(900)
@pytest.mark.parametrize("away", [60, LONG])
def test_a_kafka_that_comes_back_is_taken_up_again_by_the_same_process(
    settings: Settings, tmp_path: Path, away: int
) -> None:
    send(settings, 0, 60)
    with running(settings, tmp_path, "--batch-documents", "16", seconds=4.0) as run:
        run.wait_until(lambda: run.count("batch 0:") == 1)
        broker = EmbeddedBroker(settings)
        psutil.Process(broker.status().pid).kill()
        time.sleep(away)
        broker.start()
        run.wait_until(lambda: run.count("60 so far") == 1)
        send(settings, 60, 64)
        run.wait_until(lambda: run.count("64 so far") == 1)
        assert run.stop() == 0
        print("\n".join(run.lines[9:]))
        assert committed(settings) == 64
        assert run.count("restarts after failures") + run.count("restart after failures") == (away == LONG)
    account = verify(settings)
    assert (account["records"], account["missing_records"]) == (64, 0)


@pytest.mark.timeout(600)
def test_workers_that_are_killed_at_the_same_documents_end_the_run_with_their_offsets(
    settings: Settings, tmp_path: Path
) -> None:
    send(settings, 0, 8)
    with running(settings, tmp_path, seconds=5.0) as run:
        while run.process.poll() is None:
            with suppress(psutil.Error):
                for child in psutil.Process(run.process.pid).children(recursive=True):
                    if "pyspark.daemon" in child.cmdline() and child.parent().name().startswith("python"):
                        child.kill()
            time.sleep(1)
        assert run.process.returncode == 8
        assert run.count("Restart 1 in") == run.count("Restart 2 in") == 1
        assert "Too many failures: micro-batch 0 ended a process 3 times in a row" in run.lines[-1]
        assert f"{settings.input_topic}-" in run.lines[-1]


@pytest.mark.timeout(600)
def test_a_topic_that_was_restored_from_a_backup_is_noticed_and_read_again_into_new_outputs(
    settings: Settings, tmp_path: Path
) -> None:
    broker = EmbeddedBroker(settings)
    send(settings, 0, 6)
    broker.stop()
    shutil.copytree(settings.broker_dir, tmp_path / "backup")
    broker.start()
    send(settings, 6, 20)
    flags = ["--store", str(tmp_path / "store")]
    with running(settings, tmp_path, "--once", *flags, seconds=0.1) as run:
        assert run.process.wait(200) == 0
    broker.stop()
    shutil.rmtree(settings.broker_dir / "data")
    shutil.copytree(tmp_path / "backup" / "data", settings.broker_dir / "data")
    broker.start()
    send(settings, 100, 103)
    with running(settings, tmp_path, "--once", *flags, seconds=0.1) as run:
        assert run.process.wait(200) == 5
        [refusal] = [line for line in run.lines if "ends before the place where the query stands" in line]
        print(refusal)
    outputs = ["--output-topic", "summaries-2", "--dead-letter-topic", "dead-letters-2"]
    assert f"`gistream run --accept-loss {' '.join(outputs)}`" in refusal
    with running(settings, tmp_path, "--once", "--accept-loss", *outputs, *flags, seconds=0.1) as run:
        assert run.process.wait(200) == 0
        print("\n".join(run.lines[-12:]))
    account = verify(settings, *outputs)
    assert (account["missing_records"], account["twice"]) == (0, 0)
    assert account["given_up"]
