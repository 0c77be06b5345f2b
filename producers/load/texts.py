"""Texts of a load: sentences of the sample documents in a new order, so that they read like language.

Each text is different: it begins with a sentence that has its number. What follows is made of runs of sentences that
stand together in a sample, so that names and things recur as in people's texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from producers.samples import sample_texts

# From the end of a sentence to the beginning of the next, also over the end of a paragraph.
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')]?\s+(?=[\"'(]?[A-Z])")
_LONGEST_RUN = 6
_PARAGRAPH = 5


class Texts:
    """Makes texts of so many words."""

    def __init__(self) -> None:
        # One language, so that documents of one size cost alike.
        english = [text for text in sample_texts() if " the " in text]
        self._samples = [
            [sentence.split() for sentence in _SENTENCE_END.split(text) if sentence.endswith((".", "!", "?"))]
            for text in english
        ]

    def text(self, words: int, number: int, series: int, chance: Callable[[], float]) -> str:
        """Return text `number` of a series; `chance` returns numbers from 0 to 1."""
        sentences = [["This", "is", "letter", str(number), "of", "series", f"{series}."]]
        missing = words - len(sentences[0])
        while missing > 0:
            for sentence in self._run(chance):
                if missing <= 0:
                    break
                if len(sentence) > missing:
                    sentence = [*sentence[: missing - 1], f"{sentence[missing - 1].rstrip('.,;:!?')}."]
                sentences.append(sentence)
                missing -= len(sentence)
        lines = [" ".join(sentence) for sentence in sentences]
        return "\n\n".join(" ".join(lines[n : n + _PARAGRAPH]) for n in range(0, len(lines), _PARAGRAPH))

    def _run(self, chance: Callable[[], float]) -> list[list[str]]:
        sample = self._samples[int(chance() * len(self._samples))]
        start = int(chance() * len(sample))
        return sample[start : start + 1 + int(chance() * _LONGEST_RUN)]
