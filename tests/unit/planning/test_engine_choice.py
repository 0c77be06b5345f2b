from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from model_files import MODEL
from tunings import tuning_of

from streaming.engine import Setup
from streaming.engine.tuning import tuning_file
from streaming.engine.tuning.tuning_file import find_tuning, save_tuning, tuning_path
from streaming.errors import ModelError
from streaming.planning.engine_choice import Choice, foresee
from streaming.settings import load
from streaming.spark.checkpoint import Checkpoint, Pin, inspect_checkpoint, open_checkpoint, pinned

TUNED = Setup(slots=16, lanes=2, threads=2, ubatch=256)


def foreseen(data_dir: Path, *, cores: int = 2, pin: str | None = None, **settings: object) -> Choice:
    return foresee(load({"data_dir": data_dir, **settings}), MODEL, cores=cores, pinned=pin)


@pytest.fixture
def tuned(tmp_path: Path) -> Path:
    save_tuning(tmp_path, MODEL, tuning_of(MODEL, TUNED, cores=2))
    return tmp_path


def test_without_a_tuning_the_model_is_used_as_given_and_it_is_said_what_tuning_takes(tmp_path: Path) -> None:
    choice = foreseen(tmp_path)
    assert (choice.representation, choice.model) == ("given", MODEL)
    assert choice.setup == Setup(slots=4, lanes=2, threads=2, ubatch=512)
    assert "`gistream tune` takes up to 10 minutes" in choice.why


def test_what_was_tuned_for_this_cpu_is_used(tuned: Path) -> None:
    choice = foreseen(tuned)
    assert (choice.representation, choice.setup) == ("BF16", TUNED)
    # Two bytes a weight.
    assert choice.model.file_bytes == 2 * MODEL.parameters


@pytest.mark.parametrize("other", ["cores", "cpu", "llama.cpp", "model"])
def test_a_tuning_counts_for_nothing_but_what_it_was_made_on(
    tuned: Path, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = replace(MODEL, sha256="cd" * 32) if other == "model" else MODEL
    if other == "cpu":
        monkeypatch.setattr(tuning_file, "this_cpu", lambda: "another")
    if other == "llama.cpp":
        monkeypatch.setattr(tuning_file, "llama_build", lambda: "another")
    assert find_tuning(tuned, model, cores=4 if other == "cores" else 2) is None


def test_a_tuning_is_read_as_it_was_kept(tuned: Path) -> None:
    assert find_tuning(tuned, MODEL, cores=2) == tuning_of(MODEL, TUNED, cores=2)


@pytest.mark.parametrize("broken", ["{", '{"chosen": null}', None])
def test_a_tuning_that_cannot_be_used_stops_nothing_and_is_named(tuned: Path, broken: str | None) -> None:
    path = tuning_path(tuned, MODEL, cores=2)
    path.write_text(path.read_text().replace("BF16", "Q9_X") if broken is None else broken)
    choice = foreseen(tuned)
    assert choice.representation == "given"
    assert f"the tuning in {path}" in choice.why
    assert "run `gistream tune` again" in choice.why


def test_longer_slots_than_were_tuned_are_fewer(tuned: Path) -> None:
    assert foreseen(tuned, context=4096).setup.slots == 8
    assert foreseen(tuned, context=1024).setup.slots == 16


def test_a_query_keeps_the_representation_that_it_began_with(tuned: Path) -> None:
    choice = foreseen(tuned, pin="given")
    assert (choice.representation, choice.setup.slots) == ("given", 4)
    assert "--representation BF16 moves it" in choice.why
    assert "`gistream tune` takes up to 10 minutes" in foreseen(tuned, pin="given", model="x", cores=1).why
    choice = foreseen(tuned, pin="BF16")
    assert (choice.setup, choice.why) == (TUNED, "as this query began")


def test_a_representation_that_is_named_comes_before_checkpoint_and_tuning(tuned: Path) -> None:
    assert foreseen(tuned, pin="BF16", representation="given").representation == "given"
    assert foreseen(tuned, pin="given", representation="Q8_0").representation == "Q8_0"


@pytest.mark.parametrize(("name", "title"), [("Q8_0", "Q8_0"), ("Q4_K_M", "Q4_K - Medium")])
def test_nothing_is_made_of_a_file_that_is_what_is_asked_for(tmp_path: Path, name: str, title: str) -> None:
    original = replace(MODEL, representation=title)
    assert foresee(load({"data_dir": tmp_path, "representation": name}), original, cores=2).model is original


def test_a_checkpoint_of_another_gistream_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="keeps it at Q9_X, which this gistream cannot make"):
        foreseen(tmp_path, pin="Q9_X")


def test_settings_come_before_what_was_tuned(tuned: Path) -> None:
    assert foreseen(tuned, slots=6).setup == replace(TUNED, slots=6)
    assert foreseen(tuned, ubatch=64).setup == replace(TUNED, ubatch=64)
    assert foreseen(tuned, threads=1).setup == Setup(slots=16, lanes=1, threads=1, ubatch=256)
    assert foreseen(tuned, lanes=1).setup == Setup(slots=16, lanes=1, threads=2, ubatch=256)
    # There are never more lanes than slots.
    assert foreseen(tuned, slots=1).setup.lanes == 1
    assert foreseen(tuned, lanes=20).setup.slots == 20


def test_a_tuning_of_the_cpu_says_nothing_about_a_gpu(tuned: Path) -> None:
    choice = foreseen(tuned, gpu_layers=999)
    assert (choice.representation, choice.why) == ("given", "as given")


def test_a_checkpoint_pins_a_representation_to_the_model_file_that_it_was_made_from(tmp_path: Path) -> None:
    checkpoint = Checkpoint(str(tmp_path / "query"))
    assert pinned(checkpoint, "ab") is None
    with open_checkpoint(checkpoint, {"documents": "1"}, pin=Pin("ab", "BF16")) as began:
        pass
    assert pinned(checkpoint, "ab") == "BF16"
    # Another model is another recipe, which its user has chosen.
    assert pinned(checkpoint, "cd") is None
    with open_checkpoint(checkpoint, {"documents": "1"}, pin=Pin("ab", "given")) as went_on:
        assert went_on == began
    assert pinned(checkpoint, "ab") == "given"
    assert inspect_checkpoint(checkpoint).endswith("of documents")


def test_a_query_that_began_before_there_were_pins_computes_as_given(tmp_path: Path) -> None:
    checkpoint = Checkpoint(str(tmp_path / "query"))
    with open_checkpoint(checkpoint, {"documents": "1"}):
        pass
    assert pinned(checkpoint, "ab") == "given"
