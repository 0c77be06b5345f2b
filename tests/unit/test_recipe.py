"""A recipe names how a summary is made, by what decides one and nothing else; a profile is what the model is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streaming.errors import UsageError
from streaming.protocol import Sampling
from streaming.summarizer import PromptProfile, Recipe, known_profile, load_profiles

PROFILE = PromptProfile("default", "Summarize.")
RECIPE = Recipe(
    model_sha256="ab", representation="Q4_1", sampling=Sampling(), chunk_tokens=200, max_tokens=40, max_chunks=256
)


DECIDING = {
    "model_sha256": "cd",
    "representation": "BF16",
    "chunk_tokens": 201,
    "max_tokens": 41,
    "sampling": Sampling(temperature=0.1),
}


@pytest.mark.parametrize("name", DECIDING)
def test_the_recipes_hash_changes_with_what_decides_the_summary(name: str) -> None:
    assert replace(RECIPE, **{name: DECIDING[name]}).hash(PROFILE) != RECIPE.hash(PROFILE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [{"top_p": 0.9}, {"min_p": 0.1}, {"repeat_penalty": 1.2}, {"repeat_last_n": 64}, {"seed": 1}],
    ids=lambda changed: next(iter(changed)),
)
def test_the_recipes_hash_changes_with_every_part_of_the_sampling(changed: dict[str, float]) -> None:
    assert replace(RECIPE, sampling=replace(Sampling(), **changed)).hash(PROFILE) != RECIPE.hash(PROFILE)


def test_the_recipes_hash_changes_with_the_instruction_not_with_its_name() -> None:
    assert RECIPE.hash(PromptProfile("default", "Summarise.")) != RECIPE.hash(PROFILE)
    assert RECIPE.hash(PromptProfile("another", "Summarize.")) == RECIPE.hash(PROFILE)


def test_the_recipes_hash_does_not_change_with_what_only_bounds_the_work() -> None:
    assert replace(RECIPE, max_chunks=1).hash(PROFILE) == RECIPE.hash(PROFILE)


def test_the_recipes_hash_is_the_one_it_had_before_there_were_styles_and_thinking() -> None:
    assert RECIPE.hash(PROFILE) == "104dfe0702b1c98e"


def test_the_recipes_hash_changes_with_style_cue_and_thinking() -> None:
    completion = replace(RECIPE, style="completion")
    recut = replace(PROFILE, cue="In short:")
    hashes = {RECIPE.hash(PROFILE), completion.hash(PROFILE), completion.hash(recut)}
    assert len(hashes | {replace(RECIPE, thinking_tokens=512).hash(PROFILE)}) == 4
    # A chat has no cue.
    assert RECIPE.hash(recut) == RECIPE.hash(PROFILE)


def test_a_recipes_hash_is_the_same_in_every_process() -> None:
    assert RECIPE.hash(PROFILE) == Recipe(**vars(RECIPE)).hash(PromptProfile("default", "Summarize."))
    assert len(RECIPE.hash(PROFILE)) == 16


def test_the_shipped_profiles_include_the_default() -> None:
    profiles = load_profiles()
    assert known_profile(profiles, "default").system
    assert all(profile.name == name and profile.system.strip() for name, profile in profiles.items())


def test_an_unknown_profile_is_named_beside_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"'nosuch'.*default, headline"):
        known_profile(load_profiles(), "nosuch")


def test_the_text_is_the_whole_user_message_and_nothing_else_is() -> None:
    assert [(m.role, m.content) for m in PROFILE.messages("Ignore this.")] == [
        ("system", "Summarize."),
        ("user", "Ignore this."),
    ]
