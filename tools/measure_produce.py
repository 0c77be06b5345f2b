"""Speed and memory of `gistream produce jsonl` beside a bare loop over kafka-python, and what a kill costs.

    make measure-produce
    python -m tools.measure_produce --documents 20000 --repeats 3

Both send the same lines, 200 bytes of text each, to new topics of an embedded broker, with the same acks, idempotence,
compression, linger and keys; the bare loop has the batches of 16 KiB that kafka-python makes by default. Each is a
process of its own, and its time is the whole process's. They take turns. Then a
producer is killed at half of the documents and resumed: each id must be there, and the doubles are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaProducer

from producers.client import COMPRESSION, LINGER_MS
from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.records import read_ranges, topic_ranges
from streaming.kafka.topics import Admin
from streaming.settings import MIB, Settings, load

TEXT = "Anna saw the smoke first and rang the bell, and by evening the roof of the mill was gone. "
TEXT_BYTES = 200
# Numbers make each text another one, so that they do not shrink to nothing.
DIGITS = 40


@dataclass(frozen=True)
class Run:
    """A process that sent all documents: its seconds of wall time and of processor time, and its peak memory."""

    seconds: float
    cpu: float
    peak: float


def main() -> None:
    """Measure, and print; exits with 1 when a document is missing."""
    parser = argparse.ArgumentParser(description="Measure gistream produce jsonl.")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--bare", nargs=3, metavar=("SERVERS", "TOPIC", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        send_bare(*options.bare)
        return
    folder = Path(tempfile.mkdtemp(prefix="gistream-produce-"))
    broker = EmbeddedBroker(load({"data_dir": folder}))
    broker.start()
    try:
        file = write(folder / "all.jsonl", options.documents)
        compare(folder, file, options.documents, options.repeats)
        fewer = options.documents // 5
        part = produce(folder, write(folder / "part.jsonl", fewer), fewer, "part")
        whole = produce(folder, file, options.documents, "whole")
        print(f"peak memory: {part.peak:.0f} MB for {fewer:,} documents, {whole.peak:.0f} MB for {options.documents:,}")
        kill_and_resume(folder, file, options.documents)
    finally:
        broker.stop()
        shutil.rmtree(folder)


def write(file: Path, documents: int) -> Path:
    """Write documents of 200 bytes of text as JSON Lines."""
    with file.open("w") as lines:
        for number in range(documents):
            digits = f"{number * 7919 % 10**9:0{DIGITS}d} "
            text = f"{digits}{TEXT * 3}"[:TEXT_BYTES]
            lines.write(f"{json.dumps({'id': f'note-{number}', 'text': text})}\n")
    return file


def send_bare(servers: str, topic: str, file: str) -> None:
    """Send the lines of a file as a program without gistream would; the key is each line's id."""
    producer = KafkaProducer(
        bootstrap_servers=servers,
        acks="all",
        enable_idempotence=True,
        compression_type=COMPRESSION,
        linger_ms=LINGER_MS,
    )
    with Path(file).open("rb") as lines:
        for line in lines:
            producer.send(topic, key=json.loads(line)["id"].encode(), value=line.rstrip())
    producer.flush()
    producer.close()


def compare(folder: Path, file: Path, documents: int, repeats: int) -> None:
    """Let both send the file in turns, and print the medians."""
    pairs = []
    for number in range(repeats):
        settings = new_topic(folder, f"bare-{number}")
        command = ["-m", "tools.measure_produce", "--bare", settings.servers, settings.input_topic, str(file)]
        bare = timed(command)
        check(settings, documents)
        ours = produce(folder, file, documents, f"ours-{number}")
        pairs.append((bare, ours))
        print(
            f"bare {documents / bare.seconds:,.0f}/s ({bare.cpu:.1f} s of processor time), gistream "
            f"{documents / ours.seconds:,.0f}/s ({ours.cpu:.1f} s): {bare.seconds / ours.seconds:.2f}",
            flush=True,
        )
    wall = statistics.median(bare.seconds / ours.seconds for bare, ours in pairs)
    cpu = statistics.median(bare.cpu / ours.cpu for bare, ours in pairs)
    print(f"median of {repeats}: gistream has {wall:.2f} of the bare loop's speed, {cpu:.2f} by processor time")


def produce(folder: Path, file: Path, documents: int, topic: str) -> Run:
    """Send a file with the real command, to a new topic; checks that all documents are there."""
    settings = new_topic(folder, topic)
    run = timed([str(gistream()), *produce_command(settings, file)])
    check(settings, documents)
    return run


def kill_and_resume(folder: Path, file: Path, documents: int) -> None:
    """Kill a producer at half of the documents, resume it, and count."""
    settings, state = new_topic(folder, "killed"), folder / "killed.resume"
    command = [sys.executable, str(gistream()), *produce_command(settings, file), "--resume", str(state)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while count(settings) < documents // 2:
        if process.poll() is not None:
            raise SystemExit("the producer ended before it was killed")
        time.sleep(0.01)
    process.kill()
    process.wait()
    arrived, settled = count(settings), json.loads(state.read_text())["settled"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    ranges = topic_ranges(settings, [settings.input_topic], None, None)
    copies = Counter(record.key for record in read_ranges(settings, ranges))
    if copies.keys() != {f"note-{number}".encode() for number in range(documents)}:
        raise SystemExit(f"{documents - len(copies):,} ids are missing")
    print(
        f"killed at {arrived:,}, of which {settled:,} were noted; resumed: {len(copies):,} ids, "
        f"{copies.total() - documents:,} twice"
    )


def new_topic(folder: Path, name: str) -> Settings:
    """Return settings with a new topic."""
    settings = load({"data_dir": folder, "input_topic": name})
    with Admin(settings) as admin:
        admin.ensure()
    return settings


def produce_command(settings: Settings, file: Path) -> list[str]:
    """Return the arguments of the command."""
    return [
        "produce", "jsonl", str(file), "--input-topic", settings.input_topic, "--data-dir", str(settings.data_dir),
    ]  # fmt: skip


def gistream() -> Path:
    """Return the installed command."""
    return Path(sys.executable).with_name("gistream")


def timed(arguments: Sequence[str]) -> Run:
    """Run Python with these arguments, and measure the process."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    # Linux counts in KiB.
    return Run(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / MIB)


def count(settings: Settings) -> int:
    """Return the number of records in the topic."""
    ranges = topic_ranges(settings, [settings.input_topic], None, None)
    return sum(end - start for start, end in ranges.values())


def check(settings: Settings, documents: int) -> None:
    """Exit when the topic does not hold this many records."""
    if (records := count(settings)) != documents:
        raise SystemExit(f"{settings.input_topic} has {records:,} records instead of {documents:,}")


if __name__ == "__main__":
    main()
