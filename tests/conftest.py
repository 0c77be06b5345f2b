"""Fixtures that the suites share: an installation with a real broker, and topics of one's own for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installation import Send
from kafka import KafkaProducer

from streaming.kafka.broker import EmbeddedBroker
from streaming.settings import MIB, Settings, load

TESTS = Path(__file__).parent
# Python workers import this checkout's gistream, the fake engines and the traps from here.
os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (TESTS.parent, TESTS / "support")))
# The hundreds of processes that tests start find the bytecode of the first, also where containers switch that off.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
for name in [name for name in os.environ if name.startswith("GISTREAM_")]:
    del os.environ[name]


@pytest.fixture(scope="session", autouse=True)
def machine_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' own folder of tunings and models; otherwise they would read and write those of the developer."""
    folder = tmp_path_factory.mktemp("machine")
    os.environ["GISTREAM_MACHINE_DIR"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data dir whose broker runs for the whole test run."""
    folder = tmp_path_factory.mktemp("installation")
    broker = EmbeddedBroker(load({"data_dir": folder}))
    broker.start()
    yield folder
    broker.stop()


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    """Settings with topics, a query and a checkpoint that no other test has."""
    own = uuid.uuid4().hex[:8]
    return load(
        {
            "data_dir": data_dir,
            "input_topic": f"documents-{own}",
            "output_topic": f"summaries-{own}",
            "dead_letter_topic": f"dead-letters-{own}",
            "query": f"query-{own}",
            "partitions": 2,
            # A fake engine's answers are nobody's, and what is looked at is generating.
            "store": "off",
        }
    )


@pytest.fixture
def send(settings: Settings) -> Iterator[Send]:
    """Send (key, value) or (key, value, headers) to the input topic; returns (partition, offset) of each."""
    producer = KafkaProducer(bootstrap_servers=settings.servers, max_request_size=40 * MIB, compression_type="gzip")

    def send_all(*records: Any) -> list[tuple[int, int]]:
        sent = [
            producer.send(settings.input_topic, key=r[0], value=r[1], headers=list(r[2]) if len(r) > 2 else None)
            for r in records
        ]
        producer.flush(timeout=60)
        return [(found.partition, found.offset) for found in (future.get(timeout=10) for future in sent)]

    yield send_all
    producer.close()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder to watch."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder
