"""Documents out of a text, all of one length and no two of them alike from the start.

Two prompts that begin alike would share work in every engine that keeps what it has computed of a prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from producers.files import Split, find_files, read_files
from producers.records import ProducerRecord
from streaming.errors import UsageError
from streaming.messages import Document

# Two documents whose first words are the same count as one.
_BEGINNING = 16


@dataclass(frozen=True)
class NamedText:
    """A text and where it comes from."""

    name: str
    text: str


def chapters(path: Path, *, split: str, words: int, whole: bool) -> list[NamedText]:
    """Return the parts of a file that begin with a line like `split`, each cut to `words` words, or `whole`.

    Shorter parts are left out. Raises `UsageError` when the file cannot be read or has none.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}; `gistream bench` takes one text file, or none for its own samples.")
    found: list[NamedText] = []
    for read in read_files([path], Split.parse(split)):
        if not isinstance(read, ProducerRecord):
            raise UsageError(f"{path}: {read.reason}; name the line that begins a chapter with --split.")
        text = Document.model_validate_json(read.value).text or ""
        if (start := window(text, 0, words)) is not None:
            found.append(NamedText(read.name, text if whole else start))
    return _distinct(found, f"{path} has no chapter of {words} words; lower --words, or name others with --split.")


def windows(folder: Path, *, words: int, wanted: int) -> list[NamedText]:
    """Return up to `wanted` windows of `words` words, which begin at different places of the texts of `folder`.

    They overlap when there is less text than that. Raises `UsageError` when no text has as many words.
    """
    texts = [NamedText(path.name, path.read_text(encoding="utf-8")) for path in find_files([folder])]
    places = [
        (named, place) for named in texts for place in range(max(0, len(re.findall(r"\S+", named.text)) - words + 1))
    ]
    step = max(1, len(places) // max(1, wanted))
    cut = [(f"{named.name}@{place}", window(named.text, place, words)) for named, place in places[::step][:wanted]]
    found = [NamedText(name, text) for name, text in cut if text is not None]
    return _distinct(found, f"No text in {folder} has {words} words; lower --words.")


def window(text: str, start: int, words: int) -> str | None:
    """Return `words` words of a text from word number `start` on, as they stand there; None when it has fewer."""
    found = list(re.finditer(r"\S+", text))[start : start + words]
    return text[found[0].start() : found[-1].end()] if len(found) == words else None


def _distinct(texts: list[NamedText], sentence: str) -> list[NamedText]:
    beginnings = {tuple(named.text.split()[:_BEGINNING]): named for named in reversed(texts)}
    found = list(reversed(beginnings.values()))
    if not found:
        raise UsageError(sentence)
    return found
