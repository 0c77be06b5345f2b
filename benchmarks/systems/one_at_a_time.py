"""One document at a time through `llama_cpp.Llama`: loaded at every call, as in the recipe, or once.

Knobs: threads, flash_attention, ubatch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from llama_cpp import Llama

from benchmarks.contract import Document, Opening, Run
from streaming.protocol import Sampling

_SAMPLING = Sampling()


class OneAtATime:
    """The recipe that gistream starts from; with `cached`, its model is loaded once."""

    def __init__(self, opening: Opening, *, cached: bool) -> None:
        self._opening = opening
        self._llama = self._load() if cached else None
        if self._llama is not None:
            self._llama.create_completion("Warm.", max_tokens=1)

    @property
    def process(self) -> int:
        """The worker's own process."""
        return os.getpid()

    def run(self, documents: Sequence[Document], on_part: Callable[[], None]) -> Run:
        """Summarize the documents, one prompt after the other."""
        tokens_in = tokens_out = 0
        began = time.perf_counter()
        for document in documents:
            for prompt in document.prompts:
                usage = self._complete(prompt)
                tokens_in += usage["prompt_tokens"]
                tokens_out += usage["completion_tokens"]
                on_part()
        return Run(len(documents), time.perf_counter() - began, tokens_in, tokens_out)

    def close(self) -> None:
        """Free the model."""
        if self._llama is not None:
            self._llama.close()

    def _complete(self, prompt: Sequence[int]) -> dict[str, int]:
        llama = self._llama or self._load()
        answer = llama.create_completion(
            list(prompt),
            max_tokens=self._opening.max_tokens,
            temperature=_SAMPLING.temperature,
            repeat_penalty=_SAMPLING.repeat_penalty,
        )
        if self._llama is None:
            llama.close()
        # With `stream` it would be an iterator.
        usage: dict[str, int] = cast("dict[str, Any]", answer)["usage"]
        return usage

    def _load(self) -> Llama:
        knobs = self._opening.knobs
        return Llama(
            str(self._opening.model),
            n_ctx=self._opening.context,
            n_threads=knobs["threads"],
            n_threads_batch=knobs["threads"],
            n_ubatch=knobs["ubatch"],
            flash_attn=bool(knobs["flash_attention"]),
            last_n_tokens_size=_SAMPLING.repeat_last_n,
            verbose=False,
        )
