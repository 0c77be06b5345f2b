"""Time, lag and memory of a live view (`consumers.live`) on a topic of 100,000 summaries, and at 300 a second.

    make measure-live
    python tools/measure_live.py --summaries 20000 --seconds 10

Writes summaries of 3 kB to the embedded broker, spread over the last hour, uncompressed as Spark's sink writes them.
A process of its own then opens a view and says when its newest 10,000 rows are there and when its numbers are complete.
They must be exact. Then summaries arrive at a rate, and a follower says how long after its record each row reached it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from kafka import KafkaProducer

from consumers.live.filters import Filters
from consumers.live.sequence import KEPT
from consumers.live.view import LiveView
from streaming.errors import run_command
from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.messages import ModelInfo, PromptInfo, Signals, Source, Summary, SummarySentence, Tokens
from streaming.settings import Settings, load

PARTITIONS = 4
# The first of the summaries are a little older than the hour, so that not all of them count.
SPREAD_SECONDS = 3700
SENTENCE = "Anna saw the smoke first and rang the bell, and by evening the roof of the mill was gone. "
SENTENCES = 14


def main() -> None:
    """Write the summaries, open the view in a process of its own, let more arrive, and print what it says."""
    parser = argparse.ArgumentParser(description="Measure a live view.")
    parser.add_argument("--summaries", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=300, help="summaries a second that arrive")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--view", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.view is not None:
        view(load({"data_dir": options.view}), options.summaries, options.rate * options.seconds)
        return
    folder = Path(tempfile.mkdtemp(prefix="gistream-live-"))
    broker = EmbeddedBroker(load({"data_dir": folder}))
    broker.start()
    settings = load({"data_dir": folder, "partitions": PARTITIONS})
    try:
        with Admin(settings) as admin:
            admin.ensure()
        began = time.time()
        write(settings, options.summaries, began - SPREAD_SECONDS, SPREAD_SECONDS / options.summaries)
        flags = [f"--{name}={getattr(options, name)}" for name in ("summaries", "rate", "seconds")]
        command = [sys.executable, "-m", "tools.measure_live", f"--view={folder}", *flags]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if process.stdout is None:
            raise SystemExit("the view has no output")
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith("complete"):
                arrive(settings, options.summaries, options.rate, options.seconds)
        if process.wait() != 0:
            raise SystemExit("the view failed")
    finally:
        broker.stop()
        shutil.rmtree(folder)


def summary_of(number: int, at: float) -> bytes:
    """Return the value of a summary whose document came five seconds before."""
    text = SENTENCE * SENTENCES
    length = len(SENTENCE)
    return Summary(
        id=f"d{number}",
        title=f"The mill, part {number}",
        summary=text,
        status="repaired" if number % 10 == 0 else "ok",
        sentences=[
            SummarySentence(
                start=n * length, end=(n + 1) * length, origin="model", support=0.912345, stands=True,
                evidence=[[n * 300, n * 300 + 120], [n * 400, n * 400 + 90]],
            )
            for n in range(SENTENCES)
        ],
        model=ModelInfo(name="SmolLM2-135M-Instruct", sha256="0" * 64, representation="BF16"),
        prompt=PromptInfo(name="default", sha256="1" * 64),
        recipe="2" * 16,
        strategy="stuff",
        chunks=1,
        tokens=Tokens(prompt=300, completion=40),
        seconds=1.5,
        signals=Signals(grounding=0.9, supported=1.0, repetition=0.0),
        document_sha256="3" * 64,
        source=Source(topic="documents", partition=number % PARTITIONS, offset=number, timestamp=int(at * 1000) - 5000),
        produced_at=datetime.fromtimestamp(at, timezone.utc),
        metadata={"author": f"author-{number % 40}", "language": "en"},
    ).to_json()  # fmt: skip


def write(settings: Settings, summaries: int, start: float, apart: float) -> None:
    """Write summaries, the first at a time in seconds since 1970."""
    producer = KafkaProducer(bootstrap_servers=settings.servers, linger_ms=20, batch_size=1 << 17)
    size = 0
    for number in range(summaries):
        at = start + number * apart
        value = summary_of(number, at)
        size += len(value)
        producer.send(
            settings.output_topic, key=b"d%d" % number, value=value, timestamp_ms=int(at * 1000),
            partition=number % PARTITIONS,
        )  # fmt: skip
    producer.close()
    print(f"written: {summaries:,} summaries of {size / summaries:,.0f} bytes", flush=True)


def arrive(settings: Settings, first: int, rate: int, seconds: int) -> None:
    """Send summaries as they would arrive, so many a second."""
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    begin = time.monotonic()
    for place in range(rate * seconds):
        while (ahead := begin + place / rate - time.monotonic()) > 0:
            time.sleep(ahead)
        number = first + place
        producer.send(settings.output_topic, key=b"d%d" % number, value=summary_of(number, time.time()))
    producer.close()


def view(settings: Settings, summaries: int, more: int) -> None:
    """Open a view, and print a line for each thing that was measured."""
    before, started = resident("VmRSS"), time.monotonic()
    with LiveView(settings) as live:
        seen, kept = 0, min(KEPT, summaries)
        while len(live.feed) < kept:
            seen = live.wait_changed(seen, 1)
        live.feed.page(Filters())
        print(f"usable: {kept:,} rows in {time.monotonic() - started:.2f} s", flush=True)
        while live.overview().loading is not None:
            seen = live.wait_changed(seen, 1)
        seconds = time.monotonic() - started
        times = written_times(live, summaries)
        check(live, times, 0)
        print(
            f"complete: the numbers of the hour in {seconds:.1f} s ({time.process_time():.1f} s of processor time), "
            f"{resident('VmHWM') - before:.0f} MB at most",
            flush=True,
        )
        follow(live, times, more)
        print(
            f"memory: {resident('VmRSS') - before:.0f} MB now, {resident('VmHWM') - before:.0f} MB at most", flush=True
        )


def follow(live: LiveView, times: Sequence[float], more: int) -> None:
    """Follow what arrives as two viewers do, one of them with a filter, and open a page now and then."""
    lags: list[float] = []
    pages: list[float] = []
    filters, done = Filters(text="roof bell", metadata=(("author", "author-7"),)), threading.Event()

    def open_pages() -> None:
        while not done.wait(0.2):
            began = time.perf_counter()
            live.feed.page(filters)
            live.overview()
            pages.append(time.perf_counter() - began)

    cursor, seen = live.feed.page(Filters()).cursor, 0
    other = threading.Thread(target=open_pages)
    other.start()
    before = 0.0
    while len(lags) < more:
        seen = live.wait_changed(seen, 5)
        now = time.time()
        changes = live.feed.since(cursor, Filters())
        before = before or time.process_time()
        lags += [now - row.arrived / 1000 for row in changes.rows]
        cursor = changes.cursor
    processor = time.process_time() - before
    done.set()
    other.join()
    check(live, times, more)
    print(
        f"following: {more:,} rows, {in_ms(lags, 0.5)} after the record (p95 {in_ms(lags, 0.95)}, at most "
        f"{in_ms(lags, 1)}), {processor:.1f} s of processor time; a filtered page and an overview {in_ms(pages, 0.5)} "
        f"(p95 {in_ms(pages, 0.95)})",
        flush=True,
    )


def written_times(live: LiveView, summaries: int) -> list[float]:
    """Return the times of all summaries that were written before the view, from that of the newest one."""
    [newest] = live.feed.page(Filters(), limit=1).rows
    apart = SPREAD_SECONDS / summaries
    return [newest.arrived / 1000 - n * apart for n in range(summaries)]


def check(live: LiveView, times: Sequence[float], more: int) -> None:
    """Compare the numbers of the hour with what was written: summaries of these times, and so many more since."""
    overview = live.overview()
    written = sum(time >= overview.hour.start for time in times) + more
    counted = sum(overview.hour.documents)
    # The time of a record has milliseconds, so one of them may be on the other side of the hour's beginning.
    if abs(counted - written) > 1 or sum(overview.statuses.values()) != counted:
        raise SystemExit(f"{counted} summaries of the last hour were counted, and {written} were written")


def in_ms(seconds: Sequence[float], share: float) -> str:
    """Return a percentile in milliseconds."""
    return f"{1000 * sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))]:.0f} ms"


def resident(name: str) -> float:
    """Return this process's memory in MB: VmRSS now, VmHWM at most."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / 1000


if __name__ == "__main__":
    raise SystemExit(run_command(main))
