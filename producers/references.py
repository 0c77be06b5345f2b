"""Sends large texts by reference (claim check): the text goes into a folder, the record says where, and its SHA-256.

Item: a record whose JSON is larger than a limit; every other record stays as it is. Guarantee: the file is complete
before the record is sent. It is named by its content and written once, so a second run writes nothing again, and a text
that was changed is another file. A file that is in the folder already under another name is not used in its place:
people edit their files, and its hash would not be right any more. Nothing deletes files that no record names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from producers.records import ProducerRecord, Refusal
from streaming.json_values import lookup, parse_json
from streaming.storage import ContentFolder


@dataclass(frozen=True)
class References:
    """Where texts of records over `limit` bytes go, and the names that the fields of a record's JSON have."""

    folder: ContentFolder
    limit: int
    fields: Mapping[str, str]

    def replaced(self, records: Iterable[ProducerRecord | Refusal]) -> Iterator[ProducerRecord | Refusal]:
        """Yield the records, those of large texts by reference; raises `MachineError` when no file can be written."""
        for record in records:
            if isinstance(record, Refusal) or record.value is None or len(record.value) <= self.limit:
                yield record
            else:
                yield self._by_reference(record, record.value)

    def _by_reference(self, record: ProducerRecord, value: bytes) -> ProducerRecord | Refusal:
        content, _ = parse_json(value.decode())
        uri, sha256 = self.fields.get("uri", "uri"), self.fields.get("sha256", "sha256")
        path = self.fields.get("text", "text")
        text = lookup(content, path)
        if not isinstance(text, str) or not _remove(content, path):
            # Nothing in it is a text that could go elsewhere.
            return record
        if taken := [name for name in (uri, sha256) if lookup(content, name) is not None]:
            return Refusal(
                record.name,
                f"its JSON has a field '{taken[0]}' of its own, so it cannot go by reference; name another one for the "
                f"query and here: --field {'uri' if taken[0] == uri else 'sha256'}=NAME",
            )
        content[uri], content[sha256] = self.folder.put(text.encode())
        return replace(record, value=json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def _remove(content: Any, path: str) -> bool:
    """Remove what `lookup` finds at a path of JSON objects; return whether it was removed."""
    if isinstance(content, dict) and path in content:
        del content[path]
        return True
    name, dot, rest = path.partition(".")
    return bool(dot) and isinstance(content, dict) and _remove(content.get(name), rest)
