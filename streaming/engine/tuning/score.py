"""A program that compares the predictions of a model's representations on the same texts.

It reads {"paths": [original, other, ...], "texts", "tokens", "threads"} and prints a line for each window of text:
{"of", "tokens", "original", "others": [{"loss", "divergence", "same"}, ...]}. These are the number of windows, the
number of predicted tokens, and the sum of their negative log-likelihoods in nats with the original file. For each other
file they are that sum, the sum of the Kullback-Leibler divergences from the original file's predictions, and the number
of tokens for which both files rank the same token first.

A window is 512 tokens, as in llama.cpp's own perplexity tool. The first 32 are read and not counted, because the text
before them is missing. Windows are taken from all texts in turn.
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
from streaming.engine.tuning.subprocess_run import read_request, write_line

WINDOW = 512
_UNCOUNTED = 32
# Rows of logits in one computation: 64 rows of a vocabulary of 150,000 take 40 MB, several times over.
_ROWS = 64


def main() -> None:
    """Score the files of the request."""
    request = read_request()
    weights = [Weights(Path(path), completion=True) for path in request["paths"]]
    contexts = [
        model.open_context(slots=1, context=WINDOW, threads=request["threads"], ubatch=WINDOW) for model in weights
    ]
    windows = list(_windows(weights[0].vocabulary, request["texts"], request["tokens"]))
    for window in windows:
        original, *others = [context.logits(window) for context in contexts]
        targets = np.array(window[1:])
        scores = _Score(len(others))
        for start in range(_UNCOUNTED, len(targets), _ROWS):
            rows = slice(start, min(start + _ROWS, len(targets)))
            scores.add(original[rows], [other[rows] for other in others], targets[rows])
        write_line({"of": len(windows), **scores.line})


def _windows(vocabulary: Vocabulary, texts: Sequence[str], missing: int) -> Iterator[list[int]]:
    """Yield windows from all texts in turn, until no tokens to predict are `missing`."""
    start = [] if vocabulary.bos is None or not vocabulary.adds_bos else [vocabulary.bos]
    width = WINDOW - len(start)
    windows_by_text = []
    for text in texts:
        tokens = vocabulary.tokenize(text, trusted=False)
        windows_by_text.append([start + tokens[first : first + width] for first in range(0, len(tokens), width)])
    for windows in zip_longest(*windows_by_text):
        for window in windows:
            if window is not None and len(window) > 2 * _UNCOUNTED:
                yield window
                missing -= len(window) - 1 - _UNCOUNTED
                if missing <= 0:
                    return


class _Score:
    """The sums of one window."""

    def __init__(self, others: int) -> None:
        self.line: dict[str, Any] = {
            "tokens": 0,
            "original": 0.0,
            "others": [{"loss": 0.0, "divergence": 0.0, "same": 0} for _ in range(others)],
        }

    def add(
        self, original: NDArray[np.float32], others: Sequence[NDArray[np.float32]], targets: NDArray[np.int64]
    ) -> None:
        """Add the logits (rows, vocabulary) with which each file predicts `targets` (rows)."""
        rows = np.arange(len(targets))
        original_logs = _log_softmax(original)
        probabilities = np.exp(original_logs)
        self.line["tokens"] += len(targets)
        self.line["original"] -= float(original_logs[rows, targets].sum())
        for sums, logits in zip(self.line["others"], others, strict=True):
            logs = _log_softmax(logits)
            sums["loss"] -= float(logs[rows, targets].sum())
            sums["divergence"] += float((probabilities * (original_logs - logs)).sum())
            sums["same"] += int((original_logs.argmax(axis=1) == logs.argmax(axis=1)).sum())


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    normalizers: NDArray[np.float32] = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    logs: NDArray[np.float32] = shifted - normalizers
    return logs


if __name__ == "__main__":
    main()
