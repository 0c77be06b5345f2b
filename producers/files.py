"""Text files as documents: a file each, or a document for each part of a file that begins with a heading.

Item: one document as JSON, keyed by its id: the file's name, and the part's number when it was split
("war-and-peace.txt#3"). So the same file sent again replaces its summaries, for every consumer that goes by key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from producers.publisher import ProducerRecord, Refusal
from streaming.errors import UsageError
from streaming.messages import Document

# What a folder is searched for; a file that is named itself may be called anything.
_TEXT_SUFFIXES = {".txt", ".md", ".markdown", ".rst", ".text"}
_TITLE_LENGTH = 200


@dataclass(frozen=True)
class Split:
    """How a file becomes documents: whole, or cut before each line that begins with `heading`."""

    heading: re.Pattern[str] | None

    @classmethod
    def parse(cls, given: str) -> Split:
        """Read the value of --split: "none" or a regular expression; raises `UsageError`."""
        if given == "none":
            return cls(None)
        try:
            return cls(re.compile(given))
        except re.error as error:
            raise UsageError(f"--split takes 'none' or a regular expression; '{given}' is none: {error}.") from error


def find_files(paths: list[Path]) -> list[Path]:
    """Return the files that `paths` name, those of a folder sorted; raises `UsageError` when there are none."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.suffix.lower() in _TEXT_SUFFIXES and p.is_file())
        elif path.exists():
            found.append(path)
        else:
            raise UsageError(f"There is no file or folder {path}.")
    if not found:
        raise UsageError(
            f"There are no text files in {', '.join(map(str, paths))}; those of a folder end in "
            f"{', '.join(sorted(_TEXT_SUFFIXES))}."
        )
    return found


def read_files(files: list[Path], split: Split) -> Iterator[ProducerRecord | Refusal]:
    """Read the documents of `files`; a file that is no UTF-8 text, or a part without text, is refused by name."""
    names = _names(files)
    for path in files:
        # A file name need not be text; an id must be.
        name = names[path].encode(errors="replace").decode()
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror or str(error) if isinstance(error, OSError) else f"not UTF-8 at byte {error.start}"
            yield Refusal(name, reason)
            continue
        if split.heading is None:
            yield _document(name, _first_line(text), text)
            continue
        parts = _parts(text, split.heading)
        if not parts:
            yield Refusal(name, f"no line begins with '{split.heading.pattern}'")
        for number, part in enumerate(parts, start=1):
            yield _document(f"{name}#{number}", _first_line(part), part)


def _parts(text: str, heading: re.Pattern[str]) -> list[str]:
    """Cut `text` before each line that begins with `heading`; what comes before the first is no document."""
    starts: list[int] = []
    place = 0
    for line in text.splitlines(keepends=True):
        if heading.match(line):
            starts.append(place)
        place += len(line)
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=False)]


def _document(name: str, title: str, text: str) -> ProducerRecord | Refusal:
    if not text.strip():
        return Refusal(name, "it is empty")
    document = Document(id=name, title=title, text=text)
    return ProducerRecord(name, name.encode(), document.model_dump_json(exclude_defaults=True).encode())


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:_TITLE_LENGTH]


def _names(files: list[Path]) -> dict[Path, str]:
    """Name each file by its last part, and by its path where two would have the same name."""
    last = [path.name for path in files]
    return {path: path.name if last.count(path.name) == 1 else str(path) for path in files}
