from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from model_files import MODEL
from tunings import tuning_of

from streaming.engine import Setup
from streaming.engine.model.representation import prepared_path
from streaming.engine.model.split import file_sha256
from streaming.engine.tuning import tuning_file
from streaming.engine.tuning.tuning_file import Chosen, find_tuning, save_tuning, tuning_path
from streaming.errors import ModelError
from streaming.planning import engine_choice, untuned
from streaming.planning.engine_choice import Choice, choose, foresee
from streaming.settings import Settings, load, machine_folder
from streaming.spark.checkpoint.checkpoint import Checkpoint, Pin, inspect_checkpoint, open_checkpoint, pinned

TUNED = Setup(slots=16, lanes=2, threads=2, ubatch=256)


@pytest.fixture(autouse=True)
def this_llama(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The instructions of the CPU, for llama.cpp; none, unless a test adds some."""
    names: set[str] = set()
    monkeypatch.setattr(untuned, "instructions", lambda: frozenset(names))
    return names


def settings_of(machine_dir: Path, **settings: object) -> Settings:
    return load({"data_dir": machine_dir / "data", "machine_dir": machine_dir, **settings})


def foreseen(machine_dir: Path, *, cores: int = 2, pin: str | None = None, **settings: object) -> Choice:
    return foresee(settings_of(machine_dir, **settings), MODEL, cores=cores, pinned=pin)


@pytest.fixture
def tuned(tmp_path: Path) -> Path:
    save_tuning(tmp_path, MODEL, tuning_of(MODEL, TUNED, cores=2))
    return tmp_path


def test_without_a_tuning_the_model_is_used_as_given_and_it_is_said_what_tuning_takes(tmp_path: Path) -> None:
    choice = foreseen(tmp_path)
    assert (choice.representation, choice.model, choice.why) == ("given", MODEL, "as given")
    assert choice.setup == Setup(slots=4, lanes=2, threads=2, ubatch=512)
    assert choice.advice is not None
    assert "not tuned to m, which is computed as Q4_1; `gistream tune` measures once" in choice.advice
    assert "up to 10 minutes" in choice.advice


BF16 = {"AVX512_BF16", "AVX2", "F16C"}


@pytest.mark.parametrize(
    ("cpu", "chosen"), [(BF16, "BF16"), ({"AVX2", "F16C"}, "F16"), ({"AVX2"}, "given"), ({"NEON", "BF16"}, "given")]
)
def test_without_a_tuning_the_cpus_instructions_choose_what_loses_nothing(
    tmp_path: Path, this_llama: set[str], cpu: set[str], chosen: str
) -> None:
    this_llama |= cpu
    choice = foreseen(tmp_path)
    assert choice.representation == chosen
    assert choice.advice is not None
    assert f"computed as {choice.model.representation}; `gistream tune`" in choice.advice
    # Nobody wrote it down, so the settings, a checkpoint and a tuning come first.
    assert foreseen(tmp_path, pin="given").representation == "given"
    assert foreseen(tmp_path, representation="given").representation == "given"
    assert foreseen(tmp_path, representation="given").advice is None
    save_tuning(tmp_path, MODEL, replace(tuning_of(MODEL, TUNED, cores=2), chosen=Chosen("given", TUNED, 1.0)))
    assert (foreseen(tmp_path).representation, foreseen(tmp_path).advice) == ("given", None)


@pytest.mark.parametrize("given", ["Q4_0", "Q8_0", "Q4_K - Medium", "BF16", "F16", "all F32", "unknown"])
def test_a_file_type_that_was_not_measured_to_be_slow_is_used_as_given(
    tmp_path: Path, this_llama: set[str], given: str
) -> None:
    this_llama |= BF16
    assert foresee(settings_of(tmp_path), replace(MODEL, representation=given), cores=2).representation == "given"


def test_only_a_small_model_that_fits_the_memory_beside_the_query_changes_its_representation(
    tmp_path: Path, this_llama: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    this_llama |= BF16
    large = replace(MODEL, parameters=int(1e9))
    assert foresee(settings_of(tmp_path), large, cores=2).representation == "given"
    assert foreseen(tmp_path, gpu_layers=1).representation == "given"
    # Executors on other machines may have other CPUs.
    assert foreseen(tmp_path, master="spark://host:7077").representation == "given"
    middle = replace(MODEL, parameters=int(1e8))
    assert foresee(settings_of(tmp_path), middle, cores=2).representation == "BF16"
    assert foresee(settings_of(tmp_path, engine_memory=128), middle, cores=2).representation == "given"
    monkeypatch.setattr(untuned.memory, "available_bytes", lambda: 3 << 30)
    assert foresee(settings_of(tmp_path), middle, cores=2).representation == "given"
    assert foresee(settings_of(tmp_path, driver_memory="512m"), middle, cores=2).representation == "BF16"


def test_a_representation_that_nobody_asked_for_stops_no_start_when_it_cannot_be_made(
    tmp_path: Path, this_llama: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    this_llama |= BF16

    def no_room(*_: object) -> None:
        raise ModelError("The disk is full.")

    monkeypatch.setattr(engine_choice, "prepare_representation", no_room)
    choice = choose(settings_of(tmp_path), MODEL, cores=2)
    assert (choice.representation, choice.why) == ("given", "as given")
    assert choice.advice is not None
    assert choice.advice.startswith("The disk is full. It is used as given; `gistream tune`")
    with pytest.raises(ModelError, match="The disk is full"):
        choose(settings_of(tmp_path, representation="BF16"), MODEL, cores=2)
    with pytest.raises(ModelError, match="The disk is full"):
        choose(settings_of(tmp_path), MODEL, cores=2, pinned="BF16")


def test_one_tuning_serves_all_data_dirs_of_this_user(tuned: Path) -> None:
    for name in ("one", "another"):
        settings = load({"data_dir": tuned / name, "machine_dir": tuned})
        assert foresee(settings, MODEL, cores=2).setup == TUNED
        assert settings.models_dir == tuned / "models"


def test_a_tuning_and_a_model_of_an_earlier_gistream_in_the_data_dir_are_used(tmp_path: Path) -> None:
    settings = load({"data_dir": tmp_path / "data", "machine_dir": tmp_path / "machine"})
    save_tuning(settings.data_dir, MODEL, tuning_of(MODEL, TUNED, cores=2))
    assert foresee(settings, MODEL, cores=2).setup == TUNED
    path = prepared_path(MODEL, "BF16", settings.data_dir / "models")
    path.parent.mkdir()
    path.write_bytes(b"GGUF")
    facts = {"made_from": MODEL.sha256, "sha256": file_sha256(path), "bytes": 4, "file_bytes": 4}
    path.with_suffix(".json").write_text(json.dumps(facts))
    assert choose(settings, MODEL, cores=2).model.path == path
    assert not (tmp_path / "machine").exists()
    # A later tuning replaces it.
    later = replace(TUNED, slots=8)
    save_tuning(settings.shared_dir, MODEL, tuning_of(MODEL, later, cores=2))
    assert foresee(settings, MODEL, cores=2).setup == later


def test_tunings_are_in_the_users_data_or_in_the_data_dir_where_there_is_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GISTREAM_MACHINE_DIR")
    monkeypatch.setattr(machine_folder, "user_data_path", lambda _: tmp_path / "home" / "gistream")
    settings = load({"data_dir": tmp_path / "data"})
    assert settings.shared_dir == tmp_path / "home" / "gistream"
    assert settings.models_dir == tmp_path / "home" / "gistream" / "models"
    (tmp_path / "home").write_text("no folder, so nobody may write below it")
    assert settings.shared_dir == tmp_path / "data"
    assert load({"data_dir": tmp_path / "data", "machine_dir": "~/x"}).shared_dir == Path.home() / "x"
    # The executors of a cluster make the file at the path that the driver names.
    assert load({"data_dir": "/srv/g", "master": "spark://host:7077"}).models_dir == Path("/srv/g/models")


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
    assert choice.advice is not None
    assert choice.advice.startswith(f"The tuning in {path}")
    assert "run `gistream tune` again." in choice.advice


def test_longer_slots_than_were_tuned_are_fewer(tuned: Path) -> None:
    assert foreseen(tuned, context=4096).setup.slots == 8
    assert foreseen(tuned, context=1024).setup.slots == 16


def test_a_query_keeps_the_representation_that_it_began_with(tuned: Path) -> None:
    choice = foreseen(tuned, pin="given")
    assert (choice.representation, choice.setup.slots) == ("given", 4)
    assert choice.advice is not None
    assert "--representation BF16 moves it" in choice.advice
    untuned_advice = foreseen(tuned, pin="given", cores=1).advice
    assert untuned_advice is not None
    assert "`gistream tune` measures once" in untuned_advice
    choice = foreseen(tuned, pin="BF16")
    assert (choice.setup, choice.why, choice.advice) == (TUNED, "as this query began", None)


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
