"""Sends a load on its schedule, whatever the system does: an open loop.

A load that waits for a slow system before it sends the next document measures a system that nobody uses (coordinated
omission). So arrivals are scheduled ahead, each record is stamped with its scheduled time, and latencies count from
there: of the acknowledgement here, of the summary in its `source.timestamp`. When the process or Kafka is too slow,
documents are sent late, and the report says by how much.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from producers.load.arrivals import Arrivals, schedule
from producers.load.documents import LoadDocuments, Mix
from producers.load.foreign_records import LOAD_HEADER
from producers.load.report import LoadReport
from producers.publisher import Publisher
from producers.records import ProducerRecord
from streaming.settings import Settings

# From this lag on a load is said to be behind: a schedule in seconds is kept.
BEHIND_SECONDS = 1.0
_LOOK_SECONDS = 10.0
# How long what is left of the schedule may be sent behind its end. A load that is further behind does not catch up.
_LONGEST_TAIL = 10.0
# A call of the publisher that takes longer has waited for Kafka.
_WAITED_SECONDS = 0.05


@dataclass(frozen=True)
class Load:
    """A load: documents a second, for so many seconds, and what they are."""

    rate: float
    duration: float
    arrivals: Arrivals
    mix: Mix


def run_load(
    settings: Settings,
    load: Load,
    report: LoadReport,
    *,
    stop: threading.Event,
    on_look: Callable[[], None],
    on_behind: Callable[[float], None],
) -> None:
    """Send a load until its end or a stop, wait for the acknowledgements, and note all of it in `report`.

    `on_look` is called every ten seconds, `on_behind` with the seconds when the load falls behind its schedule.
    Raises `BrokerError` and `TopicError`.
    """
    documents = LoadDocuments(load.mix, settings.max_document_bytes)
    clock = _Clock()

    # The client calls both from its own thread, one call at a time.
    def on_acknowledged(record: ProducerRecord) -> None:
        report.acknowledged += 1
        report.seconds = clock.seconds()
        report.latencies.add(report.seconds - clock.since_start(record.timestamp or 0))

    with Publisher(settings, on_acknowledged=on_acknowledged, on_refused=report.refusals.append) as publisher:
        publisher.find_topic()
        clock.start()
        next_look, was_behind = _LOOK_SECONDS, False
        for number, at in enumerate(schedule(load.arrivals, load.rate, load.duration, load.mix.seed)):
            if (early := at - clock.seconds()) > 0:
                stop.wait(early)
            if stop.is_set():
                report.interrupted = True
                break
            if clock.seconds() > load.duration + _LONGEST_TAIL:
                report.unsent += 1
                continue
            document = documents.document(number)
            record = ProducerRecord(
                f"load document {number}",
                document.key.encode(),
                document.value,
                timestamp=clock.milliseconds(at),
                headers=((LOAD_HEADER, document.kind.encode()),),
            )
            began = clock.seconds()
            publisher.send(record)
            now = clock.seconds()
            report.sent[document.kind] += 1
            report.behind = now - at
            report.most_behind = max(report.most_behind, report.behind)
            report.waited += now - began if now - began > _WAITED_SECONDS else 0.0
            is_behind = report.behind > BEHIND_SECONDS
            if is_behind and not was_behind:
                on_behind(report.behind)
            was_behind = is_behind
            if now >= next_look:
                next_look = now + _LOOK_SECONDS
                report.seconds = now
                on_look()
        ended = clock.seconds()
    report.seconds = max(report.seconds, ended if report.interrupted else load.duration)


class _Clock:
    """The time since the start of a load, which no change of the machine's clock moves."""

    def start(self) -> None:
        self._start, self._started_at = time.monotonic(), time.time()

    def seconds(self) -> float:
        return time.monotonic() - self._start

    def milliseconds(self, seconds: float) -> int:
        """Return a time since the start in milliseconds since 1970."""
        return int((self._started_at + seconds) * 1000)

    def since_start(self, milliseconds: int) -> float:
        return milliseconds / 1000 - self._started_at
