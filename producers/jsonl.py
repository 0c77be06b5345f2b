"""JSON Lines as documents: one JSON object a line, sent as it stands.

Item: one line, keyed by its `id` if it has one. Only what can never be a document is refused, by its line number: a
line that is no JSON object. How its fields are named is the reader's business (`gistream run --field`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pydantic_core import from_json

from producers.publisher import ProducerRecord, Refusal
from streaming.messages import lookup

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_json_lines(lines: BinaryIO, name: str, *, id_field: str = "id") -> Iterator[ProducerRecord | Refusal]:
    """Read the documents of `lines`, blank ones left out; `name` is what the file is called in messages."""
    for number, line in enumerate(lines, start=1):
        value = line.removeprefix(_BYTE_ORDER_MARK).strip()
        if not value:
            continue
        here = f"{name}:{number}"
        try:
            found = from_json(value)
        except ValueError as error:
            yield Refusal(here, f"not JSON: {error}")
            continue
        if not isinstance(found, dict):
            yield Refusal(here, "JSON, but no object")
            continue
        identity = lookup(found, id_field)
        key = str(identity).encode() if isinstance(identity, str | int) and not isinstance(identity, bool) else None
        yield ProducerRecord(here, key, value)
