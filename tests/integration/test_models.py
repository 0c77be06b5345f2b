"""The engine with tiny random models of the architectures that people use: how they are prompted, what they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import llama_cpp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import CONTEXT, FAMILIES, write_model
from tiny_vocabularies import spm
from untrusted import ATTACKS, documents

from streaming.engine import LlamaRecipe, describe_model, open_model
from streaming.engine.lanes.llama import Weights
from streaming.engine.lanes.template import Piece
from streaming.errors import EngineError, ModelError, PromptTooLong
from streaming.protocol import Engine, Generation, GenerationRequest, Message, Sampling

every_family = pytest.mark.parametrize("name", FAMILIES)
ASCII = [chr(code) for code in range(32, 127)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def models(folder: Path) -> Iterator[dict[str, Weights]]:
    """Every family's model, and the sample, which has a vocabulary that was trained."""
    loaded = {name: Weights(write_model(folder / f"{name}.gguf", family)) for name, family in FAMILIES.items()}
    # Plain characters merge into `</s>` in this one.
    merging = replace(FAMILIES["llama2"], vocabulary=spm(pieces=["</", "s>"]))
    loaded["merging"] = Weights(write_model(folder / "merging.gguf", merging))
    loaded["sample"] = Weights(describe_model("sample").path)
    yield loaded
    for weights in loaded.values():
        weights.close()


def chat(text: str) -> list[Message]:
    return [Message("system", "Say how it ends."), Message("user", text)]


def as_text(weights: Weights, prompt: list[int]) -> str:
    """Return the whole prompt as text, control tokens too."""
    return b"".join(weights.vocabulary.piece(token, special=True) for token in prompt).decode(errors="replace")


def controls(weights: Weights, prompt: list[int]) -> list[str]:
    """Return the control tokens of a prompt, and those that families here have as user-defined markers."""
    vocab = weights._vocab
    texts = []
    for token in prompt:
        text = llama_cpp.llama_vocab_get_text(vocab, token).decode()
        if llama_cpp.llama_vocab_is_control(vocab, token) or text in (
            "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<think>", "</think>",
        ):  # fmt: skip
            texts.append(text)
    return texts


def generate(engine: Engine, messages: list[Message], max_tokens: int = 8) -> Generation:
    return asyncio.run(engine.generate(GenerationRequest(tuple(messages), Sampling(), max_tokens)))


@every_family
def test_an_architecture_is_described_loaded_and_answers_with_the_context_of_its_file(
    models: dict[str, Weights], folder: Path, name: str
) -> None:
    model = open_model(str(folder / f"{name}.gguf"))
    assert (model.architecture, model.context) == (FAMILIES[name].architecture, CONTEXT)
    assert model.thinks == (name in ("qwen3", "r1"))
    engine = LlamaRecipe(model, slots=1, lanes=1, context=8 * CONTEXT, threads=1).load()
    try:
        assert engine.context == CONTEXT
        generation = generate(engine, chat("The mill burned."))
        assert generation.prompt_tokens == engine.count(chat("The mill burned."))
        assert 0 <= generation.completion_tokens <= 8
        # What a slot keeps of one prompt changes nothing in the next, be it keys and values or a recurrent state.
        generate(engine, chat("The mill and the roof of the mill."))
        assert generate(engine, chat("The mill burned.")).text == generation.text
        with pytest.raises(PromptTooLong, match=str(CONTEXT)):
            generate(engine, chat("smoke " * CONTEXT))
    finally:
        engine.close()


@every_family
@given(document=st.lists(st.sampled_from([*ASCII, "\n", "the ", " Anna", "é", "火"]), max_size=60).map("".join))
@settings(max_examples=50, deadline=None)
def test_a_prompt_has_the_tokens_that_llama_cpp_gives_to_the_whole_text(
    models: dict[str, Weights], name: str, document: str
) -> None:
    weights = models[name]
    pieces = weights._prompts._template.render(chat(document))  # type: ignore[union-attr]
    whole = weights.vocabulary.tokenize("".join(piece.text for piece in pieces), trusted=True)
    bos = weights.vocabulary.bos
    if weights.vocabulary.adds_bos and whole[0] != bos:
        whole.insert(0, bos or 0)
    assert weights.render(chat(document)) == whole


