"""The last copy of an archive is seen getting on, micro-batch by micro-batch."""

from __future__ import annotations

from typing import Any, cast

from pyspark.sql.streaming.query import StreamingQuery

from streaming.spark.watch import StopRequest, finish


class FakeQuery:
    """A query that ends by itself; `looks` are its last progress at each look."""

    def __init__(self, *looks: int | None) -> None:
        self._looks = list(looks)
        self.stopped = False

    def awaitTermination(self, _seconds: float) -> bool:  # noqa: N802 - Spark's name
        return self.stopped or not self._looks

    @property
    def lastProgress(self) -> dict[str, Any] | None:  # noqa: N802 - Spark's name
        number = self._looks.pop(0)
        return None if number is None else {"batchId": number}

    def stop(self) -> None:
        self.stopped = True


def test_each_micro_batch_is_progress_and_each_counts_once() -> None:
    progress: list[int] = []
    query = FakeQuery(None, 3, 3, 4, 4, 5)
    finish(cast("StreamingQuery", query), stop=StopRequest(), on_progress=lambda: progress.append(1))
    assert len(progress) == 3


def test_only_a_second_stop_ends_the_copy() -> None:
    query, stop = FakeQuery(0, 0, 0), StopRequest()
    stop.request()
    finish(cast("StreamingQuery", query), stop=stop, on_progress=lambda: None)
    assert not query.stopped
    query = FakeQuery(*range(9))
    stop.request()
    finish(cast("StreamingQuery", query), stop=stop, on_progress=lambda: None)
    assert query.stopped
