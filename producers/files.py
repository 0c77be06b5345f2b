"""Text files as documents: one document for each file, or for each part of a file that begins with a heading.

Item: one document as JSON. Its key is its id: the file's path, and the number of the part when the file was split
("books/war-and-peace.txt#3"). So a file that is sent again replaces its summaries, for every consumer that goes by key.
`producers/file_names.py` says which files a call names, and what each is called.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from producers.file_names import FileNames
from producers.records import ProducerRecord, Refusal
from streaming.encoding.content import read_content
from streaming.encoding.reading import decode_file
from streaming.errors import BadInput, UsageError
from streaming.messages import Document
from streaming.wording import shortened

_TITLE_LENGTH = 200
# Entries of the metadata: the code page of a file, and what it is when it is no text as it stands.
_CODE_PAGE, _READ_AS = "encoding", "read_as"
# Where the id of a document comes from: the file's path, its last part, or the SHA-256 of the document's text.
IdRule = Literal["path", "name", "sha256"]


@dataclass(frozen=True)
class _File:
    """The text of a file, the title that the file itself has, and how it was read, for the metadata."""

    text: str
    title: str | None
    metadata: dict[str, str]


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


def read_files(files: FileNames, split: Split, *, ids: IdRule = "path") -> Iterator[ProducerRecord | Refusal]:
    """Read the documents of `files`; yields a `Refusal` for a file that is no text and for a part without text.

    Raises `UsageError` when two files would have one id.
    """
    return _read(files.last_parts() if ids == "name" else files.paths(), split, ids)


def _read(names: Mapping[Path, str], split: Split, ids: IdRule) -> Iterator[ProducerRecord | Refusal]:
    for path, name in names.items():
        try:
            file = _text(path)
        except OSError as error:
            yield Refusal(name, error.strerror or str(error))
            continue
        except BadInput as error:
            yield Refusal(name, str(error))
            continue
        if split.heading is None:
            yield _document(name, file, ids)
            continue
        parts = _parts(file.text, split.heading)
        if not parts:
            yield Refusal(name, f"no line begins with '{split.heading.pattern}'")
        for number, part in enumerate(parts, start=1):
            yield _document(f"{name}#{number}", replace(file, text=part, title=None), ids)


def _text(path: Path) -> _File:
    """Return the text of a file with plain line ends; raises `BadInput` with what it is when it is no text."""
    file = decode_file(path.read_bytes())
    content = read_content(file.text.replace("\r\n", "\n").replace("\r", "\n"))
    metadata = {_CODE_PAGE: file.code_page or "", _READ_AS: ", ".join(content.read_as)}
    text = content.text.replace("\r\n", "\n").replace("\r", "\n")
    return _File(text, content.title, {name: value for name, value in metadata.items() if value})


def _parts(text: str, heading: re.Pattern[str]) -> list[str]:
    """Cut `text` before each line that begins with `heading`; the text before the first is left out."""
    starts: list[int] = []
    position = 0
    for line in text.splitlines(keepends=True):
        if heading.match(line):
            starts.append(position)
        position += len(line)
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=False)]


def _document(name: str, file: _File, ids: IdRule) -> ProducerRecord | Refusal:
    if not file.text.strip():
        return Refusal(name, "it is empty")
    document_id = hashlib.sha256(file.text.encode()).hexdigest() if ids == "sha256" else name
    title = shortened(file.title or _first_line(file.text), _TITLE_LENGTH, len)
    document = Document(id=document_id, title=title, text=file.text, metadata=file.metadata)
    return ProducerRecord(name, document_id.encode(), document.model_dump_json(exclude_defaults=True).encode())


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
