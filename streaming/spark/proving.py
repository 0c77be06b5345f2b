"""Proves a way of reading records: a query stops when hardly a record of its first micro-batch can be read.

A misspelt `--field` makes a dead letter of every record, and the query would go on to the end of the topic. So
`format`, `field` and the others count as unproven until a micro-batch that was read with them is committed. A file
beside the checkpoint holds those that were.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from pyspark import TaskContext

from streaming.pipeline.decode import RecordFormat
from streaming.spark.checkpoint.checkpoint import write_beside
from streaming.spark.checkpoint.spark_logs import last_committed

_FILE = "gistream-reading.json"
# The name under which Spark tells a task the number of its micro-batch (MicroBatchExecution.BATCH_ID_KEY).
_BATCH_ID = "streaming.sql.batchId"


def unproven_batch(location: str, record_format: RecordFormat) -> int | None:
    """Return the number of the micro-batch that is the first to be read in this way; None when there was one before.

    A query of a version that wrote no such file is taken to be proven.
    """
    last, file = last_committed(location), Path(location) / _FILE
    if last is not None and (not file.exists() or json.loads(file.read_text()) == record_format.content):
        return None
    return 0 if last is None else last + 1


def prove(location: str, record_format: RecordFormat) -> None:
    """Note that a micro-batch that was read in this way is committed; raises `CheckpointError`."""
    write_beside(location, _FILE, record_format.content)


def in_batch(number: int | None) -> Callable[[], bool]:
    """Return a function that tells a task whether it belongs to micro-batch `number`."""

    def is_in_batch() -> bool:
        context = TaskContext.get()
        return number is not None and context is not None and context.getLocalProperty(_BATCH_ID) == str(number)

    return is_in_batch
