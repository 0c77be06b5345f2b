"""A recipe names how a summary is made: by what decides one, and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from streaming.protocol import Sampling
from streaming.summarizer import PromptProfile, Recipe

PROFILE = PromptProfile(name="default", system="Summarize.")
RECIPE = Recipe(
    model_sha256="ab", representation="Q4_1", sampling=Sampling(), chunk_tokens=200, max_tokens=40, max_chunks=256
)


DECIDING = {
    "model_sha256": "cd",
    "representation": "BF16",
    "chunk_tokens": 201,
    "max_tokens": 41,
    "sampling": Sampling(temperature=0.1),
    "style": "completion",
    "thinking_tokens": 512,
    "strategy": "refine",
    "reduce": "tree",
    "ladder": False,
    "faithfulness": "strict",
    "least_support": 0.9,
}


@pytest.mark.parametrize("name", DECIDING)
def test_the_recipes_hash_changes_with_what_decides_the_summary(name: str) -> None:
    assert replace(RECIPE, **{name: DECIDING[name]}).hash(PROFILE) != RECIPE.hash(PROFILE)  # type: ignore[arg-type]


def test_every_field_of_a_recipe_decides_but_the_bound_of_the_work() -> None:
    assert {field.name for field in fields(Recipe)} == {*DECIDING, "max_chunks"}


@pytest.mark.parametrize("name", [field.name for field in fields(Sampling)])
def test_the_recipes_hash_changes_with_every_part_of_the_sampling(name: str) -> None:
    sampling = replace(Sampling(), **{name: getattr(Sampling(), name) + 1})
    assert replace(RECIPE, sampling=sampling).hash(PROFILE) != RECIPE.hash(PROFILE)


def test_the_recipes_hash_changes_with_the_instruction_not_with_its_name() -> None:
    assert RECIPE.hash(PromptProfile(name="default", system="Summarise.")) != RECIPE.hash(PROFILE)
    renamed = PromptProfile(name="another", system="Summarize.", description="Another one")
    assert RECIPE.hash(renamed) == RECIPE.hash(PROFILE)


def test_the_recipes_hash_does_not_change_with_what_only_bounds_the_work() -> None:
    assert replace(RECIPE, max_chunks=1).hash(PROFILE) == RECIPE.hash(PROFILE)


def test_a_recipes_hash_is_the_same_in_every_process() -> None:
    assert RECIPE.hash(PROFILE) == Recipe(**vars(RECIPE)).hash(PromptProfile(name="default", system="Summarize."))
    assert len(RECIPE.hash(PROFILE)) == 16
