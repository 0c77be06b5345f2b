"""How fast a model file is in a setup: a program that loads it, prefills and decodes in every lane, and says how long.

It reads {"path", "slots", "lanes", "threads", "ubatch", "context", "prompt_tokens", "texts"} and prints one line:
{"lanes": [{"slots", "prefill", "decode"}, ...], "memory"}; times in seconds, memory in bytes.

What a lane does for one document is one prefill and its share of the steps that all slots take together, so a lane of
S slots makes 1 / (prefill + completion tokens x decode / S) documents a second, and an engine what its lanes do. Twenty
requests through the engine say the same with more noise and take five times as long.
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
from streaming.engine.tuning.subprocess_run import answer, read_request
from streaming.errors import EngineError

# The first prefill touches memory for the first time; the median of three is one that did not.
_PREFILLS = 3
# A large model's first prefill, longer than this, is representative enough.
_LONG_SECONDS = 15.0
_STEPS = 12


def main() -> None:
    """Measure what the request names."""
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
    together = threading.Barrier(lanes)
    with ThreadPoolExecutor(lanes) as pool:
        measured = [
            pool.submit(_measure, context, slots, prompt, together)
            for context, slots in zip(contexts, shares(request["slots"], lanes), strict=True)
        ]
        times = [lane.result() for lane in measured]
    answer({"lanes": times, "memory": own.memory_info().rss - before})


def _prompt(weights: Weights, texts: Sequence[str], length: int) -> list[int]:
    """Return a prompt of `length` tokens, of texts of the kind that is summarized."""
    tokens = [token for text in texts for token in weights.vocabulary.tokenize(text, trusted=False)]
    if not tokens:
        raise EngineError("There is no text to measure with.")
    return (tokens * (length // len(tokens) + 1))[:length]


def _measure(context: Context, slots: int, prompt: list[int], together: threading.Barrier) -> dict[str, float]:
    prefills: list[float] = []
    together.wait()
    while len(prefills) < _PREFILLS and sum(prefills) < _LONG_SECONDS:
        prefills.append(_prefill(context, prompt))
    # The other slots get what a prefill would leave in them.
    for slot in range(1, slots):
        context.copy(0, slot)
    together.wait()
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
