"""Steps that tests of several suites share: read a topic, write a document, run a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from tunings import tuning_of

from streaming.engine import ModelFile, Setup, open_model
from streaming.engine.tuning.tuning_file import save_tuning
from streaming.machine.cores import usable_cores
from streaming.settings import MIB, Settings
from streaming.summarizer import SummaryResult

# Sends (key, value) or (key, value, headers) to the input topic; returns (partition, offset) of each.
Send = Callable[..., list[tuple[int, int]]]
# Summarizes texts side by side; a prompt profile and fields of the recipe may be given.
SummarizeAll = Callable[..., list[SummaryResult]]


def keep_a_tuning(data_dir: Path, model: ModelFile | None = None) -> None:
    """Save a tuning in a data dir, as `gistream tune` does: BF16 and a few slots; by default for the sample model."""
    model, cores = model or open_model("sample"), usable_cores()
    setup = Setup(slots=4, lanes=min(2, cores), threads=min(2, cores))
    save_tuning(data_dir, model, tuning_of(model, setup, cores=cores))


def read_topic(settings: Settings, topic: str) -> list[Any]:
    """Return all records of `topic`, by partition and offset."""
    # With the default it would wait for 100 ms before it asks about topics a second time.
    consumer = KafkaConsumer(
        bootstrap_servers=settings.servers, enable_auto_commit=False, max_partition_fetch_bytes=40 * MIB,
        retry_backoff_ms=20,
    )  # fmt: skip
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    records: list[Any] = []
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for batch in consumer.poll(timeout_ms=500).values():
            records += batch
    consumer.close()
    return sorted(records, key=lambda record: (record.partition, record.offset))


def document(text: str, **fields: Any) -> bytes:
    """Return a document as a JSON value."""
    return json.dumps({"text": text, **fields}).encode()


def gistream(
    *arguments: str, data_dir: Path, timeout: float = 240, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line and return what it printed and its exit code."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=timeout, check=False,
        env=command_environment(data_dir, **environment),
    )  # fmt: skip


def events(log: str) -> list[dict[str, Any]]:
    """Return the events of a `gistream run` whose standard error is no terminal: JSON, one a line."""
    return [json.loads(line) for line in log.splitlines()]


def command(*arguments: str) -> list[str]:
    """Return the command line that runs gistream."""
    return [str(Path(sys.executable).with_name("gistream")), *arguments]


def command_environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Return the environment of a command."""
    return {**os.environ, "GISTREAM_DATA_DIR": str(data_dir), "COLUMNS": "200", **more}


def names(settings: Settings) -> list[str]:
    """Return the flags that make a `run` use the topics of `settings`."""
    return [
        "--input-topic", settings.input_topic, "--output-topic", settings.output_topic,
        "--dead-letter-topic", settings.dead_letter_topic, "--query", settings.query,
    ]  # fmt: skip
