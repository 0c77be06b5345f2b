"""The texts of an evaluation in whatever people have: JSON Lines, tables with references, and documents without any.

A table (CSV, Parquet) has a column `text`, and `references`: a list, a list as JSON, or one summary. Documents of every
format, and folders of them, have no references; so they are for a sheet, on which people judge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from evaluation.stories import Story, read_lines, story_of
from producers.file_names import find_files
from producers.formats.kinds import suffix_of
from producers.formats.options import ReadOptions
from producers.formats.part import PartRefusal
from producers.formats.reading import read_parts
from streaming.errors import BadInput, UsageError

_TABLES = (".csv", ".tsv", ".tab", ".parquet")
_JSON = (".jsonl", ".ndjson", ".json")
# The columns of a row that are not a document's.
_REFERENCES = ("references", "reference", "summary")


def read_stories(
    path: Path,
    *,
    limit: int | None = None,
    need_references: bool = True,
    on_refusal: Callable[[str], None] = lambda _line: None,
) -> list[Story]:
    """Return the texts of a file or a folder, at most `limit`; `on_refusal` gets a line for a document without a text.

    Raises `UsageError` for a line or a row without a text, or without the references that it needs.
    """
    if suffix_of(path) in _TABLES and path.is_file():
        stories = list(islice(_rows(path, need_references), limit))
    elif path.is_dir() or (not need_references and not _is_json(path)):
        if need_references:
            raise UsageError(f"{path} is a folder, and documents have no references; judge them with --sheet.")
        stories = list(islice(_documents(path, on_refusal), limit))
    else:
        stories = read_lines(path, need_references=need_references)
    if not stories:
        raise UsageError(f"{path} has no texts.")
    if len({story.id for story in stories}) < len(stories):
        raise UsageError(f"{path} has two texts of the same id, and results are compared text by text.")
    return stories[:limit]


def _is_json(path: Path) -> bool:
    """Whether a file has JSON Lines: by its name, or by its first character."""
    if suffix_of(path) in _JSON or not path.is_file():
        return True
    with path.open("rb") as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def _rows(path: Path, need_references: bool) -> Iterator[Story]:
    try:
        for part in read_parts(path, ReadOptions(keep=_REFERENCES)):
            where = f"{path}, row {part.name},"
            if isinstance(part, PartRefusal):
                raise UsageError(f"{where} cannot be used: {part.reason}.")
            references = filter(None, (_references(part.metadata.get(name)) for name in _REFERENCES))
            fields = {"text": part.text, "id": part.id, "language": part.language, "references": next(references, None)}
            yield story_of(fields, where, part.name, need_references=need_references)
    except BadInput as error:
        raise UsageError(f"{path} cannot be used: {error}.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error


def _references(cell: str | None) -> list[Any]:
    """Return the references in a cell: the list that its JSON is, else the one text."""
    if not cell or not cell.strip():
        return []
    try:
        value = json.loads(cell)
    except ValueError:
        return [cell]
    return value if isinstance(value, list) else [cell]


def _documents(path: Path, on_refusal: Callable[[str], None]) -> Iterator[Story]:
    for file, name in find_files([path]).paths().items():
        try:
            for part in read_parts(file, ReadOptions()):
                document = f"{name}#{part.name}" if part.name else name
                if isinstance(part, PartRefusal):
                    on_refusal(f"{document}: {part.reason}")
                elif part.text.strip():
                    yield Story(part.id or document, part.text, (), part.language)
                else:
                    on_refusal(f"{document}: it is empty")
        except (BadInput, OSError) as error:
            on_refusal(f"{name}: {error}")
