"""The texts of an evaluation: a file of one JSON object a line, with a text and the summaries that people wrote of it.

    {"id": "63833", "text": "Jinx Ship To The Rescue ...", "references": ["Strike is ...", "A captain ..."]}

`id` may be missing (the line's number is taken), a single reference may be called `reference` or `summary`, and
`language` is the ISO 639-1 code of both, which is detected where it is missing. Other fields are ignored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streaming.errors import UsageError
from streaming.summarizer.languages import detect_language
from streaming.summarizer.sentences import DEFAULT_LANGUAGE


@dataclass(frozen=True)
class Story:
    """A text and its references; `language` is None where the file does not say it."""

    id: str
    text: str
    references: tuple[str, ...]
    language: str | None = None

    @property
    def written_in(self) -> str:
        """The language of the text: as the file says, else as the service detects it."""
        return self.language or detect_language(self.text) or DEFAULT_LANGUAGE


def read_stories(path: Path, *, limit: int | None = None) -> list[Story]:
    """Return the texts of a file, at most `limit`; raises `UsageError` with the line that is none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
    stories = [_story(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]
    if not stories:
        raise UsageError(f"{path} has no texts.")
    if len({story.id for story in stories}) < len(stories):
        raise UsageError(f"{path} has two texts of the same id, and results are compared text by text.")
    return stories[:limit]


def _story(line: str, path: Path, number: int) -> Story:
    try:
        found: Any = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{path}, line {number}, is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path}, line {number}, is no JSON object.")
    text, language = found.get("text"), found.get("language")
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{path}, line {number}, has no `text`.")
    references = found.get("references") or [found.get("reference") or found.get("summary")]
    if not isinstance(references, list) or not all(isinstance(one, str) and one.strip() for one in references):
        raise UsageError(f"{path}, line {number}, has no `references`: a list of summaries that people wrote.")
    if not all(_is_text(one) for one in (text, *references)):
        raise UsageError(f"{path}, line {number}, has half a character (a lone surrogate).")
    if not isinstance(language, str | None):
        raise UsageError(f"{path}, line {number}, has a `language` that is no text.")
    given = found.get("id")
    return Story(str(number if given is None else given), text, tuple(references), language)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
