"""Text files as documents: one document for each file, or for each part of a file that begins with a heading.

Item: one document as JSON. Its key is its id: the file's name, and the number of the part when the file was split
("war-and-peace.txt#3"). So a file that is sent again replaces its summaries, for every consumer that goes by key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from producers.records import ProducerRecord, Refusal
from streaming.errors import UsageError
from streaming.messages import Document

# The files that are read from a folder; a file that the user names may have any suffix.
_TEXT_SUFFIXES = {".txt", ".md", ".markdown", ".rst", ".text"}
_TITLE_LENGTH = 200


@dataclass(frozen=True)
class Split:
    """How a file becomes documents: whole, or cut before each line that begins with `heading`."""

    heading: re.Pattern[str] | None

    @classmethod
    def parse(cls, argument: str) -> Split:
        """Read the value of --split: "none" or a regular expression; raises `UsageError`."""
        if argument == "none":
            return cls(None)
        try:
            return cls(re.compile(argument))
        except re.error as error:
            raise UsageError(f"--split takes 'none' or a regular expression; '{argument}' is none: {error}.") from error


def find_files(paths: list[Path]) -> list[Path]:
    """Return the files that `paths` name, the files of a folder sorted; raises `UsageError` when there are none."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(p for p in path.rglob("*") if p.suffix.lower() in _TEXT_SUFFIXES and p.is_file())
        elif path.exists():
            files.append(path)
        else:
            raise UsageError(f"There is no file or folder {path}.")
    if not files:
        raise UsageError(
            f"There are no text files in {', '.join(map(str, paths))}; those of a folder end in "
            f"{', '.join(sorted(_TEXT_SUFFIXES))}."
        )
    return files


def read_files(files: list[Path], split: Split) -> Iterator[ProducerRecord | Refusal]:
    """Read the documents of `files`; yields a `Refusal` for a file that is not UTF-8 and for a part without text."""
    names = _names(files)
    for path in files:
        # A file name may hold bytes that are no text; an id must not.
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
    """Cut `text` before each line that begins with `heading`; the text before the first is left out."""
    starts: list[int] = []
    position = 0
    for line in text.splitlines(keepends=True):
        if heading.match(line):
            starts.append(position)
        position += len(line)
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
