"""What has a newer version is never sent back, also when that comes in the middle of a redrive."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from installation import Send, document
from pyspark.sql import SparkSession
from redriving import look, mended, send_back, summaries
from spark_queries import MakePlan, drain

from streaming.operations.redrive import redrive as operation
from streaming.operations.redrive.places import LetterTopic
from streaming.operations.redrive.redrive import redrive
from streaming.operations.redrive.survey import Selection, survey
from streaming.settings import Settings


def test_what_has_a_newer_version_or_was_deleted_is_never_sent_back(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan(partitions=1)
    send(
        (b"rewritten", document("It must fail.")),
        (b"deleted", document("It must fail.")),
        (b"failed-twice", document("It must fail.")),
        (b"failed-twice", document("It must fail, newer.")),
        (b"tenant", document("It must fail.", id="one")),
        (b"tenant", document("Another document.", id="two")),
        (b"produced-again", document("It must fail.")),
    )
    drain(spark, ready)
    send((b"rewritten", document("A newer text.")), (b"deleted", None))
    drain(spark, ready)
    # Not summarized yet.
    send((b"produced-again", document("A newer text.")))
    assert Counter((d.name, d.state) for d in look(settings)) == {
        ("rewritten", "superseded"): 1, ("deleted", "superseded"): 1, ("one", "waiting"): 1,
        ("failed-twice", "superseded"): 1, ("failed-twice", "waiting"): 1, ("produced-again", "superseded"): 1,
    }  # fmt: skip
    assert send_back(settings).sent == 2
    drain(spark, mended(ready))
    last = {summary.id: summary for summary in summaries(settings)}
    assert "newer" in last["failed-twice"].summary
    assert "newer" in last["rewritten"].summary


def test_a_version_that_comes_while_somebody_is_asked_is_seen_before_the_first_is_sent(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan(partitions=1)
    send((b"a", document("It must fail.")), (b"b", document("It must fail.")), (b"c", document("It must fail.")))
    drain(spark, ready)
    where = LetterTopic(settings)
    read = survey(settings, where, lambda: None)
    waiting = read.select(Selection(), ["waiting"])
    send((b"a", document("A newer text.")))
    other = survey(settings, where, lambda: None)
    stop = threading.Event()
    one = other.select(Selection(ids=("b",)), ["waiting"])
    redrive(settings, where, other, one, rate=None, stop=stop, on_sent=lambda _: None)
    outcome = redrive(settings, where, read, waiting, rate=None, stop=stop, on_sent=lambda _: None)
    assert (outcome.sent, sorted(d.name for d in outcome.changed)) == (1, ["a", "b"])


def test_a_version_that_comes_during_a_slow_redrive_is_seen(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = plan(partitions=1)
    names = (b"a", b"b", b"c")
    send(*[(name, document("It must fail.")) for name in names])
    drain(spark, ready)
    monkeypatch.setattr(operation, "_LOOK_SECONDS", 0)
    where = LetterTopic(settings)
    read = survey(settings, where, lambda: None)

    def produce(_: int) -> None:
        send(*[(name, document("A newer text.")) for name in names])

    waiting, stop = read.select(Selection(), ["waiting"]), threading.Event()
    outcome = redrive(settings, where, read, waiting, rate=1.5, stop=stop, on_sent=produce)
    assert (outcome.sent, len(outcome.changed)) == (1, 2)
