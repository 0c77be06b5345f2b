"""A run says that Kafka does not answer, also while the model works and Spark asks nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streaming.spark.look import Look, Looker

WORKING = {"message": "Processing new data", "isTriggerActive": True, "isDataAvailable": True}
IDLE = {"message": "Waiting for data to arrive", "isTriggerActive": False, "isDataAvailable": False}


@pytest.fixture(autouse=True)
def _three_of_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Looker, "_count", lambda _looker: (3, 9))


def look(status: dict[str, Any], silence: float) -> Look:
    query: Any = SimpleNamespace(status=status)
    spark: Any = None
    return Looker(spark, query, to_kafka=True, silence=lambda: silence).look(stopping=False)


@pytest.mark.parametrize("status", [WORKING, IDLE])
def test_kafka_that_does_not_answer_is_said_within_seconds(status: dict[str, Any]) -> None:
    now = look(status, 12.0)
    assert now.doing == "waiting for Kafka"
    assert now.seconds == pytest.approx(12.0, abs=1.0)
    assert (now.done, now.total) == ((3, 9) if status is WORKING else (0, 0))


def test_a_short_silence_is_none() -> None:
    assert look(WORKING, 2.0).doing == "working"
    assert look(IDLE, 2.0).doing == "idle"
