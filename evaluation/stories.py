"""The texts of an evaluation: a file of one JSON object a line, with a text and the summaries that people wrote of it.

    {"id": "63833", "text": "Jinx Ship To The Rescue ...", "references": ["Strike is ...", "A captain ..."]}

A missing `id` becomes the number of the line. A single reference may be called `reference` or `summary`. `language` is
the ISO 639-1 code of text and references, and is detected where it is missing. Other fields are ignored. A sheet for
people needs no references.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streaming.errors import UsageError
from streaming.sentences import DEFAULT_LANGUAGE
from streaming.summarizer.languages import detect_language
from streaming.text_files import read_text


@dataclass(frozen=True)
class Story:
    """A text and its references; `language` is None, and `references` are empty, where the file has none."""

    id: str
    text: str
    references: tuple[str, ...]
    language: str | None = None

    @property
    def written_in(self) -> str:
        """The language of the text: that of the file, else the one that the service detects."""
        return self.language or detect_language(self.text) or DEFAULT_LANGUAGE


def read_stories(path: Path, *, limit: int | None = None, need_references: bool = True) -> list[Story]:
    """Return the texts of a file, at most `limit`.

    Raises `UsageError` that names a line without a text, or without the references that it needs.
    """
    lines = read_text(path).split("\n")
    stories = [_story(line, path, number, need_references) for number, line in enumerate(lines, 1) if line.strip()]
    if not stories:
        raise UsageError(f"{path} has no texts.")
    if len({story.id for story in stories}) < len(stories):
        raise UsageError(f"{path} has two texts of the same id, and results are compared text by text.")
    return stories[:limit]


def _story(line: str, path: Path, number: int, need_references: bool) -> Story:
    try:
        fields: Any = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{path}, line {number}, is no JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise UsageError(f"{path}, line {number}, is no JSON object.")
    text, language = fields.get("text"), fields.get("language")
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{path}, line {number}, has no `text`.")
    references = fields.get("references") or [fields.get("reference") or fields.get("summary")]
    if references == [None] and not need_references:
        references = []
    if not isinstance(references, list) or not all(isinstance(each, str) and each.strip() for each in references):
        raise UsageError(f"{path}, line {number}, has no `references`: a list of summaries that people wrote.")
    identity = fields.get("id")
    if not all(map(_is_text, (text, str(identity), *references))):
        raise UsageError(f"{path}, line {number}, has half a character (a lone surrogate).")
    if not isinstance(language, str | None):
        raise UsageError(f"{path}, line {number}, has a `language` that is no text.")
    return Story(str(number if identity is None else identity), text, tuple(references), language)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
