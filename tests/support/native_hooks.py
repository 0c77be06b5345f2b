"""The real engine with a trap in native code: a prompt with a certain word crashes llama.cpp, or never comes back."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from streaming.engine import LlamaRecipe
from streaming.engine.lanes.llama import Context
from streaming.protocol import Engine

CRASHES, HANGS = "Xylophone", "Zeppelin"


@dataclass(frozen=True)
class TrappedRecipe:
    """Loads what `inner` says; `log` gets a line with the process id for each load."""

    inner: LlamaRecipe
    log: str

    def load(self, on_progress: Callable[[float], None] | None = None) -> Engine:
        with Path(self.log).open("a") as file:
            file.write(f"{os.getpid()}\n")
        engine = self.inner.load(on_progress)
        prefill, vocabulary = Context.prefill, engine._weights.vocabulary  # type: ignore[attr-defined]

        def trapped(context: Context, slot: int, tokens: Sequence[int], position: int, *, last: bool) -> None:
            text = b"".join(vocabulary.piece(token, special=False) for token in tokens).decode(errors="replace")
            if CRASHES in text:
                ctypes.string_at(0)
            while HANGS in text:
                ctypes.CDLL(None).pause()
            prefill(context, slot, tokens, position, last=last)

        Context.prefill = trapped  # type: ignore[method-assign]
        return engine
