"""A watch that is killed (-9) and started again, while files are dropped into its folder."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from installation import command, command_environment, read_topic
from kafka import KafkaConsumer, TopicPartition

from streaming.settings import Settings

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."


def drop_while_killed(settings: Settings, folder: Path, *, files: int, kills: int, rate: float, log: Path) -> None:
    """Drop files while a watch sends `rate` a second, and kill it while a batch is on its way, `kills` times.

    The last watch ends when the topic has as many records as there are files, and by a stop.
    """
    dropping = threading.Thread(target=_drop, args=(folder, files, files / rate))
    dropping.start()
    with _ends(settings) as ends:
        for number in range(1, kills + 2):
            with log.open("ab") as lines:
                watch = subprocess.Popen(
                    command(
                        "produce", "watch", str(folder), "--input-topic", settings.input_topic, "--settle", "0.2",
                        "--rate", str(rate),
                    ),
                    env=command_environment(settings.data_dir), stderr=lines,
                )  # fmt: skip
            try:
                # A batch takes a second, so what is counted here is noted nowhere yet.
                # It says so when its handlers are there, and it has the lock.
                until(partial(_has_begun, log, number), 120, log.read_text)
                until(partial(_reaches, ends, files * number // (kills + 1), watch), 120, log.read_text)
                if number <= kills:
                    watch.kill()
                else:
                    watch.terminate()
                code = watch.wait(timeout=60)
                assert code == (-9 if number <= kills else 0), log.read_text()
            finally:
                watch.kill()
    dropping.join()


def each_once(settings: Settings) -> Counter[int]:
    """Return how many ids have how many records."""
    keys = Counter(record.key for record in read_topic(settings, settings.input_topic))
    return Counter(keys.values())


def _drop(folder: Path, files: int, seconds: float) -> None:
    for number in range(files):
        part = folder / f"{number}.part"
        part.write_text(f"{STORY} It was number {number}.")
        part.rename(folder / f"{number}.txt")
        threading.Event().wait(seconds / files / 2)


def _has_begun(log: Path, times: int) -> bool:
    return log.read_text().count("watching: ") == times


def _reaches(ends: Callable[[], int], number: int, watch: subprocess.Popen[bytes]) -> bool:
    assert watch.poll() is None, "the watch ended by itself"
    return ends() >= number


@contextmanager
def _ends(settings: Settings) -> Iterator[Callable[[], int]]:
    consumer = KafkaConsumer(bootstrap_servers=settings.servers, enable_auto_commit=False)
    partitions = [TopicPartition(settings.input_topic, n) for n in consumer.partitions_for_topic(settings.input_topic)]
    yield lambda: sum(consumer.end_offsets(partitions).values())
    consumer.close()


def until(holds: Callable[[], bool], seconds: float, said: Callable[[], str] = lambda: "") -> None:
    """Wait until `holds` returns true."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, said()
        threading.Event().wait(0.05)
