"""A redrive that ends early, for whatever reason, has sent nothing twice."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import ExitStack

import pytest
from installation import Send, document, read_topic
from pyspark.sql import SparkSession
from redriving import letters, mended, send_back, states, summaries
from spark_queries import MakePlan, drain

from streaming.errors import BrokerError
from streaming.kafka.redriving import open_redriver
from streaming.messages import DeadLetter
from streaming.operations.redrive import redrive as operation
from streaming.operations.redrive.places import LetterTopic
from streaming.operations.redrive.redrive import redrive
from streaming.operations.redrive.survey import Selection, survey
from streaming.settings import Settings


def send_in_another(settings: Settings, letter: DeadLetter) -> None:
    with open_redriver(settings, letter.source.topic) as redriver:
        assert redriver.send([letter]) == []


def test_a_redrive_that_breaks_off_is_resumed_without_sending_anything_twice(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = plan(max_failed_share=1.0)
    send(*[(f"d{n}".encode(), document("It must fail.")) for n in range(20)])
    drain(spark, ready)
    monkeypatch.setattr(operation, "_MOST_LETTERS", 4)
    where, commits = LetterTopic(settings), []

    def crash(number: int) -> None:
        commits.append(number)
        if len(commits) == 3:
            raise RuntimeError("Killed.")

    read = survey(settings, where, lambda: None)
    waiting = read.select(Selection(), ["waiting"])
    with pytest.raises(RuntimeError, match="Killed"):
        redrive(settings, where, read, waiting, rate=None, stop=threading.Event(), on_sent=crash)
    assert Counter(states(settings).values()) == {"redriven": 12, "waiting": 8}
    assert send_back(settings).sent == 8
    drain(spark, mended(ready))
    assert Counter(summary.id for summary in summaries(settings)) == {f"d{n}": 1 for n in range(20)}


def test_a_second_redrive_ends_the_first_and_nothing_of_its_last_transaction_is_read(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan()
    send((b"a", document("It must fail.")))
    drain(spark, ready)
    [letter] = letters(settings)
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(BrokerError, match=r"Another `gistream redrive` .* has started"))
        first = stack.enter_context(open_redriver(settings, settings.input_topic))
        send_in_another(settings, letter)
        first.send([letter])
    assert states(settings) == {"a": "redriven"}
    records = [record for record in read_topic(settings, settings.input_topic) if record.key == b"a"]
    assert len(records) == 2


def test_a_stop_ends_between_two_transactions_and_counts_what_was_sent(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    # All but one are unreadable, at which a new query would stop.
    ready = plan(skip_unreadable=True)
    send(*[(f"d{n}".encode(), b"{") for n in range(5)], (b"ok", document("A text.")))
    drain(spark, ready)
    where, stop = LetterTopic(settings), threading.Event()
    read = survey(settings, where, lambda: None)
    waiting = read.select(Selection(), ["waiting"])
    outcome = redrive(settings, where, read, waiting, rate=1000, stop=stop, on_sent=lambda _: stop.set())
    assert (outcome.sent, Counter(states(settings).values())) == (5, {"redriven": 5})
    outcome = redrive(settings, where, read, waiting, rate=2, stop=stop, on_sent=lambda _: None)
    assert outcome.sent == 0
