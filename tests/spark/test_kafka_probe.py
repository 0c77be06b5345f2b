"""The probe beside a running query hears at once when Kafka is lost, and when it is there again."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from streaming.kafka import probe
from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.probe import KafkaProbe
from streaming.settings import load

# How often the probe asks here, in seconds; then silence of so many seconds is a loss, and of so many none.
PERIOD, LOST, BACK = 0.4, 2.0, 1.0


def silent(asking: KafkaProbe, *, lost: bool) -> bool:
    """Wait until Kafka is lost to a probe, or there again."""
    waits = iter(range(600))
    pause = threading.Event()
    while (asking.silence() > LOST) != lost or (not lost and asking.silence() > BACK):
        if next(waits, None) is None:
            return False
        pause.wait(0.1)
    return True


def test_a_broker_that_hangs_or_is_killed_is_silent_until_it_answers_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_PERIOD_SECONDS", PERIOD)
    settings = load({"data_dir": tmp_path})
    broker = EmbeddedBroker(settings)
    pid = broker.start().pid
    assert pid is not None
    try:
        with KafkaProbe(load({"data_dir": tmp_path})) as asking:
            assert silent(asking, lost=False)
            os.kill(pid, signal.SIGSTOP)
            assert silent(asking, lost=True)
            os.kill(pid, signal.SIGCONT)
            assert silent(asking, lost=False)
            os.kill(pid, signal.SIGKILL)
            assert silent(asking, lost=True)
            broker.start()
            assert silent(asking, lost=False)
    finally:
        broker.stop()
