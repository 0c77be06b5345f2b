"""Summaries that need no model: extracts as long as the summary that they are compared with."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Protocol

from streaming.sentences import DEFAULT_LANGUAGE
from streaming.summarizer.extract import extract_sentences, lead_sentences, pick_sentences


class Baseline(Protocol):
    """Makes an extract."""

    def __call__(self, text: str, *, words: float, language: str = DEFAULT_LANGUAGE) -> str:
        """Return at most `words` words, as `word_count` counts them."""


def random_sentences(text: str, *, words: float, language: str = DEFAULT_LANGUAGE) -> str:
    """Return random sentences in the order of the text; the same sentences for the same text."""
    generator = random.Random(0)  # noqa: S311 - no secret
    return pick_sentences(
        text, lambda sentences: [generator.random() for _ in sentences], words=words, language=language
    )


BASELINES: Mapping[str, Baseline] = {"textrank": extract_sentences, "lead": lead_sentences, "random": random_sentences}
