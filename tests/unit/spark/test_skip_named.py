"""The sentence of a run that gives a micro-batch up names the command that skips it, where there is one to skip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streaming.errors import ProcessLost, QueryError
from streaming.settings import Settings
from streaming.spark.checkpoint.positions import commit_planned, name_planned
from streaming.spark.checkpoint.spark_logs import last_committed
from streaming.spark.supervision import Supervisor
from streaming.spark.watch import StopRequest


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    """A checkpoint that has committed micro-batch 6 and planned 7."""
    for number, end in ((6, 12), (7, 20)):
        (tmp_path / "offsets").mkdir(exist_ok=True)
        (tmp_path / "offsets" / str(number)).write_text(f"v1\n{{}}\n{json.dumps({'documents': {'0': end}})}")
    (tmp_path / "commits").mkdir()
    (tmp_path / "commits" / "6").write_text('v1\n{"nextBatchWatermarkMs":0}')
    return tmp_path


def given_up(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    stop = StopRequest()
    monkeypatch.setattr(stop, "wait", lambda _seconds: None)
    settings = Settings(checkpoint=str(checkpoint), bootstrap_servers="kafka:9092", give_up_after=600)
    supervisor = Supervisor(settings, stop=stop, on_restart=lambda _restart: None)
    with pytest.raises(QueryError) as error:  # noqa: PT012 - the third failure is the one that ends it
        for _ in range(3):
            supervisor.recover(ProcessLost("The Python worker died."))
    return str(error.value)


def test_the_command_is_named_with_the_number_of_the_planned_batch(
    planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = given_up(planned, monkeypatch)
    assert "It has documents-0 offsets 12 to 19." in sentence
    assert "`gistream skip 7`, with the flags of this query" in sentence
    commit_planned(str(planned), 7)
    assert (last_committed(str(planned)), name_planned(str(planned))) == (7, "")
    assert (planned / "commits" / "7").read_text() == (planned / "commits" / "6").read_text()
    # What failed now is no micro-batch of the query itself.
    assert "gistream skip" not in given_up(planned, monkeypatch)
