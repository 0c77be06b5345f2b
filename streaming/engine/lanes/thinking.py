"""Reasoning models: where the thinking part of a generation ends and the answer begins. Knows no llama.cpp.

A model thinks between two tags, which its chat template names. The thinking has a cap of its own, at which its end is
put into the model's mouth, and only what follows is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from streaming.protocol import FinishReason


@dataclass(frozen=True)
class Tags:
    """What a model writes before and after its thinking, and the text that ends it when the cap is reached."""

    opening: str
    closing: str
    ending: str

    def open_in(self, text: str) -> bool:
        """Tell whether `text` ends where thinking begins."""
        return text.rstrip().endswith(self.opening)


def _pair(opening: str, closing: str) -> Tags:
    # The line ends are those between thinking and answer in the templates of Qwen 3 and DeepSeek R1.
    return Tags(opening, closing, f"\n{closing}\n\n")


_KNOWN = (
    # Qwen 3, QwQ, DeepSeek R1, SmolLM 3, GLM 4.5, EXAONE 4, Phi 4 reasoning and most others.
    _pair("<think>", "</think>"),
    # Magistral and Ministral 3.
    _pair("[THINK]", "[/THINK]"),
    # Seed-OSS.
    _pair("<seed:think>", "</seed:think>"),
    # Kimi-VL.
    _pair("◁think▷", "◁/think▷"),
    # EXAONE Deep.
    _pair("<thought>", "</thought>"),
    # Gemma 4.
    _pair("<|channel>thought", "<channel|>"),
    # Apertus.
    Tags("<|inner_prefix|>", "<|inner_suffix|>", "<|inner_suffix|>"),
    # Command A reasoning and Command R7B.
    Tags("<|START_THINKING|>", "<|END_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    # gpt-oss: thinking is a message of its own, to another channel.
    Tags(
        "<|channel|>analysis<|message|>",
        "<|channel|>final<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
    ),
)


def thinking_tags(template: str) -> Tags | None:
    """Return the tags that the model of this chat template thinks between; None when it does not think."""
    return next((tags for tags in _KNOWN if tags.closing in template), None)


class Tokens(Protocol):
    """What is asked of a vocabulary (`vocabulary.Vocabulary`)."""

    def piece(self, token: int, *, special: bool) -> bytes:
        """Return the bytes of a token; those of a control token only when `special`."""

    def ends(self, token: int) -> bool:
        """Tell whether a token ends a generation."""

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        """Return the tokens of a text; control tokens are recognized in a `trusted` one."""


class Answer:
    """One generation, token by token: what of it is thinking, what the answer, and when it is done.

    Give each sampled token to `accept`. The tokens that it returns were not chosen by the model: feed them after the
    accepted one, and sample the next after the last. Then look at `done`. `begun` turns true, once, when what is
    sampled next belongs to the answer; a grammar, and a sampler that penalizes repeats, are made then, since neither
    is about the thinking.

    The answer has at most `max_tokens` tokens, the thinking, tags included, `thinking_tokens`, and both together never
    more than the sum, so a prompt for which that much is free always fits.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        tags: Tags | None,
        inside: bool,
        max_tokens: int,
        thinking_tokens: int,
        constrained: bool = False,
    ) -> None:
        """Begin a generation after a prompt, which ends `inside` thinking or not.

        With `constrained` (there is a grammar) an answer whose thinking has not begun in the prompt begins at once.
        """
        self._tokens = tokens
        self._max_tokens, self._thinking_tokens = max_tokens, thinking_tokens
        self._part: Literal["unknown", "thinking", "answer"] = "answer"
        if tags is not None and (inside or not constrained):
            self._part = "thinking" if inside else "unknown"
            self._opening, self._closing = tags.opening.encode(), tags.closing.encode()
            self._ending = tokens.tokenize(tags.ending, trusted=True)
        # What was written and may be, or become, a tag: with the text of control tokens, as tags often are some.
        self._written = b""
        self._answer = b""
        self._answer_tokens = 0
        self._finish: FinishReason | None = None
        self.completion_tokens = 0
        """All tokens of the generation: thinking and answer, sampled and forced; without the one that ended it."""

    @property
    def begun(self) -> bool:
        """Whether the answer has begun: what is sampled next belongs to it."""
        return self._part == "answer"

    @property
    def done(self) -> bool:
        """Whether nothing more is to be sampled."""
        return self._finish is not None

    @property
    def finish(self) -> FinishReason:
        """Why the generation ended: "length" when the answer met its limit."""
        return self._finish or "length"

    @property
    def text(self) -> str:
        """The answer so far, without thinking, control tokens and leading white space."""
        return self._answer.decode(errors="replace").lstrip()

    def accept(self, token: int) -> list[int]:
        """Take the token that was sampled; return those to be fed after it that the model did not choose."""
        if self._tokens.ends(token):
            self._finish = "stop"
            return []
        self.completion_tokens += 1
        forced: list[int] = []
        if self._part != "thinking":
            # Until it is known what the first tokens are, they count as the answer.
            self._answer += self._tokens.piece(token, special=False)
            self._answer_tokens += 1
        if self._part != "answer":
            self._written += self._tokens.piece(token, special=True)
            if self._part == "unknown":
                self._decide()
            if self._part == "thinking":
                forced = self._think()
        left = self._max_tokens + self._thinking_tokens - self.completion_tokens - len(forced)
        if self._answer_tokens >= self._max_tokens or left <= 0:
            self._finish = "length"
            return []
        self.completion_tokens += len(forced)
        return forced

    def _decide(self) -> None:
        """Tell what the first text is: the opening tag, the answer, or too short to know."""
        said = self._written.lstrip()
        if said.startswith(self._opening):
            self._part, self._written = "thinking", said[len(self._opening) :]
            self._answer, self._answer_tokens = b"", 0
        elif said.startswith(self._closing):
            # Thinking left out: so gpt-oss answers at once, and others that were told not to think.
            self._begin(said[len(self._closing) :])
        elif not (self._opening.startswith(said) or self._closing.startswith(said)):
            self._part = "answer"

    def _think(self) -> list[int]:
        """Look for the closing tag; write it for the model when the cap is reached."""
        _, closed, said = self._written.partition(self._closing)
        if closed:
            self._begin(said)
            return []
        # A tag may go on in the next token.
        self._written = self._written[-len(self._closing) :]
        if self.completion_tokens + len(self._ending) < self._thinking_tokens:
            return []
        self._begin(b"")
        return self._ending

    def _begin(self, said: bytes) -> None:
        self._part, self._answer, self._answer_tokens = "answer", said, 0
