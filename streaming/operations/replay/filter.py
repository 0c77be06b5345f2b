"""The filter of a replay: which documents of its range are summarized again.

    id=b-17                  the document of this id, and its deletion
    metadata.team=x          documents with this entry of their metadata

Several values of one name mean any of them; different names must all match. A record that cannot be read has no id, so
it matches no filter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from streaming.errors import DocumentError, UsageError
from streaming.messages import Record
from streaming.pipeline.decode import Decoded, RecordFormat, Tombstone, decode
from streaming.pipeline.desk import contained

_METADATA = "metadata."


class ReplayFilter:
    """Decides about one record; without conditions it takes all of them."""

    def __init__(self, conditions: Sequence[str], record_format: RecordFormat) -> None:
        """Raises `UsageError` for a condition that is none."""
        self._format = record_format
        self._values: dict[str, set[str]] = defaultdict(set)
        for condition in conditions:
            name, equals, value = condition.partition("=")
            if not equals or not (name == "id" or (name.startswith(_METADATA) and name != _METADATA)):
                raise UsageError(f"--filter takes id=VALUE or metadata.NAME=VALUE; '{condition}' is neither.")
            self._values[name].add(value)

    def takes(self, record: Record) -> bool:
        """Tell whether the record is to be summarized again."""
        if not self._values:
            return True
        decoded = self.read(record)
        return decoded is not None and all(_value(decoded, name) in values for name, values in self._values.items())

    def id_of(self, record: Record) -> str | None:
        """Return the id by which the record's document goes; None when it cannot be read."""
        decoded = self.read(record)
        return None if decoded is None else decoded.id

    def read(self, record: Record) -> Decoded | Tombstone | None:
        """Decode a record; None when it cannot be read: its result is a dead letter."""
        try:
            with contained():
                return decode(record, self._format)
        except DocumentError:
            return None


def _value(decoded: Decoded | Tombstone, name: str) -> str | None:
    if name == "id":
        return decoded.id
    metadata = decoded.document.metadata if isinstance(decoded, Decoded) else {}
    return metadata.get(name.removeprefix(_METADATA))
