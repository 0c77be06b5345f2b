"""What representations do to a model's predictions: a program that reads texts with all of them, side by side.

It reads {"paths": [given, other, ...], "texts", "tokens", "threads"} and prints a line for each window of text:
{"of", "tokens", "given", "others": [{"loss", "divergence", "same"}, ...]}: the number of windows, how many tokens were
predicted, the sum of their negative log-likelihoods in nats, and for each other file that sum, the sum of the
Kullback-Leibler divergences from the given file's predictions, and for how many the same token came first.

A window is 512 tokens, as in llama.cpp's own perplexity tool; the first 32 are read, not counted, for their beginning
is missing. Windows are taken from all texts in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streaming.engine.lanes.llama import Weights
from streaming.engine.lanes.vocabulary import Vocabulary
from streaming.engine.tuning.subprocess_run import answer, read_request

WINDOW = 512
_UNCOUNTED = 32
# Rows of logits worked on at once: 64 of 150,000 tokens take 40 MB, several times over.
_ROWS = 64


def main() -> None:
    """Score what the request names."""
    request = read_request()
    weights = [Weights(Path(path), completion=True) for path in request["paths"]]
    contexts = [
        model.open_context(slots=1, context=WINDOW, threads=request["threads"], ubatch=WINDOW) for model in weights
    ]
    windows = list(_windows(weights[0].vocabulary, request["texts"], request["tokens"]))
    for window in windows:
        given, *others = [context.logits(window) for context in contexts]
        targets = np.array(window[1:])
        scores = _Score(len(others))
        for start in range(_UNCOUNTED, len(targets), _ROWS):
            rows = slice(start, min(start + _ROWS, len(targets)))
            scores.add(given[rows], [other[rows] for other in others], targets[rows])
        answer({"of": len(windows), **scores.line})


def _windows(vocabulary: Vocabulary, texts: Sequence[str], wanted: int) -> Iterator[list[int]]:
    """Yield windows from all texts in turn, until they have `wanted` tokens to predict."""
    start = [] if vocabulary.bos is None or not vocabulary.adds_bos else [vocabulary.bos]
    width = WINDOW - len(start)
    cut = []
    for text in texts:
        tokens = vocabulary.tokenize(text, trusted=False)
        cut.append([start + tokens[place : place + width] for place in range(0, len(tokens), width)])
    for in_turn in zip_longest(*cut):
        for window in in_turn:
            if window is not None and len(window) > 2 * _UNCOUNTED:
                yield window
                wanted -= len(window) - 1 - _UNCOUNTED
                if wanted <= 0:
                    return


class _Score:
    """The sums of one window."""

    def __init__(self, others: int) -> None:
        self.line: dict[str, Any] = {
            "tokens": 0,
            "given": 0.0,
            "others": [{"loss": 0.0, "divergence": 0.0, "same": 0} for _ in range(others)],
        }

    def add(
        self, given: NDArray[np.float32], others: Sequence[NDArray[np.float32]], targets: NDArray[np.int64]
    ) -> None:
        """Add rows of logits (rows, vocabulary) that were to predict `targets` (rows)."""
        rows = np.arange(len(targets))
        known = _log_softmax(given)
        likely = np.exp(known)
        self.line["tokens"] += len(targets)
        self.line["given"] -= float(known[rows, targets].sum())
        for sums, logits in zip(self.line["others"], others, strict=True):
            found = _log_softmax(logits)
            sums["loss"] -= float(found[rows, targets].sum())
            sums["divergence"] += float((likely * (known - found)).sum())
            sums["same"] += int((known.argmax(axis=1) == found.argmax(axis=1)).sum())


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    normal: NDArray[np.float32] = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    found: NDArray[np.float32] = shifted - normal
    return found


if __name__ == "__main__":
    main()
