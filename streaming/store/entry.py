"""An entry of the store: a line with its key, its digest and its labels, and then its value as JSON.

The value proves itself: what was cut, changed or put under another name is recognized on reading.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_FORMAT = 1


@dataclass(frozen=True)
class Labels:
    """What an entry was made for: the SHA-256 of its document's text, its recipe, and when (seconds since 1970).

    `id_sha256` is the SHA-256 of the document's id; entries from before it was there have none.
    """

    document_sha256: str
    recipe: str
    made_at: float
    id_sha256: str = ""


def hash_of_id(document_id: str) -> str:
    """Return the SHA-256 of a document's id, as labels have it."""
    return hashlib.sha256(document_id.encode(errors="surrogatepass")).hexdigest()


def pack(key: str, labels: Labels, value: Mapping[str, Any]) -> bytes:
    """Return an entry as the bytes of its file."""
    payload = json.dumps(value, separators=(",", ":")).encode()
    head = {"format": _FORMAT, "key": key, "sha256": hashlib.sha256(payload).hexdigest(), **asdict(labels)}
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + payload


def unpack(key: str, raw: bytes) -> tuple[Labels, dict[str, Any]]:
    """Return the labels and the value of the entry of `key`; raises `ValueError` when `raw` is none."""
    first, _, payload = raw.partition(b"\n")
    try:
        head = json.loads(first)
        labels = Labels(
            str(head["document_sha256"]), str(head["recipe"]), float(head["made_at"]), head.get("id_sha256", "")
        )
        proof = head["format"], head["key"], head["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("its first line is not that of an entry") from error
    if proof != (_FORMAT, key, hashlib.sha256(payload).hexdigest()):
        raise ValueError("it is cut, changed, of another key or of another version")
    value: dict[str, Any] = json.loads(payload)
    return labels, value
