"""Chat templates: the model's own Jinja template, rendered so that no message can place a control token.

A template is rendered with a random mark in the place of each message's content, and the result is cut at the marks.
What remains between them is the template's own text, in which control tokens may be recognized; the contents are
tokenized as plain text. So a document that contains `<|im_end|>` is ten characters of text.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from streaming.errors import EngineError
from streaming.protocol import Message


@dataclass(frozen=True)
class Piece:
    """A part of a rendered prompt; in a `trusted` one control tokens are recognized."""

    text: str
    trusted: bool


class ChatTemplate:
    """A Jinja chat template as model files carry it."""

    def __init__(self, source: str, *, bos: str, eos: str) -> None:
        # The options and globals are those that Hugging Face's transformers gives to chat templates.
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: date.today().strftime(form)
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise EngineError(f"The model's chat template cannot be compiled: {error}.") from error
        self._tokens = {"bos_token": bos, "eos_token": eos}

    def render(self, messages: Sequence[Message]) -> list[Piece]:
        """Render `messages` up to where the assistant's answer begins; raises `EngineError`."""
        mark = f"<{secrets.token_hex(8)}>"
        turns = [{"role": m.role, "content": f"{mark}{n}{mark}"} for n, m in enumerate(messages)]
        try:
            rendered = self._template.render(messages=turns, add_generation_prompt=True, **self._tokens)
        except Exception as error:
            raise EngineError(f"The model's chat template refuses these messages: {error}.") from error
        # Every mark stands twice around a number, so the odd parts are the numbers.
        parts = rendered.split(mark)
        if len(parts) % 2 == 0 or set(parts[1::2]) != {str(n) for n in range(len(messages))}:
            raise EngineError("The model's chat template leaves out or changes a message.")
        pieces = []
        for place, part in enumerate(parts):
            if place % 2:
                pieces.append(Piece(messages[int(part)].content, trusted=False))
            elif part:
                pieces.append(Piece(part, trusted=True))
        return pieces


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)
