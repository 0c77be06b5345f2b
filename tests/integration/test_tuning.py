"""Other representations and the tuning, with llama.cpp and a tiny model of random weights."""

from __future__ import annotations

import json
import re
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from installation import gistream, keep_a_tuning
from tiny_models import FAMILIES, write_model

from producers.samples import sample_texts
from streaming.engine import LlamaRecipe, ModelFile, open_model
from streaming.engine.model.representation import FILE_TYPES, prepare_representation, prepared_path
from streaming.engine.model.split import file_sha256
from streaming.engine.tuning.task import Event, TuningTask
from streaming.engine.tuning.tune import tune
from streaming.engine.tuning.tuning_file import Skipped, Speed, Tuning, find_tuning
from streaming.errors import EngineError, ModelError
from streaming.settings import Settings
from streaming.spark.prepare import prepare as prepare_query
from streaming.spark.query import hold_checkpoint


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    folder = tmp_path_factory.mktemp("model")
    return open_model(str(write_model(folder / "tiny.gguf", FAMILIES["llama3"], context=2048)))


def recipe(model: ModelFile, original: ModelFile | None) -> LlamaRecipe:
    return LlamaRecipe(model, slots=1, lanes=1, context=512, threads=1, original=original)


def task(model: ModelFile, folder: Path, **changes: object) -> TuningTask:
    made = TuningTask(
        model=model,
        texts=sample_texts(),
        cores=2,
        context=1024,
        prompt_tokens=200,
        completion_tokens=16,
        memory=1 << 30,
        folder=folder,
        budget=120,
        native_deadline=300,
        document_deadline=3600,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def of(kind: type, events: Sequence[Event]) -> list[str]:
    return [event.representation for event in events if isinstance(event, kind)]  # type: ignore[union-attr]


def test_a_representation_is_made_once_kept_by_content_and_loaded(model: ModelFile, tmp_path: Path) -> None:
    made = prepare_representation(model, "BF16", tmp_path)
    assert (made.representation, made.name) == ("BF16", model.name)
    assert made.file_bytes < 0.7 * model.file_bytes
    written = made.path.stat().st_mtime_ns
    assert prepare_representation(model, "BF16", tmp_path) == made
    assert made.path.stat().st_mtime_ns == written
    # Whatever the file is called, what is in it decides.
    moved = replace(model, path=model.path.with_name("other.gguf"), name="other")
    assert prepare_representation(moved, "BF16", tmp_path).path == made.path
    recipe(made, model).load().close()


def test_a_prepared_file_that_was_changed_is_made_again(model: ModelFile, tmp_path: Path) -> None:
    made = prepare_representation(model, "Q8_0", tmp_path)
    raw = made.path.read_bytes()
    made.path.write_bytes(raw[:-1] + b"x")
    assert prepare_representation(model, "Q8_0", tmp_path) == made
    assert made.path.read_bytes() == raw


def test_a_representation_that_takes_too_long_is_not_made(model: ModelFile, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="making BF16 took longer than 0 s"):
        prepare_representation(model, "BF16", tmp_path, seconds=0.0)
    assert not list(tmp_path.glob("*.gguf"))


def test_a_maker_that_was_killed_leaves_nothing_that_is_taken_for_a_model(model: ModelFile, tmp_path: Path) -> None:
    path = prepared_path(model, "BF16", tmp_path)
    # As it is between the rename and the note of what was made, and before.
    path.write_bytes(b"GGUF, and then nothing")
    path.with_name(f"partial-{path.name}").write_bytes(b"half")
    made = prepare_representation(model, "BF16", tmp_path)
    assert open_model(str(made.path)).representation == "BF16"
    assert sorted(found.suffix for found in tmp_path.iterdir()) == [".gguf", ".json", ".lock"]


def test_an_executor_that_does_not_have_the_drivers_file_makes_it(model: ModelFile, tmp_path: Path) -> None:
    made = prepare_representation(model, "BF16", tmp_path / "models")
    for path in made.path.parent.iterdir():
        path.unlink()
    made.path.parent.rmdir()
    recipe(made, model).load().close()
    assert made.path.is_file()


def test_nothing_is_made_of_a_file_that_is_not_the_one_that_was_described(model: ModelFile, tmp_path: Path) -> None:
    other = write_model(tmp_path / "other.gguf", FAMILIES["llama2"])
    original = replace(model, path=other)
    made = replace(model, path=prepared_path(model, "BF16", tmp_path), representation="BF16")
    with pytest.raises(EngineError, match="is not the one that was described"):
        recipe(made, original).load()
    assert not list(tmp_path.glob("*BF16*.gguf"))


def test_a_prepared_file_is_used_where_only_reading_is_allowed(model: ModelFile, tmp_path: Path) -> None:
    made = prepare_representation(model, "BF16", tmp_path)
    made.path.with_suffix(".lock").unlink()
    # A folder in its place, because tests may run as a user who may write everywhere.
    made.path.with_suffix(".lock").mkdir()
    assert prepare_representation(model, "BF16", tmp_path) == made


def test_an_executor_whose_llama_cpp_makes_another_file_says_so(model: ModelFile, tmp_path: Path) -> None:
    made = replace(prepare_representation(model, "BF16", tmp_path), sha256="ab" * 32)
    with pytest.raises(EngineError, match="install the same version of llama-cpp-python on every machine"):
        recipe(made, model).load()


def test_a_place_that_cannot_hold_a_representation_is_named(
    model: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=re.escape(f"cannot be kept in {tmp_path / 'file'}")):
        prepare_representation(model, "BF16", tmp_path / "file")
    full = namedtuple("Usage", "total used free")(9, 9, 0)
    monkeypatch.setattr("shutil.disk_usage", lambda _: full)
    with pytest.raises(ModelError, match=r"needs .* MB of disk, and 0 MB are free"):
        prepare_representation(model, "BF16", tmp_path)


def test_what_llama_cpp_cannot_quantize_is_said_with_its_reason(model: ModelFile, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(model.path.read_bytes()[:-100_000])
    with pytest.raises(ModelError, match=r"llama.cpp cannot make BF16 of the model file"):
        prepare_representation(replace(model, path=broken, sha256=file_sha256(broken)), "BF16", tmp_path / "models")
    assert not list((tmp_path / "models").glob("*.gguf"))


def test_a_tuning_measures_what_fits_and_chooses_what_is_no_worse(model: ModelFile, tmp_path: Path) -> None:
    events = list(tune(task(model, tmp_path)))
    tuning = events[-1]
    assert isinstance(tuning, Tuning)
    assert set(of(Speed, events)) == {"given", *FILE_TYPES}
    assert {(s.setup.slots, s.setup.lanes, s.setup.ubatch) for s in tuning.speeds} > {(16, 2, 512), (32, 2, 512)}
    assert all(0 < s.prefill < 60 and 0 < s.decode < 60 and s.documents_per_second > 0 for s in tuning.speeds)
    # Random weights: what is written with fewer bits predicts otherwise.
    assert all(q.tokens >= 8000 and q.divergence >= 0 and 0 < q.same_top <= 1 for q in tuning.qualities)
    chosen = tuning.chosen.representation
    if chosen != "given":
        assert next(q for q in tuning.qualities if q.representation == chosen).high < 0.005
    # What was made and not chosen is gone.
    assert {path.name for path in tmp_path.glob("*.gguf")} == (
        set() if chosen == "given" else {prepared_path(model, chosen, tmp_path).name}
    )


def test_what_does_not_fit_memory_or_budget_is_left_out_and_said_to_be(model: ModelFile, tmp_path: Path) -> None:
    small = list(tune(task(model, tmp_path, memory=1)))
    assert of(Speed, small)[0] == "given"
    assert set(of(Skipped, small)) == set(FILE_TYPES)
    assert all("would not fit" in event.reason for event in small if isinstance(event, Skipped))
    hasty = list(tune(task(model, tmp_path, budget=0)))
    assert of(Speed, hasty) == ["given"]
    assert {event.reason for event in hasty if isinstance(event, Skipped)} == {"the budget was used up"}
    assert isinstance(hasty[-1], Tuning)
    assert hasty[-1].chosen.representation == "given"


def test_a_model_that_cannot_be_measured_is_an_error_with_its_reason(model: ModelFile, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"measuring it ended with 1: .*could not load"):
        list(tune(task(replace(model, path=tmp_path / "gone.gguf"), tmp_path)))


def test_the_command_keeps_what_it_chose_for_all_data_dirs_and_prints_it(
    model: ModelFile, tmp_path: Path, machine_dir: Path
) -> None:
    done = gistream("tune", "--quick", "--model", str(model.path), "--context", "1024", "--json", data_dir=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert "perplexity" in done.stderr or "documents/s" in done.stderr
    tuning = find_tuning(machine_dir, model, cores=printed["cores"])
    assert tuning is not None
    assert (printed["chosen"]["representation"], printed["model_sha256"]) == (
        tuning.chosen.representation, model.sha256,
    )  # fmt: skip
    shown = gistream("model", "show", str(model.path), data_dir=tmp_path / "another")
    if tuning.chosen.representation != "given":
        assert f"computed as {tuning.chosen.representation} (tuned for this CPU)" in shown.stdout


def test_a_gpu_is_not_tuned_for(model: ModelFile, tmp_path: Path) -> None:
    done = gistream("tune", "--model", str(model.path), data_dir=tmp_path, GISTREAM_GPU_LAYERS="9")
    assert done.returncode == 2
    assert "set it to 0 to tune" in done.stderr


def test_a_query_keeps_its_representation_when_the_cpu_is_tuned_meanwhile(settings: Settings, model: ModelFile) -> None:
    def start(**changes: str) -> tuple[str, str]:
        plan = prepare_query(settings.model_copy(update=changes), model)
        with hold_checkpoint(plan):
            return plan.choice.representation, plan.task_plan.work.recipe_name

    # Another test may have tuned this machine to the model, and the CPU may favour something else.
    began = start(representation="given")
    assert began[0] == "given"
    keep_a_tuning(settings.data_dir, model)
    assert start() == began
    moved = start(representation="BF16")
    assert (moved[0], moved[1] == began[1]) == ("BF16", False)
    # And from now on.
    assert start() == moved
