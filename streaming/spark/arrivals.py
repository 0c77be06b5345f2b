"""Results as they reach the output topics of a query that runs here, for a sender that waits for them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import NoReturn

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from consumers.tail import Tail
from streaming.errors import QueryError
from streaming.messages import DeadLetter, Summary
from streaming.spark.explain import explain
from streaming.spark.pace import pace_of
from streaming.spark.prepare import Plan
from streaming.spark.query import hold_checkpoint, running
from streaming.wording import counted

# From the last result to the commit of its micro-batch.
_COMMIT_SECONDS = 60


def summarize_backlog(spark: SparkSession, plan: Plan) -> Generator[Summary | DeadLetter, None, None]:
    """Run the query over the records that are in the input topics now, and yield each result as it arrives.

    Ends when the last micro-batch is committed. Raises the error that ends the query, and `QueryError` without a
    commit.
    """
    expected = sum(topic.offsets for topic in plan.inputs)
    with (
        hold_checkpoint(plan) as checkpoint_id,
        running(spark, plan, pace_of(plan), checkpoint_id=checkpoint_id, once=True) as query,
    ):
        yield from arrivals(plan, expected, query)
        if not query.awaitTermination(_COMMIT_SECONDS):
            raise QueryError("All results are there, but Spark did not commit them; see logs/spark.log.")


def arrivals(plan: Plan, expected: int, query: StreamingQuery) -> Iterator[Summary | DeadLetter]:
    """Yield results from the beginning of the output topics on, until there are `expected`.

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
