"""deploy/gistream.service, as far as it can be tested without a systemd that runs."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from streaming.errors import (
    Abandoned,
    BrokerError,
    CheckpointError,
    GistreamError,
    MachineError,
    ModelError,
    QueryError,
    TopicError,
    UsageError,
)
from streaming.settings import Settings

UNIT = Path(__file__).parents[3] / "deploy" / "gistream.service"


@pytest.fixture(scope="module")
def unit() -> dict[str, list[str]]:
    values: dict[str, list[str]] = defaultdict(list)
    for line in UNIT.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            values[name].append(value)
    return values


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_finds_nothing_wrong_with_the_unit_file(tmp_path: Path) -> None:
    text = UNIT.read_text()
    [start] = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    here = tmp_path / UNIT.name
    # The program must exist where the file says.
    here.write_text(text.replace(shlex.split(start.partition("=")[2])[0], sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_starts_again_after_what_may_be_over_and_not_after_what_needs_a_person(
    unit: dict[str, list[str]],
) -> None:
    by_a_person = {kind.exit_code for kind in (UsageError, ModelError, TopicError, CheckpointError, QueryError)}
    by_itself = {kind.exit_code for kind in (GistreamError, BrokerError, MachineError)}
    [prevented] = unit["RestartPreventExitStatus"]
    assert unit["Restart"] == ["on-failure"]
    assert set(map(int, prevented.split())) == by_a_person
    assert not by_a_person & by_itself
    assert unit["SuccessExitStatus"] == [str(Abandoned.exit_code)]


def test_a_stop_reaches_gistream_alone_and_waits_longer_than_its_grace(unit: dict[str, list[str]]) -> None:
    grace = Settings.model_fields["grace"].default
    assert unit["KillMode"] == ["mixed"]
    # Spark's own stop may take 30 s (`stopTimeout`).
    assert int(unit["TimeoutStopSec"][0]) >= grace + 45


def test_the_service_starts_the_command_that_there_is(unit: dict[str, list[str]]) -> None:
    [start] = unit["ExecStart"]
    assert shlex.split(start)[1:] == ["run"]
    for assignment in unit["Environment"]:
        name = assignment.partition("=")[0]
        assert not name.startswith("GISTREAM_") or name.removeprefix("GISTREAM_").lower() in Settings.model_fields
