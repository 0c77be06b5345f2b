"""Trimming: a model's answer cut to whole sentences in one paragraph, or to whole lines of a list."""

from __future__ import annotations

import re
from dataclasses import replace

from streaming.protocol import Generation
from streaming.sentences import prose, whole_sentences


def trim_answer(generation: Generation, *, lines: bool, language: str) -> str:
    """Return an answer up to its last whole sentence or, with `lines`, its last whole line; "" when it has none."""
    cut = generation.finish == "length"
    if not lines:
        return whole_sentences(prose(generation.text, complete=not cut), complete=not cut, language=language)
    answer = [line.rstrip() for line in generation.text.strip().splitlines() if line.strip()]
    if cut and len(answer) == 1:
        # The model wrote a paragraph instead of a list.
        return whole_sentences(answer[0], complete=False, language=language)
    return "\n".join(answer[:-1] if cut else answer)


def first_paragraph(generation: Generation) -> Generation:
    """Keep the first paragraph of an answer: after it a model in completion style begins another text."""
    first, *more = re.split(r"\n\s*\n", generation.text.strip(), maxsplit=1)
    return replace(generation, text=first, finish="stop" if more else generation.finish)
