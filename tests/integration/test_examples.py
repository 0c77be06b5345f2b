"""The programs of examples/ that users copy, each run as a program of its own.

The commands of docs/examples.md, the batch job among them, are run with those of the other pages: with a model.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from archives import deletion, summary
from installation import read_topic
from kafka import KafkaProducer
from pages import ROOT

from streaming.archive import Archive, ArchiveLocation
from streaming.kafka.topics import Admin
from streaming.messages import Deletion, Document, Header, Summary, source_headers
from streaming.settings import Settings

Record = tuple[bytes, bytes | None, list[Header]]


def run_example(name: str, *arguments: str, **environment: str) -> str:
    """Run a program of examples/ and return what it prints."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name), *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "PYSPARK_PYTHON": sys.executable, **environment}, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def names(settings: Settings) -> dict[str, str]:
    """Make the topics of the test; returns the environment that names them."""
    with Admin(settings) as admin:
        admin.ensure()
    return {
        "GISTREAM_DATA_DIR": str(settings.data_dir),
        "GISTREAM_INPUT_TOPIC": settings.input_topic,
        "GISTREAM_OUTPUT_TOPIC": settings.output_topic,
    }


def record_of(result: Summary | Deletion) -> Record:
    """Return the record that gistream writes for `result`."""
    if isinstance(result, Deletion):
        return result.id.encode(), None, source_headers([("sent-by", b"a test")], result.source)
    return result.id.encode(), result.to_json(), [("sent-by", b"a test")]


def arrive(settings: Settings, *results: Summary | Deletion) -> None:
    """Put results on one partition of the output topic, in the order in which they arrive at a consumer."""
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    for key, value, headers in map(record_of, results):
        producer.send(settings.output_topic, key=key, value=value, headers=headers, partition=0)
    producer.close()


def test_the_producer_sends_documents_of_the_contract(settings: Settings, names: dict[str, str]) -> None:
    printed = run_example("own_producer.py", **names)
    records = read_topic(settings, settings.input_topic)
    assert sorted(printed.splitlines()) == sorted(
        f"{record.key.decode()}: partition {record.partition}, offset {record.offset}" for record in records
    )
    assert {record.key for record in records} == {b"minutes-1", b"minutes-2"}
    for record in records:
        document = Document.model_validate_json(record.value)
        assert document.id == record.key.decode()
        assert document.title
        assert document.metadata == {"team": "works"}
        assert record.headers == [("sent-by", b"own_producer")]


@pytest.mark.parametrize(
    ("arrivals", "printed"),
    [
        ([summary(1, name="a", text="Old."), summary(5, name="a", text="New.")], "a: New.\n"),
        ([summary(5, name="a", text="New."), summary(1, name="a", text="Old.")], "a: New.\n"),
        ([summary(1, name="a", text="Old."), deletion("a", 5)], ""),
        ([deletion("a", 5), summary(1, name="a", text="Old.")], ""),
        ([summary(5, name="a", text="New."), deletion("a", 1)], "a: New.\n"),
        ([deletion("a", 1), summary(5, name="a", text="New."), deletion("a", 1)], "a: New.\n"),
    ],
    ids=["in order", "old one last", "deleted", "deleted, old one last", "old deletion last", "old deletion twice"],
)
def test_the_consumer_takes_the_highest_source_offset(
    settings: Settings, names: dict[str, str], arrivals: list[Summary | Deletion], printed: str
) -> None:
    arrive(settings, *arrivals, summary(3, name="b", text="Another document."))
    assert run_example("own_consumer.py", **names) == f"{printed}b: Another document.\n"


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2)], ids=["later last", "later first"])
def test_the_consumer_drops_a_repeat_and_takes_the_later_recipe(
    settings: Settings, names: dict[str, str], order: tuple[int, ...]
) -> None:
    first = summary(1, name="a", recipe="r1", text="First.")
    later = summary(1, name="a", recipe="r2", text="Another model's.")
    later.produced_at = first.produced_at + timedelta(hours=1, milliseconds=5)
    # A repeat has the same identity. Its time may differ, because the document was summarized again after a crash.
    repeat = first.model_copy(update={"summary": "Repeat.", "produced_at": first.produced_at + timedelta(days=1)})
    results = (first, later, repeat)
    arrive(settings, *(results[number] for number in order))
    assert run_example("own_consumer.py", **names) == "a: Another model's.\n"


def test_the_archive_is_read_alike_by_pandas_and_duckdb(tmp_path: Path) -> None:
    archive = Archive(ArchiveLocation(str(tmp_path)))
    results = [summary(1, name="a", text="Old."), summary(5, name="a", text="New."), summary(3, name="b", text="Gone.")]
    archive.write(results, name="q-0")
    assert (
        run_example("read_archive.py", str(tmp_path))
        == "pandas\n  a: New.\n  b: Gone.\nDuckDB\n  a: New.\n  b: Gone.\n"
    )
    archive.write([deletion("a", 4), deletion("b", 4), summary(6, name="c", text="Here.")], name="q-1")
    assert (
        run_example("read_archive.py", str(tmp_path))
        == "pandas\n  a: New.\n  c: Here.\nDuckDB\n  a: New.\n  c: Here.\n"
    )
