"""A program that measures how fast a model file prefills and decodes in a setup, in all lanes at once.

It reads {"path", "slots", "lanes", "threads", "ubatch", "context", "prompt_tokens", "texts"} and prints one line:
{"lanes": [{"slots", "prefill", "decode"}, ...], "memory"}; times in seconds, memory in bytes.

A document costs a lane one prefill and the document's share of the steps that all slots take together. So a lane of S
slots makes 1 / (prefill + completion tokens x decode / S) documents a second, and an engine makes the sum of its lanes.
Measuring twenty requests through the engine gives the same with more noise and takes five times as long.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from streaming.engine.lanes.llama import Context, Weights
from streaming.engine.setup import shares
from streaming.engine.tuning.subprocess_run import read_request, write_line
from streaming.errors import EngineError

# The first prefill is slow because it touches memory for the first time; the median of three leaves it out.
_PREFILLS = 3
# No further prefill is measured after so many seconds: that of a large model is representative at once.
_LONG_SECONDS = 15.0
_STEPS = 12


def main() -> None:
    """Measure the file and the setup of the request."""
    request = read_request()
    own = psutil.Process()
    before = own.memory_info().rss
    weights = Weights(Path(request["path"]), completion=True)
    prompt = _prompt(weights, request["texts"], request["prompt_tokens"])
    lanes = request["lanes"]
    contexts = [
        weights.open_context(slots=slots, context=request["context"], threads=threads, ubatch=request["ubatch"])
        for slots, threads in zip(shares(request["slots"], lanes), shares(request["threads"], lanes), strict=True)
    ]
    barrier = threading.Barrier(lanes)
    with ThreadPoolExecutor(lanes) as pool:
        futures = [
            pool.submit(_measure, context, slots, prompt, barrier)
            for context, slots in zip(contexts, shares(request["slots"], lanes), strict=True)
        ]
        times = [future.result() for future in futures]
    write_line({"lanes": times, "memory": own.memory_info().rss - before})


def _prompt(weights: Weights, texts: Sequence[str], length: int) -> list[int]:
    """Return a prompt of `length` tokens from sample texts."""
    tokens = [token for text in texts for token in weights.vocabulary.tokenize(text, trusted=False)]
    if not tokens:
        raise EngineError("There is no text to measure with.")
    return (tokens * (length // len(tokens) + 1))[:length]


def _measure(context: Context, slots: int, prompt: list[int], barrier: threading.Barrier) -> dict[str, float]:
    prefills: list[float] = []
    barrier.wait()
    while len(prefills) < _PREFILLS and sum(prefills) < _LONG_SECONDS:
        prefills.append(_prefill(context, prompt))
    # The other slots get the cache that a prefill of theirs would leave.
    for slot in range(1, slots):
        context.copy(0, slot)
    barrier.wait()
    steps = []
    for step in range(_STEPS):
        began = time.perf_counter()
        context.decode([(slot, prompt[step % len(prompt)], len(prompt) + step) for slot in range(slots)])
        steps.append(time.perf_counter() - began)
    return {"slots": slots, "prefill": statistics.median(prefills), "decode": statistics.median(steps)}


def _prefill(context: Context, prompt: list[int]) -> float:
    began = time.perf_counter()
    context.truncate(0, 0)
    for start in range(0, len(prompt), context.ubatch):
        part = prompt[start : start + context.ubatch]
        context.prefill(0, part, start, last=start + len(part) == len(prompt))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
