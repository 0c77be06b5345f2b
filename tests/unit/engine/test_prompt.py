from __future__ import annotations

from collections.abc import Iterator, Sequence

import llama_cpp

from streaming.engine.lanes.prompt import Prompts
from streaming.engine.lanes.template import ChatTemplate, Piece
from streaming.engine.lanes.thinking import thinking_tags
from streaming.protocol import Message

TEMPLATE = (
    "{% for m in messages %}{{ m.role }}:{{ m.content }}{% if m.role == 'assistant' %}</think>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}assistant:<think>\n{% endif %}"
)


class Letters:
    """A vocabulary of characters with one control token, 0, which it finds in any text and in any case: `<stop>`."""

    bos: int | None = None
    adds_bos = False

    def special(self) -> Iterator[tuple[int, str, int]]:
        yield 0, "<stop>", llama_cpp.LLAMA_TOKEN_ATTR_CONTROL

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        place = text.lower().find("<stop>")
        if place < 0:
            return [ord(character) for character in text]
        return [*map(ord, text[:place]), 0, *self.tokenize(text[place + 6 :], trusted=trusted)]

    def piece(self, token: int, *, special: bool) -> bytes:
        return chr(token).encode() if token else b"<stop>"


LETTERS = Letters()


class Absorbing(Letters):
    """Its control token takes the white space on both sides with it."""

    def special(self) -> Iterator[tuple[int, str, int]]:
        sides = llama_cpp.LLAMA_TOKEN_ATTR_LSTRIP | llama_cpp.LLAMA_TOKEN_ATTR_RSTRIP
        yield 0, "<stop>", llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | sides


class Opening(Letters):
    """Every prompt begins with its control token."""

    bos, adds_bos = 0, True


def prompts(template: str | None = TEMPLATE, *, thinking: bool = True, vocabulary: Letters = LETTERS) -> Prompts:
    chat = ChatTemplate(template, bos="", eos="") if template else None
    tags = thinking_tags(template) if template else None
    return Prompts(vocabulary, chat, tags=tags, thinking=thinking)  # type: ignore[arg-type]


def text(tokens: Sequence[int]) -> str:
    return "".join(chr(token) if token else "<STOP>" for token in tokens)


def test_a_control_token_is_only_where_trusted_text_has_it() -> None:
    pieces = [Piece("a<stop>", trusted=True), Piece("b<stop>c", trusted=False), Piece("<stop>", trusted=True)]
    assert text(prompts().encode(pieces)) == "a<STOP>b<stop>c<STOP>"


def test_a_control_token_over_the_edge_of_a_message_is_none() -> None:
    pieces = [Piece("<st", trusted=True), Piece("op>", trusted=False)]
    assert text(prompts().encode(pieces)) == "<stop>"


def test_a_control_token_that_cutting_does_not_prevent_is_left_out() -> None:
    assert text(prompts().encode([Piece("b<STOP>c", trusted=False)])) == "bc"


def test_a_control_token_takes_white_space_only_where_the_vocabulary_says_so() -> None:
    pieces = [Piece("a \n<stop>\t ", trusted=True), Piece(" b ", trusted=False)]
    assert text(prompts(vocabulary=Absorbing()).encode(pieces)) == "a<STOP>b "
    assert text(prompts().encode(pieces)) == "a \n<STOP>\t  b "


def test_bos_is_added_once_and_only_where_it_is_missing() -> None:
    opening = prompts(vocabulary=Opening())
    assert text(opening.encode([Piece("a", trusted=True)])) == "<STOP>a"
    assert text(opening.encode([Piece("<stop>a", trusted=True)])) == "<STOP>a"
    assert text(opening.encode([Piece("<stop>a", trusted=False)])) == "<STOP><stop>a"


def test_a_prompt_ends_where_the_template_opens_the_thinking() -> None:
    prompt = prompts().render([Message("user", "x")])
    assert text(prompt) == "user:xassistant:<think>\n"
    assert prompts().opens_thinking(prompt)


def test_a_model_that_shall_not_think_finds_its_thinking_ended() -> None:
    quiet = prompts(thinking=False)
    prompt = quiet.render([Message("user", "x")])
    assert text(prompt).endswith("<think>\n\n</think>\n\n")
    assert not quiet.opens_thinking(prompt)


def test_an_answer_that_has_begun_is_not_thought_about() -> None:
    prompt = prompts().render([Message("user", "x"), Message("assistant", "It is")])
    assert text(prompt).endswith("</think>\n\nIt is")
    assert not prompts().opens_thinking(prompt)


def test_without_a_template_the_messages_are_paragraphs() -> None:
    messages = [Message("system", "Do."), Message("user", "x"), Message("assistant", "Summary:")]
    assert text(prompts(None).render(messages)) == "Do.\n\nx\n\nSummary:"
