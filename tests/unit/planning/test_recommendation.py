"""A listed model fits when the engine would fit, beside everything else that a query needs."""

from __future__ import annotations

import pytest

from streaming.engine import Setup
from streaming.engine.model import memory
from streaming.engine.model.catalogue import CATALOGUE
from streaming.planning.recommendation import Recommendation, comparison, model_memory, recommendations
from streaming.settings import MIB, load

GB = 10**9
QWEN_8B = "hf://Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf"
PHI_3 = "hf://microsoft/Phi-3-mini-4k-instruct-gguf/Phi-3-mini-4k-instruct-q4.gguf"


def recommended(available: int, *, cores: int = 2, **settings: object) -> dict[str, Recommendation]:
    models = recommendations(load(settings), cores=cores, available=available)
    return {each.model.source: each for each in models}


def test_every_model_of_the_catalogue_is_judged_in_its_order() -> None:
    assert list(recommended(GB)) == [model.source for model in CATALOGUE]


def test_a_query_needs_memory_beside_the_model() -> None:
    assert model_memory(load({"driver_memory": "2g"}), 8 * GB) == 8 * GB - 3 * 1024 * MIB
    assert model_memory(load({"driver_memory": "3g"}), 8 * GB) == 8 * GB - 4 * 1024 * MIB
    assert model_memory(load({"engine_memory": 1000}), 8 * GB) == 1000 * MIB
    assert model_memory(load(), 1 * GB) == 0


def test_a_model_fits_from_the_byte_on_that_it_needs() -> None:
    model = recommended(0)[QWEN_8B]
    needed = model.memory.total + 3 * 1024 * MIB
    assert recommended(needed)[QWEN_8B].fits
    short = recommended(needed - 1)[QWEN_8B]
    assert (short.fits, short.slots_that_fit) == (False, 3)
    assert (model.fits, model.slots_that_fit) == (False, 0)


def test_the_memory_is_predicted_as_for_a_file_that_is_here() -> None:
    model = recommended(GB, cores=8)[QWEN_8B]
    assert model.setup == Setup(slots=4, lanes=4, threads=8)
    assert model.memory == memory.predict(
        model.model.shape, file_bytes=model.model.bytes, slots=4, lanes=4, context=model.limits.context
    )


def test_more_cores_need_more_memory_because_they_have_more_lanes() -> None:
    one, eight = (recommended(0, cores=cores)[QWEN_8B].memory.total for cores in (1, 8))
    between = (one + eight) // 2 + 3 * 1024 * MIB
    assert recommended(between, cores=1)[QWEN_8B].fits
    assert not recommended(between, cores=8)[QWEN_8B].fits


def test_the_settings_decide_slots_context_and_thinking() -> None:
    model = recommended(GB, slots=2, context=4096)[PHI_3]
    assert (model.setup.slots, model.limits.context) == (2, 4096)
    # A model never gets more context than it was trained for.
    assert recommended(GB, context=8192)[PHI_3].limits.context == 4096
    thinking, silent = recommended(GB)[QWEN_8B], recommended(GB, thinking_tokens=0)[QWEN_8B]
    assert (thinking.limits.thinking_tokens, silent.limits.thinking_tokens) == (1024, 0)
    assert silent.memory.total < thinking.memory.total


def test_a_context_without_room_for_thinking_is_a_reason_and_ends_nothing() -> None:
    models = recommended(64 * GB, context=1024)
    thinking = models[QWEN_8B]
    assert (thinking.fits, thinking.slots_that_fit) == (False, 0)
    assert "raise --context" in (thinking.problem or "")
    assert models[PHI_3].fits
    assert models[PHI_3].problem is None


@pytest.mark.parametrize("available", [4, 5, 6, 8, 16, 32])
def test_the_largest_two_that_fit_are_compared_and_the_sample_where_one_is_missing(available: int) -> None:
    models = recommendations(load(), cores=2, available=available * GB)
    fitting = [each.model.source for each in models if each.fits]
    if not fitting:
        assert comparison(models) is None
    else:
        assert comparison(models) == (fitting[-2] if len(fitting) > 1 else "sample", fitting[-1])


def test_both_ends_of_the_comparison_exist() -> None:
    assert comparison(recommendations(load(), cores=2, available=GB)) is None
    assert comparison(recommendations(load(), cores=2, available=int(4.1 * GB))) == ("sample", CATALOGUE[0].source)
    assert comparison(recommendations(load(), cores=2, available=64 * GB)) == (
        CATALOGUE[-2].source,
        CATALOGUE[-1].source,
    )
