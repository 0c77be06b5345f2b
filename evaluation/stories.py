"""The texts of an evaluation: a file of one JSON object a line, with a text and the summaries that people wrote of it.

    {"id": "63833", "text": "Jinx Ship To The Rescue ...", "references": ["Strike is ...", "A captain ..."]}

A missing `id` becomes the number of the line. A single reference may be called `reference` or `summary`. `language` is
the ISO 639-1 code of text and references, and is detected where it is missing. Other fields are ignored. A sheet for
people needs no references. The file may be packed by gzip or zstd. `evaluation.story_parts` reads tables and documents.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from producers.formats.unpacking import DAMAGES, unpacked
from streaming.errors import UsageError
from streaming.sentences import DEFAULT_LANGUAGE
from streaming.summarizer.languages import detect_language
from streaming.text_files import decode_text


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


def read_lines(path: Path, *, need_references: bool = True) -> list[Story]:
    """Return the texts of a file of JSON Lines.

    Raises `UsageError` that names a line without a text, or without the references that it needs.
    """
    lines = _text(path).split("\n")
    return [_story(line, path, number, need_references) for number, line in enumerate(lines, 1) if line.strip()]


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = unpacked(file).read()
    except DAMAGES as error:
        raise UsageError(f"{path} is packed, and damaged or cut off.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    return decode_text(raw, path)


def _story(line: str, path: Path, number: int, need_references: bool) -> Story:
    try:
        fields: Any = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{path}, line {number}, is no JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise UsageError(f"{path}, line {number}, is no JSON object.")
    return story_of(fields, f"{path}, line {number},", str(number), need_references=need_references)


def story_of(fields: dict[str, Any], where: str, name: str, *, need_references: bool) -> Story:
    """Return the story of a line or a row, which messages call `where`; raises `UsageError`.

    It is called `name` where it has no id.
    """
    text, language = fields.get("text"), fields.get("language")
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{where} has no `text`.")
    references = fields.get("references") or [fields.get("reference") or fields.get("summary")]
    if references == [None] and not need_references:
        references = []
    if not isinstance(references, list) or not all(isinstance(each, str) and each.strip() for each in references):
        raise UsageError(f"{where} has no `references`: a list of summaries that people wrote.")
    identity = fields.get("id")
    if not all(map(_is_text, (text, str(identity), *references))):
        raise UsageError(f"{where} has half a character (a lone surrogate).")
    if not isinstance(language, str | None):
        raise UsageError(f"{where} has a `language` that is no text.")
    return Story(name if identity is None else str(identity), text, tuple(references), language)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
