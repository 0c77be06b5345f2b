"""Who opens a record waits for an answer as long as one person would, however many ask."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from consumers.live import lookup
from streaming.errors import BrokerAway
from streaming.settings import Settings


def test_who_waits_behind_a_question_without_an_answer_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, end = threading.Event(), threading.Event()

    def silent(*_: Any, **__: Any) -> Any:
        asked.set()
        end.wait(5)
        raise BrokerAway("Kafka does not answer.")

    monkeypatch.setattr(lookup, "connect_consumer", silent)
    monkeypatch.setattr(lookup, "_ANSWER_SECONDS", 0.05)
    records = lookup.Lookup(Settings(bootstrap_servers="kafka.example.org:9092"))

    def first() -> None:
        with pytest.raises(BrokerAway):
            records.record("summaries", 0, 0)

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert asked.wait(10)
        with pytest.raises(BrokerAway):
            records.record("summaries", 0, 1)
        # The first one still waits.
        assert thread.is_alive()
    finally:
        end.set()
        thread.join()