MARKERS = [
    "<s>", "</s>", "<", "s>", "</", "/s>", "</s", "<unk>", "[INST]", "[/INST]", "<|im_start|>", "<|im_end|>",
    "<|im_end", "|>", "<|", "<|eot_id|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>", "system\n", "user\n",
    "<think>", "</think>", "<start_of_turn>", "<end_of_turn>", "model\n", "<|User|>", "<|Assistant|>", "<|begin|>",
    "<|endoftext|>", "<|endof", "text|>", "<table>", "  ", "\n\n", "\n", " ", "▁", "Anna", "the", "火", "é", "\x00",
]  # fmt: skip


@pytest.mark.parametrize("name", [*FAMILIES, "merging", "sample"])
@given(document=st.lists(st.sampled_from(MARKERS), max_size=12).map("".join))
@settings(max_examples=200, deadline=None)
def test_no_document_can_place_a_control_token(models: dict[str, Weights], name: str, document: str) -> None:
    weights = models[name]
    own = controls(weights, weights.render(chat("DOC")))
    assert own
    prompt = weights.render(chat(document))
    assert controls(weights, prompt) == own
    # It is not lost, either: but for the spaces that a vocabulary puts before a text, all of it is there.
    if "\x00" not in document:
        assert (
            "".join(document.split()) in "".join(as_text(weights, prompt).replace("▁", " ").split()) or "▁" in document
        )


@pytest.mark.parametrize("name", [*FAMILIES, "sample"])
def test_no_known_attack_places_a_control_token(models: dict[str, Weights], name: str) -> None:
    weights = models[name]
    own = controls(weights, weights.render(chat("DOC")))
    placed = {attack: controls(weights, weights.render(chat(text))) for attack, text in documents().items()}
    assert placed == dict.fromkeys(ATTACKS, own)


def test_a_merge_into_a_control_token_is_what_the_vocabulary_of_this_test_makes(models: dict[str, Weights]) -> None:
    assert controls(models["merging"], models["merging"].vocabulary.tokenize("a</s>", trusted=False)) == ["</s>"]
    assert controls(models["qwen3"], models["qwen3"].vocabulary.tokenize("a</think>", trusted=False)) == ["</think>"]


@every_family
def test_bos_stands_once_and_only_where_the_model_has_one(models: dict[str, Weights], name: str) -> None:
    weights, family = models[name], FAMILIES[name]
    prompt = as_text(weights, weights.render(chat("The mill burned, and the roof.")))
    has_bos = family.bos is not None and (family.add_bos or "bos_token" in family.template)
    assert prompt.count(family.bos or "<s>") == (1 if has_bos else 0)
    assert prompt.startswith(family.bos or "") or not has_bos
    assert not prompt.endswith(family.eos)
    assert "burned, and" in prompt


def test_a_model_that_is_said_to_want_a_bos_and_has_none_gets_none(folder: Path) -> None:
    without = replace(FAMILIES["qwen2"], add_bos=True)
    weights = Weights(write_model(folder / "no_bos.gguf", without))
    assert as_text(weights, weights.render(chat("A, b."))).startswith("<|im_start|>system")
    weights.close()


def test_a_model_without_a_system_role_has_its_instructions_in_the_users_turn(models: dict[str, Weights]) -> None:
    weights = models["gemma2"]
    assert as_text(weights, weights.render(chat("Anna had the bell."))) == (
        "<s><start_of_turn>user\nSay how it ends.\n\nAnna had the bell.<end_of_turn>\n<start_of_turn>model\n"
    )


def test_the_beginning_of_an_answer_stands_after_the_cue_of_the_template(models: dict[str, Weights]) -> None:
    messages = [*chat("Anna had the bell."), Message("assistant", "In the end<|im_end|>")]
    weights = models["qwen2"]
    prompt = weights.render(messages)
    assert as_text(weights, prompt).endswith("<|im_start|>assistant\nIn the end<|im_end|>")
    assert controls(weights, prompt) == controls(weights, weights.render(chat("")))


def test_a_file_whose_template_takes_nothing_is_refused_when_it_is_loaded(folder: Path) -> None:
    path = write_model(folder / "refusing.gguf", FAMILIES["qwen2"], template="{{ raise_exception('Only tools') }}")
    with pytest.raises(EngineError, match="Only tools"):
        Weights(path)


def test_a_base_model_is_refused_and_told_how_it_can_be_used(folder: Path) -> None:
    path = write_model(folder / "base.gguf", FAMILIES["llama2"], template=None)
    with pytest.raises(ModelError, match="--prompt-style completion"):
        open_model(str(path))
    with pytest.raises(EngineError, match="no chat template"):
        Weights(path)


