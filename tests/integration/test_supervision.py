"""`gistream run` goes on by itself after what may be over by itself, and gives up when it is not."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pyarrow.dataset as ds
import pytest
from installation import command, command_environment, document
from kafka import KafkaProducer

from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.settings import Settings, load

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Settings]:
    """An installation whose broker is this test's alone, because it stops it."""
    broker = EmbeddedBroker(load({"data_dir": tmp_path}))
    broker.start()
    settings = load({"data_dir": tmp_path})
    with Admin(settings) as admin:
        admin.ensure()
    yield settings
    broker.stop()


def send(settings: Settings, start: int, end: int) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    for number in range(start, end):
        producer.send(settings.input_topic, key=b"d%d" % number, value=document(f"{STORY} It was number {number}."))
    producer.flush()
    producer.close()


def wait_until(what: Callable[[], bool], running: subprocess.Popen[str], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert running.poll() is None, "the run has ended"
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.1)


def jvm_of(running: subprocess.Popen[str]) -> psutil.Process:
    [jvm] = [child for child in psutil.Process(running.pid).children() if "java" in child.name()]
    return jvm


def test_a_killed_jvm_costs_a_restart_and_a_kafka_that_stays_away_ends_the_run(own: Settings) -> None:
    log, archive = own.data_dir / "lines", own.data_dir / "archive"
    send(own, 0, 3)
    with log.open("w") as file:
        running = subprocess.Popen(
            command("run", "--give-up-after", "8", "--batch-documents", "4", "--sink", f"parquet={archive}"),
            env=command_environment(own.data_dir, GISTREAM_MAX_TOKENS="16"), stderr=file, text=True,
        )  # fmt: skip
    try:
        wait_until(lambda: "batch 0" in log.read_text(), running)
        send(own, 3, 6)
        killed = jvm_of(running)
        killed.kill()
        wait_until(lambda: log.read_text().count("record") >= 2 and "6 so far" in log.read_text(), running)
        assert jvm_of(running) != killed
        # `foreachBatch` goes through a connection to the new JVM, too.
        rows = ds.dataset(archive / "summaries", partitioning="hive").to_table(["id"]).to_pylist()
        assert sorted(row["id"] for row in rows) == [f"d{n}" for n in range(6)]
        EmbeddedBroker(own).stop()
        assert running.wait(60) == 4
    finally:
        running.kill()
        running.wait()
    lines = log.read_text().splitlines()
    [restart] = [line for line in lines if "Spark's JVM ended before the query did" in line]
    assert "Restart 1 in" in restart
    assert "Given up after 8 s without progress" in lines[-1]
    assert "; 1 restart after failures" in lines[-2]
