"""Makes documents of rows: of a table, or of the objects of JSON. Where the fields are, `field` and `keep` say.

A row has the id of its id field, else it is called by its number. A row without a text is refused by its number, with
the names of the columns that there are; the text of a row is in no message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from streaming.errors import BadInput
from streaming.json_document import FieldPlaces, document_in
from streaming.json_values import lookup, whole_characters
from streaming.messages import DocumentReference
from streaming.wording import shortened

# Names of columns that a message lists, and the characters of each.
_MOST_NAMES = 8
_LONGEST_NAME = 40
_HINT = "Name that of the text: --field text=NAME"
# The name of a field that is not there: `--field prompt=none` keeps a column from being taken for a prompt.
_NO_FIELD = "none"


def places_of(options: ReadOptions) -> FieldPlaces:
    """Return where the fields of a row are."""
    return FieldPlaces(options.field, options.keep)


def row_part(row: Any, number: int, places: FieldPlaces) -> Part | PartRefusal:
    """Return the document of a row, as a query would read it, or why it is none."""
    try:
        document, _ = document_in(row, places)
    except BadInput as error:
        hint = ". Name the field of the text: --field text=NAME" if error.type == "NoText" else ""
        return PartRefusal(str(number), f"{error}{hint}")
    if isinstance(document, DocumentReference):
        return PartRefusal(str(number), "a reference to a text elsewhere: `produce jsonl` sends it as it is")
    if not document.text.strip():
        return PartRefusal(str(number), "its text is empty")
    return Part(
        document.text,
        document.title,
        str(number),
        document.id,
        document.language,
        document.prompt,
        document.metadata,
    )


def table_row_part(row: dict[str, Any], number: int, places: FieldPlaces) -> Part | PartRefusal:
    """Return the document of a row of a table that has the column of the text."""
    if lookup(row, places.path("text")) is None:
        return PartRefusal(str(number), no_text(places, row))
    return row_part(row, number, places)


def no_text(places: FieldPlaces, columns: Iterable[str]) -> str:
    """Say which columns there are where none of them is that of the text."""
    return f"no text in '{places.path('text')}'; {_columns(columns)}. {_HINT}"


def _columns(columns: Iterable[str]) -> str:
    names = list(columns)
    shown = ", ".join(shortened(whole_characters(name), _LONGEST_NAME, len) for name in names[:_MOST_NAMES]) or "none"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"its columns are {shown}{more}"


def needed_columns(places: FieldPlaces, columns: Iterable[str]) -> list[str]:
    """Return those of the `columns` that a document is made of; a dotted path begins with the name of its column.

    Raises `BadInput`, `NoText`, when none of them has the text, when one is missing that `field` names, and when two
    that are needed have one name.
    """
    names = list(columns)
    fields = ("text", "id", "title", "language", "prompt", "metadata")
    named = places.field.values()
    paths = {*map(places.path, fields), *named, *places.keep}
    wanted = paths | {path.partition(".")[0] for path in paths}
    text = places.path("text")
    if not _has(names, text):
        raise BadInput(f"a table without a column '{text}'; {_columns(names)}. {_HINT}", type="NoText")
    # Else a misspelt id would name rows by their numbers, and nobody would see it.
    if missing := next((path for path in named if path != _NO_FIELD and not _has(names, path)), None):
        raise BadInput(f"a table without a column '{missing}', which --field names; {_columns(names)}", type="NoText")
    needed = [name for name in names if name in wanted]
    if twice := [name for name in needed if names.count(name) > 1]:
        raise BadInput(f"a table in which two columns are called '{twice[0]}'", type="NoText")
    return needed


def _has(columns: list[str], path: str) -> bool:
    return path in columns or path.partition(".")[0] in columns


def require_row(parts: Iterator[Part | PartRefusal]) -> Iterator[Part | PartRefusal]:
    """Pass the rows of a table on; raises `BadInput`, `NoText`, for a table without one."""
    first = next(parts, None)
    if first is None:
        raise BadInput("a table without a row", type="NoText")
    yield first
    yield from parts
