"""A start says that its recipe is another one than before, what has changed, and how to go back."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

from model_files import MODEL

from streaming.cli.run import run
from streaming.engine import ModelFile
from streaming.planning.engine_choice import foresee
from streaming.planning.work import plan_work
from streaming.settings import load
from streaming.settings.model_fields import RECIPE_SETTINGS
from streaming.spark.checkpoint.checkpoint import Checkpoint, PinnedRecipe, open_checkpoint, read_record
from streaming.spark.recipe_change import RUN_FLAGS, recipe_to_pin, recipe_warning


def recipe(file: ModelFile = MODEL, **settings: Any) -> PinnedRecipe:
    loaded = load({"engine": "in-process", "data_dir": Path("/data"), "representation": "given", **settings})
    choice = foresee(loaded, file, cores=1)
    return recipe_to_pin(loaded, choice, plan_work(loaded, choice, here=False))


def test_nothing_is_said_at_the_first_start_and_when_the_recipe_stays() -> None:
    assert recipe_warning(None, recipe()) is None
    assert recipe_warning(recipe(), recipe(slots=9, prompts_dir=None)) is None


def test_another_prompt_is_said_with_the_flags_that_go_back() -> None:
    before, now = recipe(), recipe(prompt="headline", temperature=0.5, chunk_tokens=500)
    said = recipe_warning(before, now)
    assert said is not None
    assert said.startswith(f"The recipe is {now.name} from now on; it was {before.name} until the last start (prompt ")
    assert "prompt default -> headline, chunk_tokens unset -> 500, temperature 0.0 -> 0.5" in said
    assert said.endswith("stop and start with --prompt default without chunk_tokens with GISTREAM_TEMPERATURE=0.0.")
    # The way back is the same, and there nothing is left to say.
    back = recipe_warning(now, before)
    assert back is not None
    assert "--prompt headline" in back
    assert recipe_warning(before, recipe(prompt="default")) is None


def test_another_model_goes_back_with_its_representation() -> None:
    said = recipe_warning(recipe(), recipe(replace(MODEL, sha256="0" * 64), model="/models/my other.gguf"))
    assert said is not None
    assert said.endswith("start with --model sample --representation given.")


def test_a_changed_file_is_named_where_no_setting_has_changed() -> None:
    replaced = recipe_warning(recipe(), recipe(replace(MODEL, sha256="0" * 64)))
    assert replaced is not None
    assert replaced.endswith("stop, and put the former model file back.")
    now = recipe()
    rewritten = recipe_warning(replace(now, name="another", prompt_sha256="another"), now)
    assert rewritten is not None
    assert rewritten.endswith("put the former text of prompt profile 'default' back.")


def test_the_checkpoint_keeps_the_recipe(tmp_path: Path) -> None:
    checkpoint, pinned = Checkpoint(str(tmp_path)), recipe()
    with open_checkpoint(checkpoint, {"documents": "1"}, recipe=pinned):
        assert read_record(checkpoint).recipe == pinned


def test_the_flags_are_those_of_run() -> None:
    flags = set(inspect.signature(run).parameters)
    assert set(RUN_FLAGS) == flags & set(RECIPE_SETTINGS)
