"""A system under measurement: opened once, run on documents, closed. Plain values only, because they cross a pipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# A system's settings: threads, slots, ubatch and the like, by the name that its own documentation uses.
Knobs = dict[str, int | bool]


@dataclass(frozen=True)
class Document:
    """A document as every system gets it.

    `chunks` are the parts of `text` that fit a prompt, one for a short document; `prompts` are the tokens of their
    rendered prompts, in the same order.
    """

    id: str
    text: str
    chunks: tuple[str, ...]
    prompts: tuple[tuple[int, ...], ...]

    @property
    def tokens(self) -> int:
        """Tokens of all its prompts."""
        return sum(len(prompt) for prompt in self.prompts)


@dataclass(frozen=True)
class Opening:
    """The things with which a system is opened: the model file, its limits, and its settings.

    `context` is the tokens of one sequence, prompt and completion; `folder` belongs to the system and is deleted after
    it; `program` is the llama-server to start, for that system.
    """

    model: Path
    max_tokens: int
    context: int
    folder: Path
    knobs: Knobs
    program: Path | None = None


@dataclass(frozen=True)
class Run:
    """Documents summarized in wall-clock `seconds`; tokens of all prompts and completions, as the system counts them.

    `batches` is the number of micro-batches, 0 where there are none.
    """

    documents: int
    seconds: float
    tokens_in: int
    tokens_out: int
    batches: int = 0


@dataclass(frozen=True)
class Delay:
    """Seconds that one document took on an idle pipeline, and in the engine alone."""

    pipeline: float
    engine: float


@dataclass(frozen=True)
class Resident:
    """Bytes by which a process grew when it loaded an engine: after its first round of prompts, and after its last."""

    first: int
    last: int


class System(Protocol):
    """One way to summarize documents. It loads and warms its model when it is made from an `Opening`."""

    @property
    def process(self) -> int:
        """The process that has, with its descendants, the memory of the system."""

    def run(self, documents: Sequence[Document], on_part: Callable[[], None]) -> Run:
        """Summarize `documents`; `on_part` is called for each prompt, by a pipeline for each document.

        Raises `GistreamError`.
        """

    def close(self) -> None:
        """End the processes that were started."""


def settings_text(knobs: Knobs) -> str:
    """Return a system's settings as text: "slots 8, flash attention on"."""
    words = {True: "on", False: "off"}
    return ", ".join(
        f"{name.replace('_', ' ')} {words[value] if isinstance(value, bool) else value}"
        for name, value in knobs.items()
    )
