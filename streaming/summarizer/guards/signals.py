"""The signals of a summary: grounding, repetition, copied text, and compression."""

from __future__ import annotations

from dataclasses import dataclass

from streaming.sentences import length
from streaming.summarizer.guards.grounding import grounding
from streaming.summarizer.guards.ngrams import copied, repetition


@dataclass(frozen=True)
class SignalValues:
    """Shares from 0 to 1 (`compression` may be more); None where a summary is too short to have one.

    `compression` is the summary's words per word of the text.
    """

    grounding: float | None
    repetition: float
    copied: float | None
    compression: float


def measure(summary: str, text: str, *, language: str) -> SignalValues:
    """Return the signals of a summary of `text`; `language` is their ISO 639-1 code."""
    return SignalValues(
        grounding=grounding(summary, text, language=language).score,
        repetition=repetition(summary),
        copied=copied(summary, text),
        compression=length(summary) / max(1.0, length(text)),
    )
