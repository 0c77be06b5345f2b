"""Documents out of a text, all of one length, and no two of them with the same beginning.

Two prompts with the same beginning would share work in every engine that keeps a computed prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from producers.file_names import find_files
from producers.files import read_files
from producers.formats.options import ReadOptions
from producers.formats.split import Split
from producers.records import ProducerRecord
from streaming.errors import UsageError
from streaming.messages import Document
from streaming.text_files import read_text

# Two documents with the same first words count as one.
_BEGINNING = 16
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class NamedText:
    """A text and the name of its place."""

    name: str
    text: str


def chapters(path: Path, *, split: str, words: int, whole: bool) -> list[NamedText]:
    """Return the parts of a file that begin with a line like `split`, each cut to `words` words, or `whole`.

    Shorter parts are left out. Raises `UsageError` when the file cannot be read or has none.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}; `gistream bench` takes one text file, or none for its own samples.")
    texts: list[NamedText] = []
    for record in read_files(find_files([path]), ReadOptions(Split.parse(split)), ids="name"):
        if not isinstance(record, ProducerRecord):
            raise UsageError(f"{path}: {record.reason}; name the line that begins a chapter with --split.")
        text = Document.model_validate_json(record.value or b"").text or ""
        if (start := window(text, 0, words)) is not None:
            texts.append(NamedText(record.name, text if whole else start))
    return _distinct(texts, f"{path} has no chapter of {words} words; lower --words, or name others with --split.")


def windows(folder: Path, *, words: int, count: int) -> list[NamedText]:
    """Return up to `count` windows of `words` words, which begin at different places of the texts of `folder`.

    They overlap when the texts are too short. Raises `UsageError` when no text has as many words.
    """
    texts = [NamedText(path.name, read_text(path)) for path in find_files([folder]).folders]
    starts = [(text, start) for text in texts for start in range(max(0, len(_WORD.findall(text.text)) - words + 1))]
    step = max(1, len(starts) // max(1, count))
    cuts = [(f"{text.name}@{start}", window(text.text, start, words)) for text, start in starts[::step][:count]]
    return _distinct(
        [NamedText(name, cut) for name, cut in cuts if cut is not None],
        f"No text in {folder} has {words} words; lower --words.",
    )


def window(text: str, start: int, words: int) -> str | None:
    """Return `words` words of a text from word number `start` on, as they stand there; None when it has fewer."""
    matches = list(_WORD.finditer(text))[start : start + words]
    return text[matches[0].start() : matches[-1].end()] if len(matches) == words else None


def _distinct(texts: list[NamedText], sentence: str) -> list[NamedText]:
    """Return the first text of each beginning; raises `UsageError` with `sentence` when there are no texts."""
    by_beginning = {tuple(text.text.split()[:_BEGINNING]): text for text in reversed(texts)}
    if not by_beginning:
        raise UsageError(sentence)
    return list(reversed(by_beginning.values()))
