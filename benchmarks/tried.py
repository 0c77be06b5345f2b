"""What was tried to make the engine faster, and what came of it: ways to compute the same, beside the one it takes.

Each is measured as one lane of one thread computes: the prompt of a document prefilled, then steps of all slots. What a
document takes of the lane follows from both, as `streaming.engine.tuning.probe` explains. Ways take turns, three times.

Speculation by prompt lookup is reckoned, not built: what it would guess (see `lookup`) against what a step costs that
checks the guesses.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import llama_cpp as llama

from benchmarks.contract import Document, Opening, Tried
from benchmarks.lookup import GUESSED, mean_guessed
from streaming.errors import EngineError

_SLOTS = 8
_ROUNDS = 3
_STEPS = 8
_UBATCH = 512
# ggml_type in ggml.h; the Python binding does not name it.
_BF16 = 30
# Values of q8_0 that share a scale.
_BLOCK = 32


@dataclass(frozen=True)
class Way:
    """A way to compute: what differs from the engine's own in the context's parameters, and in the parts of a prompt.

    `part` is how many tokens are prefilled at once; 0 cuts a prompt into as few equal parts as fit.
    """

    name: str
    parameters: Mapping[str, int]
    part: int = _UBATCH

    def fits(self, model: Any) -> bool:
        """Tell whether the model's heads are wide enough for the blocks in which keys and values are kept."""
        head = llama.llama_model_n_embd(model) // llama.llama_model_n_head(model)
        return self.parameters.get("type_k") != llama.GGML_TYPE_Q8_0 or head % _BLOCK == 0


OWN = Way("as the engine does it", {})
WAYS = (
    OWN,
    Way("without flash attention", {"flash_attn_type": llama.LLAMA_FLASH_ATTN_TYPE_DISABLED}),
    Way("keys and values as f32", {"type_k": llama.GGML_TYPE_F32, "type_v": llama.GGML_TYPE_F32}),
    Way("keys and values as bf16", {"type_k": _BF16, "type_v": _BF16}),
    Way("keys and values as q8_0", {"type_k": llama.GGML_TYPE_Q8_0, "type_v": llama.GGML_TYPE_Q8_0}),
    Way("prompts in equal parts", {}, part=0),
    Way("prompts in parts of 128", {}, part=128),
)


class _Lane:
    """A context of one thread."""

    def __init__(self, model: Any, way: Way, *, context: int) -> None:
        parameters = llama.llama_context_default_params()
        parameters.n_ctx, parameters.n_seq_max = _SLOTS * context, _SLOTS
        parameters.n_batch = parameters.n_ubatch = _UBATCH
        parameters.n_threads = parameters.n_threads_batch = 1
        parameters.kv_unified = False
        parameters.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED
        for name, value in way.parameters.items():
            setattr(parameters, name, value)
        self.way = way
        self._context = llama.llama_init_from_model(model, parameters)
        if not self._context:
            raise EngineError(f"llama.cpp cannot compute {way.name}, or there is too little memory.")
        self._memory = llama.llama_get_memory(self._context)
        self._batch = llama.llama_batch_init(_UBATCH, 0, 1)
        self.prefills: list[float] = []
        self.steps: list[float] = []

    def measure(self, prompt: Sequence[int]) -> None:
        """Prefill a prompt, let all slots have it, take some steps; note how long each took."""
        llama.llama_memory_clear(self._memory, True)
        part = self.way.part or -(-len(prompt) // -(-len(prompt) // _UBATCH))
        began = time.perf_counter()
        for start in range(0, len(prompt), part):
            tokens = prompt[start : start + part]
            self._compute([(token, start + place, 0) for place, token in enumerate(tokens)], last_only=True)
        self.prefills.append(time.perf_counter() - began)
        for slot in range(1, _SLOTS):
            llama.llama_memory_seq_cp(self._memory, 0, slot, -1, -1)
        for step in range(_STEPS):
            began = time.perf_counter()
            self._compute([(prompt[step], len(prompt) + step, slot) for slot in range(_SLOTS)], last_only=False)
            self.steps.append(time.perf_counter() - began)

    def checking(self, prompt: Sequence[int]) -> float:
        """Return the seconds of a step in which every slot has its guesses checked, after `measure`."""
        seconds = []
        start = len(prompt) + _STEPS
        for step in range(_STEPS):
            place = start + step * (GUESSED + 1)
            rows = [(prompt[n], place + n, slot) for slot in range(_SLOTS) for n in range(GUESSED + 1)]
            began = time.perf_counter()
            self._compute(rows, last_only=False)
            seconds.append(time.perf_counter() - began)
        return median(seconds)

    def close(self) -> None:
        """Free the context."""
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._context)

    def _compute(self, rows: Sequence[tuple[int, int, int]], *, last_only: bool) -> None:
        batch = self._batch
        for place, (token, position, slot) in enumerate(rows):
            batch.token[place], batch.pos[place] = token, position
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, slot
            batch.logits[place] = not last_only or place == len(rows) - 1
        batch.n_tokens = len(rows)
        if result := llama.llama_decode(self._context, batch):
            raise EngineError(f"llama.cpp failed {self.way.name} (llama_decode returned {result}).")


def tried(opening: Opening, documents: Sequence[Document]) -> list[Tried]:
    """Measure every way on the first prompt of the first document; the engine's own comes first.

    Raises `EngineError`.
    """
    # A step that checks guesses makes more than one token of each slot.
    tokens = 1 + mean_guessed(opening, documents)
    parameters = llama.llama_model_default_params()
    # llama.cpp's default is a GPU, where there is one.
    parameters.n_gpu_layers = 0
    model = llama.llama_model_load_from_file(str(Path(opening.model)).encode(), parameters)
    if not model:
        raise EngineError(f"llama.cpp could not load {opening.model}.")
    prompt = documents[0].prompts[0]
    ways = [way for way in WAYS if way.fits(model)]
    lanes = [_Lane(model, way, context=opening.context) for way in ways]
    checks = []
    for _ in range(_ROUNDS):
        for lane in lanes:
            lane.measure(prompt)
            if lane.way is OWN:
                checks.append(lane.checking(prompt))
    found = [_tried(lane.way.name, median(lane.prefills), median(lane.steps), opening.max_tokens) for lane in lanes]
    own = found[0]
    found.append(_tried("speculation by prompt lookup", own.prefill, median(checks) / tokens, opening.max_tokens))
    for lane in lanes:
        lane.close()
    llama.llama_model_free(model)
    return found


def _tried(name: str, prefill: float, step: float, max_tokens: int) -> Tried:
    return Tried(name, prefill, step, prefill + max_tokens * step / _SLOTS)
