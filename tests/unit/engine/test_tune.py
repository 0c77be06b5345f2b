"""The procedure of a tuning, with invented figures instead of measurements."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from model_files import MODEL

from streaming.engine import ModelFile, Setup
from streaming.engine.model.memory import Shape
from streaming.engine.model.representation import prepared_path
from streaming.engine.tuning import measuring, tune
from streaming.engine.tuning.task import TuningTask
from streaming.engine.tuning.tuning_file import Skipped, Speed, Tuning
from streaming.errors import EngineError

# A model of 100 MB whose slots of 2048 tokens take 50 MB each.
SMALL = replace(
    MODEL, parameters=50_000_000, file_bytes=100_000_000, shape=Shape("full", 1000, 30, 576, 1536, 9, 3, 64, 64)
)
# Seconds of a prefill in one thread: BF16 is fastest, Q4_0 next.
PREFILLS = {"given": 4.0, "BF16": 1.0, "F16": 3.0, "Q8_0": 2.0, "Q6_K": 4.1, "Q4_K_M": 2.5, "Q4_0": 1.5}


@dataclass
class Machine:
    """A stand-in for the measuring programs: its requests and its answers."""

    prefills: dict[str, float] = field(default_factory=lambda: dict(PREFILLS))
    # Nats a token by which a representation predicts worse.
    losses: dict[str, float] = field(default_factory=lambda: {"BF16": -0.001, "Q4_0": 0.2})
    dies: set[str] = field(default_factory=set)
    # How many probes go well before one dies, whatever it measures.
    dies_after: int | None = None
    # What one round of measuring does to the figures of the next.
    drift: Callable[[str, int], float] = lambda _name, _number: 1.0
    # Seconds that a probe takes, and that all took so far.
    seconds: float = 0.0
    spent: float = 0.0
    probed: list[tuple[str, Setup]] = field(default_factory=list)
    scored: list[list[str]] = field(default_factory=list)

    def run(self, module: str, request: Mapping[str, Any], *, seconds: float) -> Iterator[dict[str, Any]]:
        if module == "probe":
            yield self._probe(request)
        else:
            yield from self._score([name_of(Path(path)) for path in request["paths"][1:]])

    def _probe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = name_of(Path(request["path"]))
        setup = Setup(request["slots"], request["lanes"], request["threads"], request["ubatch"])
        self.probed.append((name, setup))
        self.spent += self.seconds
        if name in self.dies or self.dies_after == len(self.probed) - 1:
            raise EngineError("measuring it ended with -9: no message")
        slots = setup.slots // setup.lanes
        prefill = self.prefills[name] * setup.lanes / setup.threads * self.drift(name, len(self.probed))
        lane = {"slots": slots, "prefill": prefill, "decode": 0.02 + 0.005 * slots}
        return {"lanes": [lane] * setup.lanes, "memory": 1}

    def _score(self, names: list[str]) -> Iterator[dict[str, Any]]:
        self.scored.append(names)
        if self.dies & {f"scoring {name}" for name in names}:
            raise EngineError("measuring it ended with -9: no message")
        for window in range(20):
            change = 0.0001 * (-1) ** window
            yield {
                "of": 20,
                "tokens": 450,
                "original": 450 * 3.0,
                "others": [
                    {"loss": 450 * (3.0 + self.losses.get(name, 0.1) + change), "divergence": 1.0, "same": 400}
                    for name in names
                ],
            }


def name_of(path: Path) -> str:
    return path.name.split("-")[1] if path.parent.name.startswith("tuning-") else "given"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()

    def prepare_representation(model: ModelFile, representation: str, folder: Path, *, seconds: float) -> ModelFile:
        assert 0 <= seconds <= 3600
        path = prepared_path(model, representation, folder)
        path.write_text(representation)
        path.with_suffix(".json").write_text(json.dumps({}))
        return replace(model, path=path, representation=representation)

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + machine.spent)
    monkeypatch.setattr(measuring, "time", clock)
    monkeypatch.setattr(measuring, "run_subprocess", lambda *args, **kwargs: machine.run(*args, **kwargs))
    monkeypatch.setattr(tune, "prepare_representation", prepare_representation)
    return machine


def tuned(folder: Path, **changes: Any) -> Tuning:
    task = TuningTask(
        model=SMALL, texts=["x"], cores=2, context=2048, prompt_tokens=800, completion_tokens=96, memory=8 << 30,
        folder=folder, budget=3600, native_deadline=300, document_deadline=3600,
    )  # fmt: skip
    *_, last = tune.tune(replace(task, **changes))
    assert isinstance(last, Tuning)
    assert not list(folder.glob("tuning-*"))
    return last


def reasons(tuning: Tuning) -> dict[str, str]:
    return {skipped.representation: skipped.reason for skipped in tuning.skipped}


def test_the_fastest_that_is_no_worse_is_chosen_and_its_file_alone_is_kept(machine: Machine, tmp_path: Path) -> None:
    tuning = tuned(tmp_path)
    assert tuning.chosen.representation == "BF16"
    assert [path.name for path in tmp_path.glob("*.gguf")] == [prepared_path(SMALL, "BF16", tmp_path).name]
    # What is not faster is not asked how good it is.
    assert machine.scored == [["BF16", "Q4_0", "Q8_0"]]
    assert tuning.chosen.gain > 2


def test_what_is_worse_is_passed_over_however_fast(machine: Machine, tmp_path: Path) -> None:
    machine.losses = {"BF16": 0.001, "Q8_0": 0.0}
    assert tuned(tmp_path).chosen.representation == "Q8_0"
    machine.losses = {}
    assert tuned(tmp_path).chosen.representation == "given"
    assert tuned(tmp_path, allow_loss=0.3).chosen.representation == "BF16"


def test_predictions_that_are_no_numbers_cost_that_representation(machine: Machine, tmp_path: Path) -> None:
    machine.losses = {"BF16": math.nan, "Q8_0": 0.0}
    tuning = tuned(tmp_path)
    assert (tuning.chosen.representation, reasons(tuning)["BF16"]) == ("Q8_0", "its predictions are no numbers")


@pytest.mark.parametrize("dies", ["BF16", "scoring BF16"])
def test_one_that_dies_while_it_is_measured_costs_nothing_else(machine: Machine, tmp_path: Path, dies: str) -> None:
    machine.dies = {dies}
    machine.losses = {"Q8_0": 0.0}
    tuning = tuned(tmp_path, quick=True)
    assert tuning.chosen.representation == "Q8_0"
    assert "ended with -9" in reasons(tuning)["BF16"]


def test_a_gain_that_was_chance_is_not_taken(machine: Machine, tmp_path: Path) -> None:
    # BF16 is slow whenever it is measured beside the given file.
    machine.drift = lambda name, number: 10.0 if name == "BF16" and number > 12 else 1.0
    tuning = tuned(tmp_path)
    assert (tuning.chosen.representation, tuning.chosen.gain) == ("given", 1.0)
    assert not list(tmp_path.glob("*.gguf"))


def test_a_representation_that_fits_with_fewer_slots_has_fewer(machine: Machine, tmp_path: Path) -> None:
    machine.prefills["given"] = 1.05
    tuning = tuned(tmp_path, memory=SMALL.file_bytes + 400_000_000, quick=True)
    slots = {speed.representation: speed.setup.slots for speed in tuning.speeds}
    assert 2 <= slots["BF16"] <= slots["given"] < 16
    assert all(speed.predicted <= SMALL.file_bytes + 400_000_000 for speed in tuning.speeds)


def test_a_large_model_on_many_cores_keeps_its_deadlines(machine: Machine, tmp_path: Path) -> None:
    # One thread would take an hour and a half for a prompt.
    machine.prefills = dict.fromkeys(PREFILLS, 5000.0)
    tuning = tuned(tmp_path, cores=32, memory=1 << 40, quick=True)
    chosen = tuning.chosen.setup
    speed = [speed for speed in tuning.speeds if speed.setup == chosen][-1]
    assert speed.prefill * 512 / 800 < 300 / 2
    assert 2 * chosen.slots / speed.documents_per_second < 3600 / 2
    assert chosen.threads == 32


@pytest.mark.parametrize("cores", [1, 2, 8, 64, 256])
def test_a_setup_is_one_that_the_settings_allow(machine: Machine, tmp_path: Path, cores: int) -> None:
    tuning = tuned(tmp_path, cores=cores, memory=1 << 40)
    assert all(
        1 <= speed.setup.lanes <= min(64, speed.setup.slots) and speed.setup.slots <= 256 for speed in tuning.speeds
    )


def test_no_setup_is_measured_twice_for_nothing_or_has_more_slots_than_are_good(
    machine: Machine, tmp_path: Path
) -> None:
    # Lanes of four slots each make the 64 of the first setup.
    tuning = tuned(tmp_path, cores=16, memory=1 << 40)
    assert max(speed.setup.slots for speed in tuning.speeds) == 64
    chosen = [setup for name, setup in machine.probed if name == "BF16"]
    # The last ones confirm the choice.
    assert chosen.count(tuning.chosen.setup) == 3


def test_a_setup_for_the_deadlines_that_does_not_end_costs_only_the_time(machine: Machine, tmp_path: Path) -> None:
    machine.prefills = dict.fromkeys(PREFILLS, 5000.0)
    machine.dies_after = 1
    tuning = tuned(tmp_path, cores=32, memory=1 << 40, quick=True)
    assert tuning.speeds[0].representation == "given"
    assert "measuring it ended" in reasons(tuning)["Q4_1"]


def test_what_a_killed_tuning_left_is_removed_and_what_runs_is_not(machine: Machine, tmp_path: Path) -> None:
    stale, running = tmp_path / f"tuning-{2**22 + 1}", tmp_path / "tuning-1"
    for folder in (stale, running):
        folder.mkdir()
        (folder / "model.gguf").write_text("")
    with pytest.raises(AssertionError):
        # The one that runs is still there.
        tuned(tmp_path)
    assert not stale.exists()
    assert (running / "model.gguf").exists()
    shutil.rmtree(running)


def test_without_time_the_file_as_given_is_measured_and_all_else_left_out(machine: Machine, tmp_path: Path) -> None:
    tuning = tuned(tmp_path, budget=0)
    assert [name for name, _ in machine.probed] == ["given"]
    assert set(reasons(tuning).values()) == {"the budget was used up"}
    assert isinstance(tuning.skipped[0], Skipped)
    assert isinstance(tuning.speeds[0], Speed)


def test_a_short_budget_measures_fewer_and_judges_the_fastest_of_them(machine: Machine, tmp_path: Path) -> None:
    # To judge BF16 takes 38 s. After three probes 56 s are left: too few for another one and for that.
    machine.seconds = 20.0
    tuning = tuned(tmp_path, budget=116, quick=True)
    assert [name for name, _ in machine.probed] == ["given", "F16", "BF16"]
    assert machine.scored == [["BF16"]]
    assert tuning.chosen.representation == "BF16"
    assert reasons(tuning) == {"Q8_0": "what is left of the budget is for the quality of BF16"}


def test_one_that_cannot_be_judged_in_time_is_not_chosen_and_it_is_said_what_it_would_take(
    machine: Machine, tmp_path: Path
) -> None:
    machine.seconds = 20.0
    tuning = tuned(tmp_path, budget=61, quick=True)
    assert tuning.chosen.representation == "given"
    assert reasons(tuning)["F16"] == "its quality needs 1 min more than the budget has left"
