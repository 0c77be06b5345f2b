"""A record and what a query reads from it, for people and for machines."""

from __future__ import annotations

import json

from rich.text import Text

from streaming.errors import BadInput
from streaming.messages import Record
from streaming.pipeline.decode import Decoded, Tombstone
from streaming.wording import shortened

# Cells of a text that are enough to see that it is the right one.
_LONGEST_TEXT = 160
_FIELDS = ("id", "title", "text", "uri", "sha256", "language", "prompt", "metadata")


def peek_block(record: Record, read_as: Decoded | Tombstone | BadInput) -> Text:
    """Return a record for people: its position, and a line for each thing that was read."""
    source = record.source
    lines = [(f"{source.topic}-{source.partition} offset {source.offset}", "bold")]
    lines += [(f"  {name:<9}{_on_one_line(value)}", "") for name, value in _parts(read_as).items() if value]
    return Text("\n").join(Text(line, style) for line, style in lines)


def peek_json(record: Record, read_as: Decoded | Tombstone | BadInput) -> str:
    """Return the same as JSON on one line, with the whole text."""
    return json.dumps({"source": record.source.model_dump(), **_parts(read_as)}, ensure_ascii=False)


def _parts(read_as: Decoded | Tombstone | BadInput) -> dict[str, object]:
    if isinstance(read_as, BadInput):
        return {"error": f"{read_as.type}: {read_as}"}
    if isinstance(read_as, Tombstone):
        return {"deletes": read_as.id}
    # A document by reference has no text, and another one no file.
    fields = read_as.document.model_dump()
    return {**{name: fields[name] for name in _FIELDS if name in fields}, "mended": read_as.mended}


def _on_one_line(value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name}={inner}" for name, inner in value.items())
    line = " ".join(("; ".join(value) if isinstance(value, list) else str(value)).split())
    line = "".join(character for character in line if character.isprintable())
    return shortened(line, _LONGEST_TEXT)
