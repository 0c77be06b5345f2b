"""The limit of what a payload may hold: a few bytes of it can stand for a value of many in memory."""

from __future__ import annotations

from streaming.errors import BadInput

# A list of 4,000 numbers beside a text has 4,000. Fifty times as many took the slower reader of Avro 113 s and 5.3 GB.
MOST_VALUES = 200_000


def too_many_values() -> BadInput:
    """Return the error of a payload with more values than a document has."""
    return BadInput(f"it has more than {MOST_VALUES:,} values", type="SchemaMismatch")
