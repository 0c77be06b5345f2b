"""Token limits follow from the model's size where the settings leave them open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from model_files import MODEL

from streaming.errors import UsageError
from streaming.planning.token_limits import checked_token_limits, token_limits
from streaming.settings import load

SAMPLE = replace(MODEL, parameters=135_000_000, context=8192, thinks=False)


def sized(parameters: float, context: int = 131_072) -> tuple[int, int, int, str]:
    limits = checked_token_limits(load({}), replace(SAMPLE, parameters=int(parameters), context=context))
    return limits.chunk_tokens, limits.max_tokens, limits.context, limits.reduce


def test_a_small_model_reads_short_chunks_and_its_summaries_are_joined() -> None:
    assert sized(1.24e9) == (800, 96, 2048, "concat")
    assert sized(135e6) == (800, 48, 2048, "concat")
    assert sized(2.6e9)[:2] == (1500, 180)


@pytest.mark.parametrize(("faithfulness", "answer"), [("auto", 48), ("strict", 48), ("flag", 96), ("off", 96)])
def test_a_very_small_model_answers_briefly_where_its_sentences_are_replaced(faithfulness: str, answer: int) -> None:
    assert checked_token_limits(load({"faithfulness": faithfulness}), SAMPLE).max_tokens == answer
    assert checked_token_limits(load({"faithfulness": faithfulness, "max_tokens": 80}), SAMPLE).max_tokens == 80


def test_a_larger_model_reads_longer_ones_and_summarizes_its_summaries() -> None:
    assert sized(4.3e9) == (3000, 600, 4096, "tree")
    assert sized(7e9) == (6000, 720, 7168, "tree")


def test_what_is_set_comes_before_the_models_size() -> None:
    limits = checked_token_limits(load({"chunk_tokens": 400, "max_tokens": 50, "context": 1024}), SAMPLE)
    assert (limits.chunk_tokens, limits.max_tokens, limits.context) == (400, 50, 1024)


@pytest.mark.parametrize("context", [512, 1024, 1500])
def test_a_smaller_context_has_smaller_chunks(context: int) -> None:
    for limits in (
        checked_token_limits(load({"context": context}), SAMPLE),
        checked_token_limits(load({}), replace(SAMPLE, context=context)),
    ):
        assert limits.context == context
        assert 64 <= limits.chunk_tokens <= 800
        assert limits.chunk_tokens + limits.max_tokens + 128 <= context


def test_an_answer_that_is_set_leaves_a_small_context_the_rest_for_the_chunk() -> None:
    limits = checked_token_limits(load({"context": 1024, "max_tokens": 150}), SAMPLE)
    assert (limits.chunk_tokens, limits.max_tokens) == (1024 - 128 - 150, 150)


def test_a_small_context_of_a_model_that_thinks_has_smaller_chunks() -> None:
    limits = checked_token_limits(load({"context": 1800}), replace(SAMPLE, thinks=True))
    assert limits.thinking_tokens == 1024
    assert 500 < limits.chunk_tokens < 1800 - 1024 - 128


def test_a_model_that_thinks_has_room_for_it() -> None:
    thinking = replace(SAMPLE, thinks=True)
    assert checked_token_limits(load({}), thinking).context == 2048
    assert checked_token_limits(load({}), replace(thinking, parameters=7_000_000_000)).context == 8192
    assert token_limits(load({"prompt_style": "completion"}), thinking).thinking_tokens == 0


@pytest.mark.parametrize(
    "options",
    [{"chunk_tokens": 1000, "context": 1024}, {"chunk_tokens": 200, "max_tokens": 96}, {"max_tokens": 400}],
    ids=["no room", "little shorter", "little shorter than by default"],
)
def test_what_does_not_fit_is_refused_with_what_to_do(options: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="raise"):
        checked_token_limits(load(options), SAMPLE)
