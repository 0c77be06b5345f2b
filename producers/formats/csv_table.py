"""Reads a table as text (CSV, TSV): a document for each row, in memory that does not grow with the table.

Item: a row; its first line names the columns, and `producers.formats.rows` finds the document's fields by these names.
The separator is told from the first rows: a comma, a semicolon, a tab or a bar. Any encoding that leaves no doubt;
cells may have line ends within quotation marks. A row with more or fewer cells than columns is refused by its number,
as is a longer cell than any document; the others are read.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TextIO

from producers.formats.open_text import MOST_CHARACTERS, bounded_lines, open_text
from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from producers.formats.rows import needed_columns, places_of, require_row, table_row_part
from streaming.errors import BadInput
from streaming.json_document import FieldPlaces
from streaming.wording import counted

_SEPARATORS = ",;\t|"
# Stands in no text: so a table of one column may have commas in it.
_NO_SEPARATOR = "\x1f"
# The line in which a program tells Excel the separator, above the names of the columns.
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<mark>[^\r\n])"?[ \t]*(?:\r|\n)', re.IGNORECASE)
# Rows from which the separator is told, and characters of a file that have so many.
_FIRST_ROWS, _SAMPLE = 50, 65_536
# The name of a column is no sentence.
_LONGEST_NAME = 64


class _Lines:
    """The lines of a table, without one that is too long to hold; `was_cut` tells that of the last one."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.was_cut = False

    def __iter__(self) -> Iterator[str]:
        for line in bounded_lines(self._file):
            self.was_cut = line is None
            # A cell of C ends with NUL; before Python 3.11 the parser takes none.
            yield "\n" if line is None else line.replace("\0", "")


def read_csv(path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the rows of a table; raises `BadInput` for a file that is no text, and for a first row that is no header.

    `NoText`: no column has the name of the text's.
    """
    places = places_of(options)
    with open_text(path) as text:
        separator = _separator(text.file, is_tabbed=path.suffix.lower() in (".tsv", ".tab"))
        # The parser of the standard library has one limit for the whole process.
        csv.field_size_limit(MOST_CHARACTERS)
        page = {"encoding": text.code_page} if text.code_page else {}
        for part in require_row(_rows(_Lines(text.file), separator, places)):
            yield replace(part, metadata=part.metadata | page) if page and isinstance(part, Part) else part


def _rows(lines: _Lines, separator: str, places: FieldPlaces) -> Iterator[Part | PartRefusal]:
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator != "\t")
    columns = _header(reader)
    needed = needed_columns(places, columns)
    text = (places.path("text"), places.path("text").partition(".")[0])
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            number += 1
            yield PartRefusal(str(number), f"a cell of more than {MOST_CHARACTERS:,} characters")
            continue
        if not cells and not lines.was_cut:
            continue
        number += 1
        if lines.was_cut:
            yield PartRefusal(str(number), f"a row of more than {MOST_CHARACTERS:,} characters")
        elif len(cells) != len(columns):
            cell_count, column_count = counted(len(cells), "cell"), counted(len(columns), "column")
            yield PartRefusal(str(number), f"{cell_count}, and the table has {column_count}")
        else:
            row = dict(zip(columns, cells, strict=True))
            # An empty cell is none, as null is in JSON; but where the text is, its columns are there.
            yield table_row_part({name: row[name] for name in needed if row[name] or name in text}, number, places)


def _header(reader: Iterator[list[str]]) -> list[str]:
    """Return the names of the columns; raises `BadInput` where the first row is none of a table."""
    try:
        cells = next((cells for cells in reader if any(cell.strip() for cell in cells)), [])
    except csv.Error as error:
        raise BadInput("no table: its first line has no end", type="NoText") from error
    columns = [cell.strip().removeprefix("\ufeff") for cell in cells]
    if not columns:
        raise BadInput("a table without a first row that names its columns", type="NoText")
    # Also for the message, which shows names and no text.
    if any(len(name) > _LONGEST_NAME or "\n" in name for name in columns):
        raise BadInput("a table whose first row does not name its columns: it has texts", type="NoText")
    return columns


def _separator(file: TextIO, *, is_tabbed: bool) -> str:
    """Return the separator that cuts most of the first rows into as many cells as the first one, and this into many.

    A line that names it is read then.
    """
    sample = file.read(_SAMPLE)
    file.seek(0)
    if named := _SEPARATOR_LINE.match(sample):
        file.readline()
        return named["mark"]
    if is_tabbed:
        return "\t"
    likeness = {mark: _alike(sample.splitlines(keepends=True), mark) for mark in _SEPARATORS}
    best = max(_SEPARATORS, key=lambda mark: likeness[mark])
    return best if likeness[best][0] else _NO_SEPARATOR


def _alike(lines: Sequence[str], separator: str) -> tuple[float, int]:
    """Return the share of rows that have as many cells as the first one, and how many it has; 0 where it has one."""
    rows = csv.reader((line.replace("\0", "") for line in lines), delimiter=separator)
    try:
        amounts = [len(cells) for cells in islice(rows, _FIRST_ROWS) if cells]
    except csv.Error:
        return 0.0, 0
    # The sample may end within a row.
    amounts = amounts[:-1] if 2 < len(amounts) < _FIRST_ROWS else amounts
    if not amounts or amounts[0] < 2:
        return 0.0, 0
    return Counter(amounts)[amounts[0]] / len(amounts), amounts[0]
