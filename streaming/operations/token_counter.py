"""Counts the tokens of texts as the model of the settings does, with its vocabulary alone: for a dry run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streaming.engine import open_model
from streaming.planning.engine_choice import foresee
from streaming.planning.layout import plan_layout
from streaming.planning.work import plan_counter
from streaming.protocol import Message
from streaming.settings import Settings


@contextmanager
def open_token_counter(settings: Settings) -> Iterator[Callable[[str], int]]:
    """Yield a function from a text to its tokens, without those of instructions and chat template.

    Raises `ModelError` and `UsageError`.
    """
    model = open_model(settings.model, completion=settings.completion)
    choice = foresee(settings, model, cores=plan_layout(settings).cores)
    engine = plan_counter(settings, choice).load_counter()
    try:
        around = engine.count([Message("user", "")])
        yield lambda text: engine.count([Message("user", text)]) - around
    finally:
        engine.close()
