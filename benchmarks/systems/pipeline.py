"""The whole way of a document: the embedded Kafka, Spark on this machine, the engine in its process, Kafka again.

Knobs: slots, lanes, threads, ubatch of the engine; other settings have gistream's defaults. Documents of a run are on a
topic of their own before its query starts. The clock runs from the start of the first micro-batch, which Spark reports,
to the last summary read from the output topic: the start of Java, Spark and the query is not in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime

from benchmarks.contract import Document, Opening, Run
from producers.publisher import publish
from producers.records import ProducerRecord
from streaming.engine import open_model
from streaming.errors import EngineError, NotAcknowledged, QueryError
from streaming.kafka.broker import EmbeddedBroker
from streaming.messages import Document as Sent
from streaming.messages import Summary
from streaming.planning.layout import plan_layout
from streaming.settings import Settings
from streaming.spark.arrivals import arrivals
from streaming.spark.engine_start import start_engine
from streaming.spark.jvm.session import spark_log, spark_session
from streaming.spark.pace import limit_batches, pace_of
from streaming.spark.prepare import Plan, prepare
from streaming.spark.query import hold_checkpoint, running
from streaming.spark.watch import batches_after

# From the last result to the commit of its micro-batch.
_COMMIT_SECONDS = 60
# As often as `watch` looks at a query, so that the micro-batches grow as those of a service.
_LOOK_SECONDS = 0.2
_WARM = Document("warm", "The mill burned on Tuesday. Anna saw the smoke first and rang the bell.", (), ())


class Pipeline:
    """A broker, a Spark session and a warm engine; each run has topics and a query of its own."""

    def __init__(self, opening: Opening) -> None:
        self._model = open_model(str(opening.model))
        self._plans = 0
        self._stack = ExitStack()
        knobs = opening.knobs
        settings = Settings.model_validate(
            {
                "data_dir": opening.folder,
                "model": str(opening.model),
                # The file is in the representation that is measured.
                "representation": "given",
                # One executor needs one partition.
                "partitions": 1,
                "slots": knobs["slots"],
                "lanes": knobs["lanes"],
                "threads": knobs["threads"],
                "ubatch": knobs["ubatch"],
                "max_tokens": opening.max_tokens,
                "thinking_tokens": 0,
                # The other systems also take the model's first answer.
                "ladder": False,
                "faithfulness": "off",
            }
        )
        try:
            broker = EmbeddedBroker(settings)
            self._stack.callback(broker.stop)
            self._settings = settings.model_copy(update={"bootstrap_servers": broker.start().bootstrap_servers})
            self.spark = self._stack.enter_context(spark_session(self._settings, plan_layout(self._settings)))
            plan = self.plan()
            start_engine(self.spark, plan.task_plan.work.engine, lambda _: None, log=spark_log(self._settings))
            self._summarize([_WARM], plan, lambda: None)
        except BaseException:
            self.close()
            raise

    @property
    def process(self) -> int:
        """The worker's own process, from which all other processes descend."""
        return os.getpid()

    def run(self, documents: Sequence[Document], on_part: Callable[[], None]) -> Run:
        """Summarize documents that are all on the topic when the query starts."""
        return self._summarize(documents, self.plan(), on_part)

    def close(self) -> None:
        """End Spark, the engine with it, and the broker."""
        self._stack.close()

    def plan(self) -> Plan:
        """Return the plan of a query with topics of its own and the engine that this pipeline keeps warm."""
        self._plans += 1
        names = ("input_topic", "output_topic", "dead_letter_topic", "query")
        own = {name: f"{name}-{self._plans}" for name in names}
        # What a store holds is not computed, and only computing is measured.
        return prepare(self._settings.model_copy(update=own | {"store": "off"}), self._model)

    def _summarize(self, documents: Sequence[Document], plan: Plan, on_part: Callable[[], None]) -> Run:
        report = publish(plan.settings, map(to_record, documents), lambda: None)
        if report.acknowledged != len(documents):
            raise NotAcknowledged(f"Kafka took {report.acknowledged} of {len(documents)} documents.")
        tokens_in = tokens_out = 0
        pace = pace_of(plan)
        with (
            hold_checkpoint(plan) as checkpoint,
            running(self.spark, plan, pace, checkpoint_id=checkpoint, once=True) as query,
        ):
            last_look, last_batch = time.monotonic(), -1
            for result in arrivals(plan, len(documents), query):
                if time.monotonic() - last_look > _LOOK_SECONDS:
                    last_look = time.monotonic()
                    for batch in batches_after(query, last_batch):
                        last_batch = batch.number
                        if pace.on_batch(batch):
                            limit_batches(self.spark, query, pace.documents)
                if not isinstance(result, Summary):
                    raise EngineError(f"A document became a dead letter: {result.error.type}, {result.error.message}.")
                tokens_in += result.tokens.prompt
                tokens_out += result.tokens.completion
                on_part()
            ended = time.time()
            if not query.awaitTermination(_COMMIT_SECONDS):
                raise QueryError("All results are there, but Spark did not commit them.")
            batches = [progress for progress in query.recentProgress if progress["numInputRows"] > 0]
        began = datetime.fromisoformat(batches[0]["timestamp"].replace("Z", "+00:00")).timestamp()
        return Run(len(documents), ended - began, tokens_in, tokens_out, len(batches))


def to_record(document: Document) -> ProducerRecord:
    """Return a document as a producer sends it."""
    value = Sent(id=document.id, text=document.text).model_dump_json(exclude_defaults=True).encode()
    return ProducerRecord(document.id, document.id.encode(), value)
