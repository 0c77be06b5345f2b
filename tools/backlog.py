"""How fast a query works off a backlog: from the store and beside it, and from many partitions beside few.

    make backlog

Two tables, with the sample model, Kafka and Spark of this machine. The first has short documents that are generated,
and the same topic again, by another query, with the store that the first one filled. The second has the time from the
start of a query to its first summary, for topics of a few partitions and of many, in turn. Spark and the engine have
worked before. The machine should do nothing else. `gistream bench --systems pipeline --words 40 --pipeline-documents
1500` holds the query against the engine alone.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pyspark.sql import SparkSession

from benchmarks.texts import NamedText, windows
from consumers.tail import Tail
from producers.publisher import publish
from producers.records import ProducerRecord
from producers.samples import sample_folder
from streaming.engine import open_model
from streaming.errors import run_command
from streaming.kafka.broker import EmbeddedBroker
from streaming.messages import Document, Summary
from streaming.planning.layout import plan_layout
from streaming.settings import Settings, load
from streaming.spark.engine_start import start_engine
from streaming.spark.heartbeats import heartbeats_of
from streaming.spark.jvm.session import spark_log, spark_session
from streaming.spark.prepare import Plan, prepare
from streaming.spark.query import hold_checkpoint, summarize_and_archive
from streaming.spark.watch import Batch, StopRequest

WORDS = 40
PARTITIONS = (4, 50)


@dataclass(frozen=True)
class Drain:
    """A query over what was there: seconds from its start to its end and to its first summary; its micro-batches."""

    seconds: float
    first: float
    batches: Sequence[Batch]


class Machine:
    """Broker, Spark and engine, which all queries share; each query has names of its own."""

    def __init__(self, settings: Settings, spark: SparkSession) -> None:
        self._settings, self._spark = settings, spark
        self._model = open_model(settings.model)
        self._count = 0

    def topic(self, texts: Sequence[NamedText], *, partitions: int) -> str:
        """Create a topic of documents and return its name."""
        self._count += 1
        settings = self._settings.model_copy(update={"input_topic": f"documents-{self._count}"})
        plan = self._plan(settings.input_topic, partitions=partitions)
        publish(plan.settings, map(to_record, texts), lambda: None)
        return settings.input_topic

    def drain(self, topic: str, *, store: str, partitions: int = PARTITIONS[0]) -> Drain:
        """Run a new query over a topic, as `gistream run --once` does."""
        plan = self._plan(topic, partitions=partitions, store=store)
        start_engine(self._spark, plan.task_plan.work.engine, lambda _: None, log=spark_log(plan.settings))
        batches: list[Batch] = []
        arrival = FirstArrival(plan.settings)
        arrival.start()
        start = time.monotonic()
        stop = StopRequest()
        with (
            hold_checkpoint(plan) as checkpoint_id,
            heartbeats_of(plan, checkpoint_id, stop=stop) as beats,
        ):
            summarize_and_archive(
                self._spark, plan, checkpoint_id, None, beats, once=True, stop=stop, on_batch=batches.append
            )
        seconds = time.monotonic() - start
        arrival.join()
        return Drain(seconds, arrival.at - start, batches)

    def _plan(self, topic: str, *, partitions: int, store: str = "off") -> Plan:
        self._count += 1
        names = {name: f"{name}-{self._count}" for name in ("output_topic", "dead_letter_topic", "query")}
        changes = {"input_topic": topic, "partitions": partitions, "store": store}
        return prepare(self._settings.model_copy(update=names | changes), self._model)


class FirstArrival(threading.Thread):
    """Waits for the first summary on an output topic; `at` is its time, in seconds of the monotonic clock."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(daemon=True)
        self._tail = Tail(settings)
        self._tail.seek("earliest")
        self.at = 0.0

    def run(self) -> None:
        """Wait for it."""
        with closing(self._tail):
            next(message for message in self._tail.read() if isinstance(message, Summary))
        self.at = time.monotonic()


@contextmanager
def open_machine(folder: Path) -> Iterator[Machine]:
    """Start broker, Spark and engine in a folder, and work off a few documents, so that all of them are warm."""
    broker = EmbeddedBroker(load({"data_dir": folder}))
    try:
        settings = load({"data_dir": folder, "bootstrap_servers": broker.start().bootstrap_servers})
        with spark_session(settings, plan_layout(settings)) as spark:
            machine = Machine(settings, spark)
            texts = windows(sample_folder(), words=2 * WORDS, count=4)
            machine.drain(machine.topic(texts, partitions=1), store="off")
            yield machine
    finally:
        broker.stop()


def to_record(text: NamedText) -> ProducerRecord:
    """Return a text as a producer sends it."""
    value = Document(id=text.name, text=text.text).model_dump_json(exclude_defaults=True).encode()
    return ProducerRecord(text.name, text.name.encode(), value)


def show_store(machine: Machine, texts: Sequence[NamedText], store: str) -> None:
    """Print how fast the same topic is worked off with an empty store and with a full one."""
    topic = machine.topic(texts, partitions=PARTITIONS[0])
    print(f"{len(texts)} documents of {WORDS} words, {PARTITIONS[0]} partitions")
    for name in ("generated", "stored", "stored"):
        drain = machine.drain(topic, store=store)
        records = sum(batch.records for batch in drain.batches)
        reused = sum(batch.reused for batch in drain.batches)
        sizes = " ".join(str(batch.records) for batch in drain.batches)
        print(
            f"  {name:<10} {records / drain.seconds:7.1f} a second through the whole query, {drain.seconds:.1f} s, "
            f"{reused} of {records} from the store; micro-batches of {sizes}",
            flush=True,
        )


def show_partitions(machine: Machine, texts: Sequence[NamedText], repeats: int) -> None:
    """Print the seconds to the first summary, for few partitions and for many."""
    print(f"the first summary of {len(texts)} documents of {WORDS} words, seconds from the query's start")
    seconds: dict[int, list[float]] = {partitions: [] for partitions in PARTITIONS}
    for _ in range(repeats):
        for partitions in PARTITIONS:
            topic = machine.topic(texts, partitions=partitions)
            seconds[partitions].append(machine.drain(topic, store="off", partitions=partitions).first)
    for partitions, values in seconds.items():
        single = ", ".join(f"{value:.1f}" for value in values)
        print(f"  {partitions:>3} partitions {median(values):5.1f} (of {single})", flush=True)


def main() -> None:
    """Print both tables; raises the service's errors."""
    parser = argparse.ArgumentParser(description="Measure how fast a query works off a backlog.")
    parser.add_argument("--documents", type=int, default=1500, help="documents of the first table")
    parser.add_argument("--repeats", type=int, default=3, help="queries for each number of partitions")
    arguments = parser.parse_args()
    texts = windows(sample_folder(), words=WORDS, count=arguments.documents)
    with tempfile.TemporaryDirectory(prefix="gistream-backlog-") as folder, open_machine(Path(folder)) as machine:
        show_partitions(machine, texts[: max(PARTITIONS)], arguments.repeats)
        show_store(machine, texts, str(Path(folder, "store")))


if __name__ == "__main__":
    run_command(main)
