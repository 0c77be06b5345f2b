"""Results as they reach the output topics of a query that runs here, for a sender that waits for them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import NoReturn

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from consumers.tail import Tail
from streaming.errors import QueryError
from streaming.messages import DeadLetter, Summary
from streaming.spark.explain import explain
from streaming.spark.heartbeats import heartbeats_of
from streaming.spark.look import Looker
from streaming.spark.pace import pace_of
from streaming.spark.prepare import Plan
from streaming.spark.query import hold_checkpoint, running
from streaming.spark.watch import StopRequest, batches_after
from streaming.wording import counted

# From the last result to the commit of its micro-batch.
_COMMIT_SECONDS = 60


def summarize_backlog(spark: SparkSession, plan: Plan) -> Generator[Summary | DeadLetter, None, None]:
    """Run the query over the records that are in the input topics now, and yield each result as it arrives.

    The query sends heartbeats, as every other does. Ends when the last micro-batch is committed. Raises the error that
    ends the query, and `QueryError` without a commit.
    """
    expected = sum(topic.offsets for topic in plan.inputs)
    with (
        hold_checkpoint(plan) as checkpoint_id,
        heartbeats_of(plan, checkpoint_id, stop=StopRequest()) as beats,
        running(spark, plan, pace_of(plan), checkpoint_id=checkpoint_id, once=True) as query,
    ):
        # Whoever waits for the results sees when Kafka does not answer.
        looker = Looker(spark, query, to_kafka=True, silence=lambda: 0.0)
        yield from arrivals(plan, expected, query, on_poll=lambda: beats.on_look(looker.look(stopping=False)))
        if not query.awaitTermination(_COMMIT_SECONDS):
            raise QueryError("All results are there, but Spark did not commit them; see logs/spark.log.")
        for batch in batches_after(query, -1):
            beats.on_batch(batch)


def arrivals(
    plan: Plan, expected: int, query: StreamingQuery, *, on_poll: Callable[[], None] = lambda: None
) -> Iterator[Summary | DeadLetter]:
    """Yield results from the beginning of the output topics on, until there are `expected`.

    `on_poll` is called before each look for the next one, at least twice a second while nobody works on a result.

    Raises the error that ended the query, when it ended early.
    """
    reader = Tail(plan.settings, dead_letters=True)
    try:
        reader.seek("earliest")
        count, quiet = 0, False
        # One reader of both topics: a reader that waits at one topic would hold up the results of the other.
        messages = reader.read()
        while count < expected:
            # Once the query has ended, one more look sees everything.
            ended, quiet_before = not query.isActive, quiet
            on_poll()
            message = next(messages)
            quiet = message is None
            if isinstance(message, Summary | DeadLetter):
                count += 1
                yield message
            if ended and quiet and quiet_before:
                _raise_failure(query, plan, expected - count)
    finally:
        reader.close()


def _raise_failure(query: StreamingQuery, plan: Plan, missing: int) -> NoReturn:
    try:
        query.awaitTermination(1)
    except PySparkException as error:
        raise explain(error, plan.settings, plan.checkpoint) from error
    raise QueryError(f"The query ended without {counted(missing, 'result')}: a bug.")
