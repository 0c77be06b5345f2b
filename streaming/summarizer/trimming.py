"""What a model said, made fit to be handed out: whole sentences in one paragraph, or whole lines of a list."""

from __future__ import annotations

import re
from dataclasses import replace

from streaming.protocol import Generation
from streaming.summarizer.sentences import prose, whole_sentences


def finished(generation: Generation, *, lines: bool, language: str) -> str:
    """Return what a generation holds up to its last whole sentence, or (`lines`) its last whole line; "" for none."""
    cut = generation.finish == "length"
    if not lines:
        return whole_sentences(prose(generation.text, finished=not cut), finished=not cut, language=language)
    said = [line.rstrip() for line in generation.text.strip().splitlines() if line.strip()]
    if cut and len(said) == 1:
        # A paragraph where a list was asked for.
        return whole_sentences(said[0], finished=False, language=language)
    return "\n".join(said[:-1] if cut else said)


def first_paragraph(generation: Generation) -> Generation:
    """Cut what a model in completion style said after its first paragraph: there it begins another text."""
    first, *more = re.split(r"\n\s*\n", generation.text.strip(), maxsplit=1)
    return replace(generation, text=first, finish="stop" if more else generation.finish)
