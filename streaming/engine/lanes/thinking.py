"""Reasoning models: where the thinking part of a generation ends and the answer begins. Knows no llama.cpp.

A model thinks between two tags, which its chat template names. The thinking has a token limit of its own. At the limit
the closing text is fed to the model as if it had written it, and only the tokens after that are the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from streaming.protocol import FinishReason


@dataclass(frozen=True)
class Tags:
    """The texts before and after a model's thinking, and the text that ends the thinking at its limit."""

    opening: str
    closing: str
    ending: str

    def open_in(self, text: str) -> bool:
        """Tell whether `text` ends where thinking begins."""
        return text.rstrip().endswith(self.opening)


def _pair(opening: str, closing: str) -> Tags:
    # The line ends are those between thinking and answer in the templates of Qwen 3 and DeepSeek R1.
    return Tags(opening, closing, f"\n{closing}\n\n")


_TAGS = (
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
    return next((tags for tags in _TAGS if tags.closing in template), None)


class Tokens(Protocol):
    """The part of `vocabulary.Vocabulary` that is used here."""

    def piece(self, token: int, *, special: bool) -> bytes:
        """Return the bytes of a token; those of a control token only when `special`."""

    def ends(self, token: int) -> bool:
        """Tell whether a token ends a generation."""

    def tokenize(self, text: str, *, trusted: bool) -> list[int]:
        """Return the tokens of a text; control tokens are recognized in `trusted` text."""


class Answer:
    """One generation, token by token: which part is thinking, which part is the answer, and when it is done.

    Give each sampled token to `accept`. The tokens that it returns were not chosen by the model: feed them after the
    accepted token, and sample the next token after the last of them. Then look at `done`. `in_answer` turns true, once,
    when the next sampled token belongs to the answer. A grammar and a sampler that penalizes repeats are made then,
    because neither applies to the thinking.

    The answer has at most `max_tokens` tokens and the thinking, tags included, at most `thinking_tokens`. Both together
    never take more than the sum, so a prompt that leaves as many tokens free always fits.
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
        """Begin a generation after a prompt, which ends `inside` the thinking or not.

        With `constrained` (there is a grammar) the answer begins at once, unless the thinking began in the prompt.
        """
        self._tokens = tokens
        self._max_tokens, self._thinking_tokens = max_tokens, thinking_tokens
        self._part: Literal["unknown", "thinking", "answer"] = "answer"
        if tags is not None and (inside or not constrained):
            self._part = "thinking" if inside else "unknown"
            self._opening, self._closing = tags.opening.encode(), tags.closing.encode()
            self._ending = tokens.tokenize(tags.ending, trusted=True)
        # The text that may be, or become, a tag; it includes control tokens, because tags often are control tokens.
        self._tag_text = b""
        self._answer = b""
        self._answer_tokens = 0
        self._finish: FinishReason | None = None
        self.completion_tokens = 0
        """All tokens of the generation: thinking and answer, sampled and forced; without the token that ended it."""

    @property
    def in_answer(self) -> bool:
        """Whether the next sampled token belongs to the answer."""
        return self._part == "answer"

    @property
    def done(self) -> bool:
        """Whether the generation has ended."""
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
        """Take the sampled token; return the tokens to be fed after it that the model did not choose."""
        if self._tokens.ends(token):
            self._finish = "stop"
            return []
        self.completion_tokens += 1
        forced: list[int] = []
        if self._part != "thinking":
            # The first tokens count as the answer until they prove to be thinking.
            self._answer += self._tokens.piece(token, special=False)
            self._answer_tokens += 1
        if self._part != "answer":
            self._tag_text += self._tokens.piece(token, special=True)
            if self._part == "unknown":
                self._decide()
            if self._part == "thinking":
                forced = self._think()
        tokens_left = self._max_tokens + self._thinking_tokens - self.completion_tokens - len(forced)
        if self._answer_tokens >= self._max_tokens or tokens_left <= 0:
            self._finish = "length"
            return []
        self.completion_tokens += len(forced)
        return forced

    def _decide(self) -> None:
        """Decide whether the first text is the opening tag, the answer, or too short to know."""
        text = self._tag_text.lstrip()
        if text.startswith(self._opening):
            self._part, self._tag_text = "thinking", text[len(self._opening) :]
            self._answer, self._answer_tokens = b"", 0
        elif text.startswith(self._closing):
            # No thinking: gpt-oss answers at once in this way, and so do others whose thinking is switched off.
            self._begin_answer(text[len(self._closing) :])
        elif not (self._opening.startswith(text) or self._closing.startswith(text)):
            self._part = "answer"

    def _think(self) -> list[int]:
        """Look for the closing tag; return the tokens that end the thinking when its limit is reached."""
        _, closing, rest = self._tag_text.partition(self._closing)
        if closing:
            self._begin_answer(rest)
            return []
        # The next token may continue a tag.
        self._tag_text = self._tag_text[-len(self._closing) :]
        if self.completion_tokens + len(self._ending) < self._thinking_tokens:
            return []
        self._begin_answer(b"")
        return self._ending

    def _begin_answer(self, text: bytes) -> None:
        self._part, self._answer, self._answer_tokens = "answer", text, 0
