"""Time and memory of `gistream verify` over many records, on topics and in an archive.

    make verify-million
    python tools/measure_verify.py --records 100000 --data-dir /tmp/million --keep

Writes records to the embedded broker, with a result for each but one: of a thousand records one is a deletion and nine
are dead letters. The results go to the topics and to an archive of two days, a file for each, as `gistream compact`
leaves them. A checkpoint says that all was committed. Then the command runs, in a process of its own. It must say that
exactly one record is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from streaming.archive import SUMMARY, ArchiveLocation
from streaming.archive.archive import DATA_SETS, day_of
from streaming.errors import run_command
from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.messages import (
    DeadLetter,
    Failure,
    ModelInfo,
    PromptInfo,
    Signals,
    Source,
    Summary,
    SummarySentence,
    Tokens,
    source_headers,
)  # fmt: skip
from streaming.settings import Settings, load

PARTITIONS = 4
MINUTE_MS = 60_000
# The record that has no result.
LOST = 4242
TEXT = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."
FIRST_MS = int(datetime(2026, 9, 21, tzinfo=timezone.utc).timestamp() * 1000)


def main() -> None:
    """Write what is not there yet, run the command on both, and print a line for each."""
    parser = argparse.ArgumentParser(description="Measure gistream verify.")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--data-dir", type=Path, help="where the topics are; with --keep they serve again")
    parser.add_argument("--keep", action="store_true", help="leave the topics, the archive and the broker as they are")
    options = parser.parse_args()
    folder = options.data_dir or Path(tempfile.mkdtemp(prefix="gistream-million-"))
    broker = EmbeddedBroker(load({"data_dir": folder}))
    broker.start()
    settings = load({"data_dir": folder, "partitions": PARTITIONS})
    try:
        if not (folder / "archive").exists():
            write_topics(settings, options.records)
            write_checkpoint(Path(settings.checkpoint_location), settings.input_topics[0], options.records)
            write_archive(folder / "archive", settings.input_topics[0], options.records)
        measure("topics", folder)
        measure("archive", folder, "--parquet", str(folder / "archive"))
    finally:
        if not options.keep:
            broker.stop()
            shutil.rmtree(folder)


def kind_of(number: int) -> str:
    """Return what became of a record."""
    return "deletions" if number % 1000 == 0 else "dead_letters" if number % 1000 < 10 else "summaries"


def source_of(topic: str, number: int, records: int) -> Source:
    """Return where a record is; the records are spread over two days."""
    day = 2 * number // records
    timestamp = FIRST_MS + day * 24 * 60 * MINUTE_MS + number % 1000
    return Source(topic=topic, partition=number % PARTITIONS, offset=number // PARTITIONS, timestamp=timestamp)


def write_topics(settings: Settings, records: int) -> None:
    """Write the records and their results; the offsets are known, because one producer keeps the order."""
    with Admin(settings) as admin:
        admin.ensure()
    keep_uncompressed(settings)
    topic = settings.input_topics[0]
    producer = KafkaProducer(
        bootstrap_servers=settings.servers, linger_ms=50, batch_size=1 << 18, compression_type="lz4", acks=1,
        max_in_flight_requests_per_connection=1,
    )  # fmt: skip
    template = summary(topic).to_json().replace(b'"id":"ID"', b'"id":"%b"').replace(b'"offset":0,', b'"offset":%d,')
    template = template.replace(b'"partition":0,', b'"partition":%d,').replace(b'"timestamp":0}', b'"timestamp":%d}')
    started = time.monotonic()
    for number in range(records):
        name, source = b"d%d" % number, source_of(topic, number, records)
        deletion = kind_of(number) == "deletions"
        producer.send(
            topic, key=name, value=None if deletion else json.dumps({"text": f"Text {number}."}).encode(),
            partition=source.partition,
        )  # fmt: skip
        if number == LOST:
            continue
        if deletion:
            producer.send(settings.output_topic, key=name, value=None, headers=source_headers([], source))
        elif kind_of(number) == "dead_letters":
            letter = DeadLetter(key=name, value=b"{}", error=failure(), source=source)
            producer.send(settings.dead_letter_topic, key=name, value=b"{}", headers=letter.kafka_headers())
        else:
            value = template % (name, source.partition, source.offset, source.timestamp)
            producer.send(settings.output_topic, key=name, value=value)
        if number % 100_000 == 0:
            print(f"written: {number:,} of {records:,}, {time.monotonic() - started:.0f} s", flush=True)
    producer.close()


def keep_uncompressed(settings: Settings) -> None:
    """Have the broker unpack what it gets: Spark's sink does not compress, and the checksum is of what is stored."""
    client = KafkaAdminClient(bootstrap_servers=settings.servers)
    client.alter_configs(
        [
            ConfigResource(ConfigResourceType.TOPIC, topic, configs={"compression.type": "uncompressed"})
            for topic in (*settings.input_topics, settings.output_topic, settings.dead_letter_topic)
        ]
    )
    client.close()


