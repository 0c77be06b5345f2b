from __future__ import annotations

import re

import pytest
from chat_templates import CHATML, DEEPSEEK_R1, LLAMA_3, QWEN_3
from hypothesis import given
from hypothesis import strategies as st

from streaming.engine.lanes.thinking import Answer, Tags, thinking_tags

THINK = Tags("<think>", "</think>", "\n</think>\n\n")
END = "<end>"


class Pieces:
    """A vocabulary whose tokens are given as texts: a token's number is its place in `texts`.

    `<think>`, `</think>` and `<end>` are control tokens where a text is one of them alone.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []

    def number(self, text: str) -> int:
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text)

    def piece(self, token: int, *, special: bool) -> bytes:
        text = self.texts[token]
        return b"" if not special and re.fullmatch(r"</?think>", text) else text.encode("utf-8", "surrogateescape")

    def ends(self, token: int) -> bool:
        return self.texts[token] == END

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        return [self.number(part) for part in re.split(r"(</think>)", text)]


class Run:
    """Feeds a generation the `texts` of a model, token by token; forced tokens are noted in `fed`, too."""

    def __init__(
        self,
        *texts: str,
        tags: Tags | None = THINK,
        inside: bool = False,
        max_tokens: int = 50,
        thinking_tokens: int = 50,
        constrained: bool = False,
    ) -> None:
        self.pieces = Pieces()
        self.answer = Answer(
            self.pieces,
            tags=tags,
            inside=inside,
            max_tokens=max_tokens,
            thinking_tokens=thinking_tokens,
            constrained=constrained,
        )
        self.fed: list[str] = []
        self.answer_at: int | None = 0 if self.answer.in_answer else None
        for text in texts:
            if self.answer.done:
                break
            forced = self.answer.accept(self.pieces.number(text))
            self.fed += [text, *(self.pieces.texts[token] for token in forced)]
            if self.answer.in_answer and self.answer_at is None:
                self.answer_at = len(self.fed)


def test_without_tags_everything_is_the_answer() -> None:
    run = Run(" The", " end", ".", END, tags=None)
    assert run.answer_at == 0
    assert run.answer.done
    assert (run.answer.text, run.answer.finish, run.answer.completion_tokens) == ("The end.", "stop", 3)


def test_the_thinking_is_no_part_of_the_text() -> None:
    run = Run("<think>", "\n", "Hm", "\n", "</think>", "\n\n", "The", " end.", END)
    assert run.answer_at == 5
    assert (run.answer.text, run.answer.finish) == ("The end.", "stop")
    assert run.answer.completion_tokens == 8


def test_thinking_that_the_prompt_has_begun_is_no_part_of_the_text() -> None:
    run = Run("Hm", "</think>", "\n\n", "The end.", END, inside=True)
    assert run.answer_at == 2
    assert run.answer.text == "The end."


def test_an_answer_without_thinking_is_whole() -> None:
    run = Run("\n", " The", " end", ".", END)
    assert (run.answer.text, run.answer.completion_tokens) == ("The end.", 4)


@pytest.mark.parametrize(
    "texts",
    [
        ("<", "th", "ink", ">", "Hm", "</", "think", ">", "\n\n", "The end."),
        ("\n\n", "<think>", "Hm", "</think>", "The end."),
        ("<think>Hm", " </think>The end."),
        ("<think>", "</think>", "The end."),
        ("<think></think>The end.",),
        ("<think>", "a </ think> </thin", " </", "</thi", "nk>", "The end."),
        ("</think>", "The end."),
    ],
)
def test_tags_are_found_however_they_are_cut_into_tokens(texts: tuple[str, ...]) -> None:
    run = Run(*texts, END)
    assert (run.answer.text, run.answer.finish) == ("The end.", "stop")
    assert run.answer.in_answer


def test_a_tag_that_is_bytes_of_several_tokens_is_found() -> None:
    raw = "◁think▷Hm◁/think▷Éva."
    letters = [bytes([byte]).decode("utf-8", "surrogateescape") for byte in raw.encode()]
    run = Run(*letters, END, tags=Tags("◁think▷", "◁/think▷", "◁/think▷"))
    assert run.answer.text == "Éva."


@pytest.mark.parametrize("texts", [("<", "th", "is>", " is it"), ("<", "think", "ing>"), ("</", "p>"), ("<thin",)])
def test_what_only_began_like_a_tag_is_the_answer(texts: tuple[str, ...]) -> None:
    run = Run(*texts, END)
    assert (run.answer.text, run.answer.completion_tokens) == ("".join(texts), len(texts))


def test_a_tag_in_the_middle_of_an_answer_is_text() -> None:
    assert Run("Use ", "<", "think", ">", " here", END).answer.text == "Use <think> here"


def test_at_its_cap_the_thinking_is_ended_for_the_model() -> None:
    run = Run("<think>", *["hm"] * 6, "The end.", END, thinking_tokens=10)
    # The three tokens of the ending belong to the cap, and so does the opening tag.
    assert run.fed == ["<think>", *["hm"] * 6, "\n", "</think>", "\n\n", "The end.", END]
    assert run.answer_at == 10
    assert (run.answer.text, run.answer.finish, run.answer.completion_tokens) == ("The end.", "stop", 11)


def test_a_closing_tag_at_the_cap_is_not_written_twice() -> None:
    run = Run("<think>", *["hm"] * 5, "</think>", "The end.", END, thinking_tokens=10)
    assert run.fed == ["<think>", *["hm"] * 5, "</think>", "The end.", END]


def test_a_cap_of_nothing_ends_the_thinking_where_it_begins() -> None:
    run = Run("<think>", "The end.", END, thinking_tokens=0)
    assert run.fed == ["<think>", "\n", "</think>", "\n\n", "The end.", END]


def test_the_answer_has_its_own_limit() -> None:
    run = Run("<think>", *["hm"] * 9, "</think>", *["a"] * 9, max_tokens=4)
    assert (run.answer.text, run.answer.finish, run.answer.completion_tokens) == ("aaaa", "length", 15)


def test_an_answer_without_thinking_has_the_same_limit() -> None:
    run = Run("<", *["a"] * 9, max_tokens=4)
    assert (run.answer.text, run.answer.finish) == ("<aaa", "length")


def test_white_space_without_an_end_meets_the_limit() -> None:
    run = Run(*["\n"] * 9, max_tokens=4)
    assert (run.answer.text, run.answer.finish, run.answer.completion_tokens) == ("", "length", 4)


@pytest.mark.parametrize("inside", [True, False])
def test_an_end_within_the_thinking_is_an_empty_answer(inside: bool) -> None:
    run = Run(*([] if inside else ["<", "think>"]), "Hm", END, inside=inside)
    assert run.answer.done
    assert (run.answer.text, run.answer.finish) == ("", "stop")


def test_with_a_grammar_the_answer_begins_at_once_unless_the_prompt_opens_the_thinking() -> None:
    assert Run("yes", END, constrained=True).answer_at == 0
    assert Run("Hm", "</think>", "yes", END, inside=True, constrained=True).answer_at == 2


@given(
    texts=st.lists(st.sampled_from(["<think>", "</think>", "<", "think>", "/", "a", " ", "\n", END]), max_size=60),
    inside=st.booleans(),
    max_tokens=st.integers(1, 12),
    thinking_tokens=st.integers(0, 12),
    constrained=st.booleans(),
)
def test_a_generation_never_takes_more_than_both_limits(
    texts: list[str], inside: bool, max_tokens: int, thinking_tokens: int, constrained: bool
) -> None:
    run = Run(
        *texts,
        inside=inside,
        max_tokens=max_tokens,
        thinking_tokens=thinking_tokens,
        constrained=constrained,
    )
    assert run.answer.completion_tokens <= max_tokens + thinking_tokens
    assert len([text for text in run.fed if text != END]) == run.answer.completion_tokens
    assert run.answer.done or len(texts) < max_tokens + thinking_tokens
    if inside or (texts and "".join(texts).lstrip().startswith("<think>") and not constrained):
        assert not run.answer.text.startswith("<think>") or "</think>" in run.fed


@pytest.mark.parametrize(
    ("template", "opening"),
    [
        (QWEN_3, "<think>"),
        (DEEPSEEK_R1, "<think>"),
        ("{{ '[THINK]' + m.reasoning + '[/THINK]' }}", "[THINK]"),
        ("{{ '<|channel|>final<|message|>' + m.content }}", "<|channel|>analysis<|message|>"),
        ("{{ m.content.split('<channel|>')[-1] }}", "<|channel>thought"),
    ],
)
def test_the_tags_are_those_of_the_template(template: str, opening: str) -> None:
    tags = thinking_tags(template)
    assert tags is not None
    assert tags.opening == opening


@pytest.mark.parametrize("template", [CHATML, LLAMA_3])
def test_a_template_that_closes_no_thinking_has_no_tags(template: str) -> None:
    assert thinking_tags(template) is None
