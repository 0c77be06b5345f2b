from __future__ import annotations

from dataclasses import replace

import pytest
from model_files import MODEL

from streaming.engine import LlamaRecipe, ModelFile
from streaming.errors import UsageError
from streaming.planning.engine_choice import foresee
from streaming.planning.work import Work, plan_work
from streaming.settings import load
from streaming.spark.prepare import documents_for

THINKING = replace(MODEL, thinks=True)


def plan(model: ModelFile, **options: object) -> Work:
    settings = load({"engine": "in-process", **options})
    return plan_work(settings, foresee(settings, model, cores=1), here=False)


def engine(model: ModelFile, **options: object) -> LlamaRecipe:
    recipe = plan(model, **options).engine
    assert isinstance(recipe, LlamaRecipe)
    return recipe


def test_the_default_context_has_room_for_the_thinking() -> None:
    assert engine(THINKING).thinking_tokens == 1024


def test_a_model_that_does_not_think_needs_no_room_for_it() -> None:
    assert engine(MODEL).thinking_tokens == 0
    assert plan(MODEL, context=1024).recipe.thinking_tokens == 0


def test_a_context_without_room_for_the_thinking_is_refused_before_spark_starts() -> None:
    with pytest.raises(UsageError, match="1024 of thinking"):
        plan(THINKING, context=1024)


def test_completion_style_reaches_engine_and_recipe_and_leaves_no_room_for_thinking() -> None:
    recipe = engine(THINKING, prompt_style="completion")
    assert (recipe.completion, recipe.thinking_tokens) == (True, 0)
    assert plan(THINKING, prompt_style="completion").recipe.style == "completion"


@pytest.mark.parametrize(
    ("slots", "documents"), [(1, 16), (9, 16), (13, 22), (16, 28), (18, 32), (32, 28), (36, 32), (54, 48)]
)
def test_a_micro_batch_fills_eight_of_nine_slots_once_or_twice(slots: int, documents: int) -> None:
    assert documents_for(slots) == documents


@pytest.mark.parametrize(
    ("parameters", "chosen"),
    [(135_000_000, "strict"), (2_700_000_000, "strict"), (2_700_000_001, "flag"), (7_600_000_000, "flag")],
)
def test_only_a_small_model_has_its_sentences_replaced_unless_the_settings_say_so(parameters: int, chosen: str) -> None:
    model = replace(MODEL, parameters=parameters)
    assert plan(model).recipe.faithfulness == chosen
    for named in ("strict", "flag", "off"):
        assert plan(model, faithfulness=named).recipe.faithfulness == named


def test_a_profile_chosen_below_the_table_of_fields_is_refused() -> None:
    with pytest.raises(UsageError, match="'minutes' is a prompt profile"):
        plan(MODEL, field={"text": "body", "prompt": "minutes"})
    assert plan(MODEL, field={"prompt": "kind"}).default_profile == "default"