def summary(topic: str) -> Summary:
    """Return the summary that all documents have, with an id and a position to be replaced."""
    ends = [0, *(place + 1 for place, sign in enumerate(TEXT) if sign == ".")]
    return Summary(
        id="ID",
        summary=TEXT,
        status="ok",
        sentences=[
            SummarySentence(start=start + (start > 0), end=end, origin="model", support=0.9, stands=True,
                            evidence=[[start, end]])
            for start, end in pairwise(ends)
        ],
        model=ModelInfo(name="model", sha256="0" * 64, representation="BF16"),
        prompt=PromptInfo(name="default", sha256="1" * 64),
        recipe="2" * 16,
        strategy="stuff",
        chunks=1,
        tokens=Tokens(prompt=300, completion=40),
        seconds=1.5,
        signals=Signals(grounding=0.9, supported=1.0, repetition=0.0),
        document_sha256="3" * 64,
        source=Source(topic=topic, partition=0, offset=0, timestamp=0),
        produced_at=datetime(2026, 9, 21, 12, tzinfo=timezone.utc),
    )  # fmt: skip


def failure() -> Failure:
    """Return the reason of all dead letters."""
    return Failure(stage="decode", type="NoText", message="the field 'text' is missing")


def write_checkpoint(folder: Path, topic: str, records: int) -> None:
    """Write a checkpoint of Spark's whose last commit has all records."""
    ends = {str(n): len(range(n, records, PARTITIONS)) for n in range(PARTITIONS)}
    for name, lines in (("offsets", ["v1", "{}", json.dumps({topic: ends})]), ("commits", ["v1", "{}"])):
        (folder / name).mkdir(parents=True)
        (folder / name / "0").write_text("\n".join(lines))


def write_archive(folder: Path, topic: str, records: int) -> None:
    """Write the results as Parquet."""
    location = ArchiveLocation(str(folder))
    for data_set, schema in DATA_SETS.items():
        for half in range(2):
            numbers = [
                number for number in range(half * records // 2, (half + 1) * records // 2)
                if kind_of(number) == data_set and number != LOST
            ]  # fmt: skip
            if not numbers:
                continue
            day = day_of(source_of(topic, numbers[0], records).timestamp)
            rows = pa.concat_tables(tables(data_set, schema, topic, numbers, records))
            location.publish(f"{data_set}/day={day}/all.parquet", rows)


def tables(data_set: str, schema: pa.Schema, topic: str, numbers: list[int], records: int) -> Iterator[pa.Table]:
    """Yield the rows of a data set, some thousands at a time."""
    base = summary(topic).model_dump(by_alias=True)
    for start in range(0, len(numbers), 10_000):
        rows = []
        for number in numbers[start : start + 10_000]:
            row = {"id": f"d{number}", "source": source_of(topic, number, records).model_dump()}
            if data_set == "summaries":
                row = base | row
            elif data_set == "dead_letters":
                row |= {"error": failure().model_dump(), "key": b"k", "value": b"{}", "headers": []}
            rows.append(row)
        yield pa.Table.from_pylist(rows, SUMMARY if data_set == "summaries" else schema)


# Linux adds what the parent had to `ru_maxrss`, so the command itself looks at its peak.
COMMAND = """
import atexit, sys
from pathlib import Path
from streaming.cli.main import main
atexit.register(lambda: sys.stderr.write(Path("/proc/self/status").read_text()))
raise SystemExit(main())
"""


def measure(name: str, folder: Path, *arguments: str) -> None:
    """Run the command and print what it needed."""
    started, before = time.monotonic(), processor_seconds()
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "verify", "--json", *arguments], capture_output=True, text=True, check=False,
        env=os.environ | {"GISTREAM_DATA_DIR": str(folder)},
    )  # fmt: skip
    seconds, processor = time.monotonic() - started, processor_seconds() - before
    account, peak = json.loads(done.stdout), re.search(r"VmHWM:\s+(\d+) kB", done.stderr)
    if (account["missing_records"], account["twice"]) != (1, 0) or peak is None:
        raise SystemExit(f"verify on the {name} says something else: {account} {done.stderr}")
    print(
        f"{name}: {account['records']:,} records in {seconds:.1f} s ({processor:.1f} s of processor time), "
        f"{int(peak[1]) / 1000:.0f} MB at most",
        flush=True,
    )


def processor_seconds() -> float:
    """Return the processor time of all commands that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    raise SystemExit(run_command(main))
