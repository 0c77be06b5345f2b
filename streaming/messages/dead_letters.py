"""A document that could not be summarized, and the headers in which a dead letter says why."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field, field_serializer

from streaming.messages.records import Header, Long, Source, position_headers

# The first of the headers that gistream adds to a dead letter, behind those of the record.
_FIRST = "error.stage"
# Marks a dead letter whose value was cut; the header's value is the original size in bytes.
TRUNCATED = "error.truncated"
_OURS = frozenset(
    {
        *(_FIRST, "error.type", "error.message", "error.attempts", TRUNCATED),
        *("source.topic", "source.partition", "source.offset", "source.timestamp"),
        *("x-original-topic", "x-original-partition", "x-original-offset", "x-original-timestamp"),
    }
)


class Failure(BaseModel):
    """Why a document became a dead letter: where it failed, how, and after how many attempts."""

    stage: Literal["decode", "summarize", "publish"]
    type: str
    message: str
    attempts: Long = 1

    @property
    def reason(self) -> str:
        """The stable name of the reason, for counting and selecting: "summarize/DeadlineExceeded"."""
        return f"{self.stage}/{self.type}"


class DeadLetter(BaseModel):
    """A document that could not be summarized: the original record, byte for byte, with the reason in its headers.

    On Kafka `key`, `value` and `headers` are the record's own; `error` and `source` are the headers `error.stage`,
    `error.type`, `error.message`, `error.attempts`, `source.topic`, `source.partition`, `source.offset` and
    `source.timestamp`. `truncated` is the value's original size in bytes when it had to be cut to fit the topic (the
    header `error.truncated`). As JSON, bytes are Base64.
    """

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]] = Field(default_factory=list)
    error: Failure
    source: Source
    truncated: Long | None = None

    @field_serializer("key", "value", when_used="json")
    def _base64(self, raw: bytes | None) -> str | None:
        return None if raw is None else base64.b64encode(raw).decode()

    @field_serializer("headers", when_used="json")
    def _headers_base64(self, headers: list[Header]) -> list[tuple[str, str | None]]:
        return [(name, self._base64(raw)) for name, raw in headers]

    def kafka_headers(self) -> list[Header]:
        """Return the record's headers: the original ones, and behind them ours."""
        ours = {
            _FIRST: self.error.stage,
            "error.type": self.error.type,
            "error.message": self.error.message,
            "error.attempts": self.error.attempts,
        }
        if self.truncated is not None:
            ours[TRUNCATED] = self.truncated
        pairs = [(name, str(value).encode()) for name, value in ours.items()]
        return [*self.headers, *pairs, *_binder_headers(self.source), *position_headers(self.source)]

    @classmethod
    def from_record(cls, key: bytes | None, value: bytes | None, headers: Sequence[Header]) -> DeadLetter:
        """Read a record of the dead-letter topic; raises `ValueError` when it is no dead letter."""
        # The original record may have headers of the same names, in front of ours.
        start = max((place for place, (name, _) in enumerate(headers) if name == _FIRST), default=len(headers))
        ours = {name: (raw or b"").decode(errors="replace") for name, raw in headers[start:] if name in _OURS}
        fields = {
            part: {name.removeprefix(f"{part}."): value for name, value in ours.items() if name.startswith(f"{part}.")}
            for part in ("error", "source")
        }
        return cls(
            key=key,
            value=value,
            headers=[*headers[:start], *((name, raw) for name, raw in headers[start:] if name not in _OURS)],
            error=Failure.model_validate(fields["error"]),
            source=Source.model_validate(fields["source"]),
            truncated=int(ours[TRUNCATED]) if TRUNCATED in ours else None,
        )


def _binder_headers(source: Source) -> list[Header]:
    """Return the position in the headers of Spring Cloud Stream's Kafka binder: numbers are big-endian there."""
    return [
        ("x-original-topic", source.topic.encode()),
        ("x-original-partition", source.partition.to_bytes(4, "big")),
        ("x-original-offset", source.offset.to_bytes(8, "big")),
        ("x-original-timestamp", source.timestamp.to_bytes(8, "big", signed=True)),
    ]
