"""Reads JSON: a document for each object, of a file with one in each line (JSON Lines), or of one object or list.

Item: an object, whose fields `producers.formats.rows` finds as a query does. In JSON Lines it is called by the number
of its line, in a list by its place; a line that is no JSON or has no text is refused by its number, the others are
read. Memory: a line; a file that is one value is read whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from producers.formats.open_text import MOST_CHARACTERS, bounded_lines, open_text
from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from producers.formats.rows import places_of, require_row, row_part
from streaming.errors import BadInput
from streaming.json_document import FieldPlaces
from streaming.json_values import parse_json


def read_json_rows(path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the documents of a file of JSON Lines; raises `BadInput` for a file that is no text or has no line."""
    with open_text(path) as text:
        yield from require_row(_lines(bounded_lines(text.file), places_of(options)))


def read_json(path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the document of a JSON object, or those of a list; a file with a value in each line is JSON Lines, too.

    Raises `BadInput`: `InvalidJson` for what is no JSON, `NoText` for an object without a text.
    """
    with open_text(path) as text:
        content = text.file.read()
    try:
        value, _ = parse_json(content)
    except ValueError as error:
        lines = content.strip().splitlines()
        if len(lines) < 2 or not _is_json(lines[0]) or not _is_json(lines[1]):
            raise BadInput(f"no JSON: {error}", type="InvalidJson") from error
        yield from require_row(_lines(iter(lines), places_of(options)))
        return
    places = places_of(options)
    if isinstance(value, list):
        yield from require_row(row_part(row, number, places) for number, row in enumerate(value, start=1))
        return
    part = row_part(value, 1, places)
    if isinstance(part, PartRefusal):
        raise BadInput(part.reason, type="NoText")
    yield Part(part.text, part.title, "", part.id, part.language, part.prompt, part.metadata)


def _lines(lines: Iterator[str | None], places: FieldPlaces) -> Iterator[Part | PartRefusal]:
    for number, line in enumerate(lines, start=1):
        if line is None:
            yield PartRefusal(str(number), f"a line of more than {MOST_CHARACTERS:,} characters")
            continue
        if not line.strip("\ufeff \t\r\n\0"):
            continue
        try:
            value, _ = parse_json(line.strip("\ufeff\0"))
        except ValueError as error:
            yield PartRefusal(str(number), f"not JSON: {error}")
            continue
        if not isinstance(value, dict):
            yield PartRefusal(str(number), "JSON, but no object")
            continue
        yield row_part(value, number, places)


def _is_json(line: str) -> bool:
    try:
        parse_json(line)
    except ValueError:
        return False
    return True
