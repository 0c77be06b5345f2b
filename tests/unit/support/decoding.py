"""Records of the input topic, decoded or refused."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from streaming.errors import BadInput
from streaming.messages import Document, Record, Source
from streaming.pipeline.decode import Decoded, RecordFormat, Tombstone, decode

SOURCE = Source(topic="documents", partition=3, offset=7, timestamp=1_700_000_000_000)
BOM = b"\xef\xbb\xbf"
ONCE = "Once upon a time"
NO_TEXT = {"NotUtf8", "Framed", "Binary", "Compressed", "Encoded"}


def record(value: bytes | str | None, key: bytes | None = b"a") -> Record:
    return Record(key, value.encode() if isinstance(value, str) else value, [], SOURCE)


def read(value: Any, key: bytes | None = b"a", **record_format: Any) -> Document:
    raw = value if isinstance(value, (bytes, str)) else json.dumps(value)
    return decoded(raw, key, **record_format).document


def decoded(value: bytes | str, key: bytes | None = b"a", **record_format: Any) -> Decoded:
    result = decode(record(value, key), RecordFormat(**record_format))
    assert isinstance(result, Decoded)
    return result


def deleted(key: bytes | None, **record_format: Any) -> str:
    result = decode(record(None, key), RecordFormat(**record_format))
    assert isinstance(result, Tombstone)
    return result.id


def refusal(value: Any, key: bytes | None = b"a", **record_format: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(value, key, **record_format)
    return caught.value


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
