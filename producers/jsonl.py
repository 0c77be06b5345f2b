"""JSON Lines as documents: each line holds one JSON object, which is sent unchanged.

Item: one line; its key is its `id`, if it has one. A line that is not a JSON object is refused by its line number; no
other check is made, because the fields may have any names (`gistream run --field`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from pydantic_core import from_json

from producers.records import ProducerRecord, Refusal
from streaming.encoding.formats import name_format
from streaming.encoding.reading import decode_text
from streaming.errors import BadInput, UsageError
from streaming.messages import lookup
from streaming.text_files import is_wide

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_json_lines(lines: BinaryIO, name: str, *, id_field: str = "id") -> Iterator[ProducerRecord | Refusal]:
    """Read the documents of `lines` and skip blank lines; messages call the file `name`.

    Raises `UsageError` for a file that is packed or no text, whose bytes have no lines.
    """
    for number, line in enumerate(_lines(lines, name), start=1):
        value = line.removeprefix(_BYTE_ORDER_MARK).strip()
        if not value:
            continue
        location = f"{name}:{number}"
        try:
            content = from_json(value)
        except ValueError as error:
            yield Refusal(location, f"not JSON: {error}")
            continue
        if not isinstance(content, dict):
            yield Refusal(location, "JSON, but no object")
            continue
        identity = lookup(content, id_field)
        key = str(identity).encode() if isinstance(identity, str | int) and not isinstance(identity, bool) else None
        yield ProducerRecord(location, key, value)


def _lines(lines: BinaryIO, name: str) -> Iterable[bytes]:
    """Return the lines of a file in UTF-8, or of one in UTF-16 or UTF-32, which is read as a whole."""
    first = lines.readline()
    try:
        first.decode()
        known = None
    except UnicodeDecodeError:
        known = name_format(first)
    if known:
        raise UsageError(f"{name} is {known.message}.")
    if not is_wide(first):
        return chain([first], lines)
    try:
        text = decode_text(first + lines.read())
    except BadInput as error:
        raise UsageError(f"{name} is {error}.") from error
    return text.encode().splitlines()
