"""What Spark counts in the results of a micro-batch, on the way to the sink: nothing of a result passes the driver.

The counts are columns of one row, so each thing that is counted must be known before: the statuses, the reasons of dead
letters, the bounds of the histogram. What is counted as a list is one column, so that Spark's report of a micro-batch,
which is read several times a second, stays small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column
from pyspark.sql.functions import array, col, count, lit, mode, when
from pyspark.sql.functions import sum as total

from streaming.messages import STATUSES
from streaming.pipeline.reasons import REASONS

# The columns of the results that are there to be counted (`pipeline.task.OUTPUT_SCHEMA`).
COUNTED = ("reason", "failure", "deletable", "reused", "status", "prompt_tokens", "completion_tokens", "seconds")
# Upper bounds of the histogram of seconds a document: a short text with a small model takes one, a book minutes.
SECONDS_BOUNDS = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)


@dataclass(frozen=True)
class Tally:
    """Counts of results: of a micro-batch, or of several that were added.

    `statuses` are summaries by `STATUSES`, also those from the store, and `failures` dead letters by `REASONS`.
    `seconds_within` are the summaries made in at most as many seconds as each of `SECONDS_BOUNDS`, and any; those from
    the store are left out, as they are in `seconds`, the sum.
    """

    statuses: tuple[int, ...] = (0,) * len(STATUSES)
    failures: tuple[int, ...] = (0,) * len(REASONS)
    deletions: int = 0
    reused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    seconds_within: tuple[int, ...] = (0,) * (len(SECONDS_BOUNDS) + 1)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            statuses=_added(self.statuses, other.statuses),
            failures=_added(self.failures, other.failures),
            deletions=self.deletions + other.deletions,
            reused=self.reused + other.reused,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            seconds=self.seconds + other.seconds,
            seconds_within=_added(self.seconds_within, other.seconds_within),
        )


def _added(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(sum, zip(left, right, strict=True)))


def counts(dead_letter_topic: str) -> list[Column]:
    """Return what is counted in the results of a micro-batch, for `read_tally` and `watch.read_counts`."""
    is_dead_letter = col("topic") == dead_letter_topic
    was_made = col("status").isNotNull() & ~col("reused")
    return [
        count("topic").alias("results"),
        count(when(is_dead_letter, 1)).alias("dead_letters"),
        mode("reason").alias("reason"),
        count(when(~is_dead_letter & col("value").isNull(), 1)).alias("deletions"),
        count(when(~col("deletable"), 1)).alias("undeletable"),
        count(when(col("reused"), 1)).alias("reused"),
        _list("statuses", [col("status") == status for status in STATUSES]),
        _list("failures", [col("failure") == number for number in range(len(REASONS))]),
        total("prompt_tokens").alias("prompt_tokens"),
        total("completion_tokens").alias("completion_tokens"),
        total(when(was_made, col("seconds"))).alias("seconds"),
        _list("seconds_within", [was_made & (col("seconds") <= lit(bound)) for bound in SECONDS_BOUNDS] + [was_made]),
    ]


def read_tally(counted: Any) -> Tally:
    """Return the counts of one row of `counts`; None stands for the row when no task counted."""
    if not counted:
        return Tally()
    # A sum of nothing is null.
    return Tally(
        statuses=tuple(counted["statuses"]),
        failures=tuple(counted["failures"]),
        deletions=counted["deletions"],
        reused=counted["reused"],
        prompt_tokens=counted["prompt_tokens"] or 0,
        completion_tokens=counted["completion_tokens"] or 0,
        seconds=counted["seconds"] or 0.0,
        seconds_within=tuple(counted["seconds_within"]),
    )


def _list(name: str, conditions: Sequence[Column]) -> Column:
    return array(*(count(when(condition, 1)) for condition in conditions)).alias(name)
