"""The support of any sentences in a text, as the service measures it for those of a summary."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.summarizer.evidence import SourceText
from streaming.summarizer.words import comparable_units


def sentence_supports(text: str, language: str, sentences: Sequence[str]) -> list[float | None]:
    """Return the support of each sentence in a text; None where it cannot be measured."""
    source = SourceText(text, language)
    supports = (source.support(comparable_units(sentence, language)) for sentence in sentences)
    return [None if support is None else round(support.share, 4) for support in supports]
