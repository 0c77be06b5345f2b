"""An interrupted benchmark is resumed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.contract import Knobs, Run
from benchmarks.figures import Case
from benchmarks.measurements import Measurement, open_measurements
from streaming.terminal.journal import Journal

LANES = Case("lanes", "lanes", "BF16")
KNOBS: Knobs = {"slots": 18, "flash_attention": True}


def measurement(seconds: float) -> Measurement:
    return Run(32, seconds, 24_000, 3_000), 500_000_000


def never() -> Measurement:
    raise AssertionError("It was measured already.")


def interrupted(journal: Journal, *seconds: float) -> None:
    """Measure the same settings so many times, and be interrupted."""
    outcomes = iter([*map(measurement, seconds), KeyboardInterrupt()])

    def measure() -> Measurement:
        if isinstance(outcome := next(outcomes), KeyboardInterrupt):
            raise outcome
        return outcome

    def run() -> None:
        with open_measurements(journal) as measurements:
            while True:
                measurements.get(LANES, KNOBS, 32, measure)

    with pytest.raises(KeyboardInterrupt):
        run()


def test_what_was_measured_before_an_interruption_is_not_measured_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "request")
    interrupted(journal, 40.0, 44.0)
    with open_measurements(journal) as measurements:
        assert (measurements.resumed, measurements.interruptions) == (2, 1)
        assert measurements.get(LANES, KNOBS, 32, never) == measurement(40.0)
        assert measurements.get(LANES, KNOBS, 32, never) == measurement(44.0)
        assert measurements.get(LANES, KNOBS, 32, lambda: measurement(48.0)) == measurement(48.0)


def test_other_settings_and_other_documents_are_measured(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "request")
    interrupted(journal, 40.0)
    with open_measurements(journal) as measurements:
        assert measurements.get(LANES, KNOBS, 16, lambda: measurement(20.0)) == measurement(20.0)
        assert measurements.get(LANES, {"slots": 9}, 32, lambda: measurement(50.0)) == measurement(50.0)
        busy = Case("lanes_busy", "lanes", "BF16", busy=True)
        assert measurements.get(busy, KNOBS, 32, lambda: measurement(60.0)) == measurement(60.0)


def test_a_run_interrupted_twice_has_the_measurements_of_both(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "request")
    interrupted(journal, 40.0)
    interrupted(journal, 44.0)
    with open_measurements(journal) as measurements:
        assert (measurements.resumed, measurements.interruptions) == (2, 2)
        assert [measurements.get(LANES, KNOBS, 32, never)[0].seconds for _ in range(2)] == [40.0, 44.0]


def test_a_complete_run_begins_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "request")
    with open_measurements(journal) as measurements:
        measurements.get(LANES, KNOBS, 32, lambda: measurement(40.0))
    with open_measurements(journal) as measurements:
        assert (measurements.resumed, measurements.interruptions) == (0, 0)
