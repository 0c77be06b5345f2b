"""JSON Lines as documents: each line holds one JSON object, which is sent unchanged.

Item: one line; its key is its `id`, if it has one. A line that is not a JSON object is refused by its line number; no
other check is made, because the fields may have any names (`gistream run --field`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pydantic_core import from_json

from producers.records import ProducerRecord, Refusal
from streaming.errors import UsageError
from streaming.messages import lookup
from streaming.text_files import is_wide

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_json_lines(lines: BinaryIO, name: str, *, id_field: str = "id") -> Iterator[ProducerRecord | Refusal]:
    """Read the documents of `lines` and skip blank lines; messages call the file `name`.

    Raises `UsageError` for a file in UTF-16 or UTF-32, whose bytes have no lines.
    """
    for number, line in enumerate(lines, start=1):
        if number == 1 and is_wide(line):
            raise UsageError(f"{name} is no UTF-8 text; it may be UTF-16. Save it as UTF-8.")
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
