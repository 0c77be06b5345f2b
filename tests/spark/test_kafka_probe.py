"""The probe beside a running query hears at once when Kafka is lost, and when it is there again."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.probe import KafkaProbe
from streaming.settings import load

# The probe asks every two seconds, and waits three for an answer.
LOST, BACK = 5.0, 2.5


def silent(probe: KafkaProbe, *, lost: bool) -> bool:
    """Wait until Kafka is lost to the probe, or there again."""
    waits = iter(range(600))
    pause = threading.Event()
    while (probe.silence() > LOST) != lost or (not lost and probe.silence() > BACK):
        if next(waits, None) is None:
            return False
        pause.wait(0.1)
    return True


def test_a_broker_that_hangs_or_is_killed_is_silent_until_it_answers_again(tmp_path: Path) -> None:
    settings = load({"data_dir": tmp_path})
    broker = EmbeddedBroker(settings)
    pid = broker.start().pid
    assert pid is not None
    try:
        with KafkaProbe(load({"data_dir": tmp_path})) as probe:
            assert silent(probe, lost=False)
            os.kill(pid, signal.SIGSTOP)
            assert silent(probe, lost=True)
            os.kill(pid, signal.SIGCONT)
            assert silent(probe, lost=False)
            os.kill(pid, signal.SIGKILL)
            assert silent(probe, lost=True)
            broker.start()
            assert silent(probe, lost=False)
    finally:
        broker.stop()