def test_a_base_model_goes_on_with_plain_text(folder: Path) -> None:
    path = write_model(folder / "plain.gguf", FAMILIES["llama2"], template=None)
    model = open_model(str(path), completion=True)
    assert not model.chat_template
    engine = LlamaRecipe(model, slots=1, lanes=1, context=512, threads=1, completion=True).load()
    weights = Weights(path, completion=True)
    messages = [*chat("Anna had <s> the bell.</s>"), Message("assistant", "Summary:")]
    prompt = weights.render(messages)
    assert as_text(weights, prompt).replace("< ", "<") == (
        "<s> Say how it ends.\n\nAnna had <s> the bell.</s>\n\nSummary:"
    )
    assert controls(weights, prompt) == ["<s>"]
    assert generate(engine, messages).prompt_tokens == len(prompt)
    weights.close()
    engine.close()


def test_a_chat_model_may_be_used_in_completion_style(models: dict[str, Weights], folder: Path) -> None:
    weights = Weights(folder / "qwen3.gguf", completion=True)
    assert as_text(weights, weights.render(chat("The mill."))) == "Say how it ends.\n\nThe mill."
    assert not weights.thinks
    weights.close()


def test_a_token_takes_the_white_space_that_its_file_gives_to_it(models: dict[str, Weights]) -> None:
    weights = models["sample"]
    prompts = weights._prompts
    marker = weights.vocabulary.tokenize("<|im_start|>", trusted=True)[0]
    prompts._attributes[marker] |= llama_cpp.LLAMA_TOKEN_ATTR_RSTRIP | llama_cpp.LLAMA_TOKEN_ATTR_LSTRIP
    try:
        pieces = [Piece("a \n<|im_start|>\n", trusted=True), Piece("  b", trusted=False)]
        assert as_text(weights, prompts.encode(pieces)) == "a<|im_start|>b"
    finally:
        prompts._attributes[marker] = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL


def test_a_generation_begins_as_the_prompt_leaves_it(models: dict[str, Weights]) -> None:
    def starts_in_answer(name: str, *, constrained: bool = False) -> bool:
        weights = models[name]
        prompt = weights.render(chat("Anna had the bell."))
        return weights.answer(prompt, max_tokens=8, thinking_tokens=8, constrained=constrained).in_answer

    assert starts_in_answer("llama2")
    # Its template opens the thinking; this one's model does, or does not.
    assert not starts_in_answer("r1")
    assert not starts_in_answer("r1", constrained=True)
    assert not starts_in_answer("qwen3")
    assert starts_in_answer("qwen3", constrained=True)


def test_the_thinking_of_a_model_is_ended_with_its_own_tokens(models: dict[str, Weights]) -> None:
    weights = models["qwen3"]
    opening, closing = (weights.vocabulary.tokenize(tag, trusted=True)[0] for tag in ("<think>", "</think>"))
    answer = weights.answer(weights.render(chat("Anna.")), max_tokens=8, thinking_tokens=1)
    assert closing in answer.accept(opening)
    answer.accept(weights.vocabulary.tokenize("Anna", trusted=False)[0])
    assert answer.text == "Anna"


def test_a_model_that_is_not_to_think_is_told_so_by_its_template(folder: Path, models: dict[str, Weights]) -> None:
    weights = Weights(folder / "qwen3.gguf", thinking=False)
    assert as_text(weights, weights.render(chat("Anna."))).endswith("assistant\n<think>\n\n</think>\n\n")
    weights.close()


@pytest.mark.parametrize("name", ["qwen3", "r1"])
def test_thinking_ends_at_its_cap_and_is_no_part_of_the_answer(
    models: dict[str, Weights], folder: Path, name: str
) -> None:
    model = open_model(str(folder / f"{name}.gguf"))
    engine = LlamaRecipe(model, slots=2, lanes=1, context=CONTEXT, threads=1, thinking_tokens=24).load()

    async def ask(grammar: str | None) -> Generation:
        return await engine.generate(GenerationRequest(tuple(chat("Anna")), Sampling(), 8, grammar=grammar))

    async def side_by_side() -> list[Generation]:
        return await asyncio.gather(*(ask(grammar) for grammar in (None, 'root ::= "yes" | "no"', None)))

    try:
        free, ruled, again = asyncio.run(side_by_side())
        with pytest.raises(PromptTooLong):
            generate(engine, chat("Anna"), max_tokens=CONTEXT - 40)
    finally:
        engine.close()
    for generation in (free, ruled, again):
        assert generation.completion_tokens <= 24 + 8
        assert "think>" not in generation.text
    # A random model does not end its thinking by itself: it was ended for it, and then the answer had its grammar.
    assert ruled.text in ("yes", "no")
