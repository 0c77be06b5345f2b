"""Chat templates: the model's own Jinja template, rendered so that no message can place a control token.

A template is rendered with a random mark in the place of each message's content, and the result is cut at the marks.
The text between the marks is the template's own, in which control tokens may be recognized; the contents are tokenized
as plain text. So `<|im_end|>` in a document is ten characters of text.

Templates differ in the messages that they accept. Each template is tried once, with marks, when it is compiled:
contents as texts or as lists of parts, with a system message or without. For a model without a system role the
instructions stand before the first user message, a blank line between them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from streaming.errors import EngineError, reason
from streaming.protocol import Message


@dataclass(frozen=True)
class Piece:
    """A part of a rendered prompt; control tokens are recognized in a `trusted` part."""

    text: str
    trusted: bool


@dataclass(frozen=True)
class _Form:
    """The messages that a template accepts: with a `system` role or without, contents as lists of `parts` or texts."""

    system: bool
    parts: bool


# The first form that loses nothing is used, so that instructions stand where the model was trained to find them.
_FORMS = (_Form(True, False), _Form(True, True), _Form(False, True), _Form(False, False))
_PROBE = (Message("system", "instructions"), Message("user", "text"))


class ChatTemplate:
    """A Jinja chat template as model files carry it; `variables` are further variables that some templates read."""

    def __init__(self, source: str, *, bos: str, eos: str, variables: Mapping[str, object] | None = None) -> None:
        """Compile the template; raises `EngineError` when that fails, or it accepts no instructions with a text."""
        # The same options, globals, filters and variables as in Hugging Face's transformers. Without `tools` a template
        # that tests `tools is not none` would take the undefined variable for a list of tools.
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _GenerationTag]
        )
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        environment.filters["tojson"] = _to_json
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise EngineError(f"The model's chat template cannot be compiled: {reason(error)}.") from error
        self._variables = {"tools": None, "documents": None, "bos_token": bos, "eos_token": eos, **(variables or {})}
        self._form = self._probe()
        own = [piece.text for piece in self.render(_PROBE) if piece.trusted]
        self.own_text = "\n".join([source, *own])
        """A text that contains everything that can be the template's own text in a prompt."""

    def render(self, messages: Sequence[Message]) -> list[Piece]:
        """Render `messages` up to where the assistant's answer begins; raises `EngineError`."""
        return self._render(messages, self._form)

    def _probe(self) -> _Form:
        failure = None
        for form in _FORMS:
            try:
                self._render(_PROBE, form)
            except EngineError as error:
                # The last form asks least of a template, so its refusal is the one to report.
                failure = error
            else:
                return form
        raise failure or EngineError("The model's chat template takes no messages.")

    def _render(self, messages: Sequence[Message], form: _Form) -> list[Piece]:
        if not form.system:
            messages = _without_system(messages)
        # JSON escapes the quote, so a template that writes contents as JSON strings is detected.
        mark = f'<{secrets.token_hex(8)}">'
        turns = [_turn(message.role, f"{mark}{number}{mark}", form) for number, message in enumerate(messages)]
        try:
            rendered = self._template.render(messages=turns, add_generation_prompt=True, **self._variables)
        except Exception as error:
            raise EngineError(f"The model's chat template refuses these messages: {reason(error)}.") from error
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


def join(messages: Sequence[Message]) -> list[Piece]:
    """Return the prompt of a base model, which knows no turns: the contents as plain text, blank lines between them."""
    return [Piece("\n\n".join(message.content for message in messages), trusted=False)]


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """Put the text of system messages before that of the first user message."""
    system = [message.content for message in messages if message.role == "system"]
    rest = [message for message in messages if message.role != "system"]
    if not system:
        return rest
    first = next((place for place, message in enumerate(rest) if message.role == "user"), None)
    if first is None:
        return [Message("user", "\n\n".join(system)), *rest]
    rest[first] = Message("user", "\n\n".join([*system, rest[first].content]))
    return rest


def _turn(role: str, content: str, form: _Form) -> dict[str, object]:
    return {"role": role, "content": [_Part(type="text", text=content)] if form.parts else content}


class _Part(dict[str, str]):
    """A part of a content; its text form is empty, so that a template which expects a text does not print a list."""

    def __repr__(self) -> str:
        return ""


class _GenerationTag(Extension):
    """`{% generation %}`, which marks an assistant's text for training and has no meaning in a prompt."""

    tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Return the content of the block."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _to_json(value: Any, **options: Any) -> str:
    # jinja2's own filter writes `<` and `>` as escapes, for web pages.
    return json.dumps(value, **{"ensure_ascii": False, **options})


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)
