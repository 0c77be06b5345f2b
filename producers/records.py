"""A document on its way to the input topic, and a document that does not get there: what every producer yields."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from streaming.messages import Document


# Made of each line of a file: a frozen dataclass takes 1.3 µs to make, this 0.2.
class ProducerRecord(msgspec.Struct, frozen=True):
    """A document as Kafka gets it: the key and value of its record. Messages call it `name`.

    Without a value it is a tombstone: it deletes the summary of the document that the key names. Without a `timestamp`
    (in milliseconds since 1970) it has the time at which it is sent.
    """

    name: str
    key: bytes | None
    value: bytes | None
    timestamp: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")


@dataclass(frozen=True)
class Refusal:
    """A document that was not sent, or not acknowledged, and why."""

    name: str
    reason: str


def text_id(text: str) -> str:
    """Return the id of a document that has none: the SHA-256 of its text, as the query's `--id-from` says, too.

    So the same text has the same id wherever it is sent from.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def to_record(document: Document) -> ProducerRecord:
    """Return the record of a document; its key is its id, and without one the SHA-256 of its text."""
    if not document.id:
        document = document.model_copy(update={"id": text_id(document.text)})
    name = document.id or ""
    return ProducerRecord(name, name.encode(), document.model_dump_json(exclude_defaults=True).encode())
