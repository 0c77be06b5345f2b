"""A record of Kafka, its position, and the headers that tell a position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

# A number of 64 bits, as in Kafka and Parquet.
Long = Annotated[int, Field(ge=-(2**63), lt=2**63)]
# A Kafka header: a name and bytes; names may repeat.
Header = tuple[str, bytes | None]


class Source(BaseModel):
    """Where in Kafka the document was; `timestamp` is the record's, in milliseconds since 1970 UTC."""

    topic: str
    partition: Long
    offset: Long
    timestamp: Long


@dataclass(frozen=True)
class Record:
    """A record of an input topic, as Kafka has it; `attempts` counts how often its document failed before."""

    key: bytes | None
    value: bytes | None
    headers: list[Header]
    source: Source
    attempts: int = 0


def position_headers(source: Source) -> list[Header]:
    """Return the four headers that tell a position."""
    return [(f"source.{name}", str(value).encode()) for name, value in source.model_dump().items()]


def source_headers(headers: Sequence[Header], source: Source) -> list[Header]:
    """Return `headers` with the headers of a record's position in Kafka, which replace others of their names."""
    ours = position_headers(source)
    names = {name for name, _ in ours}
    return [(name, raw) for name, raw in headers if name not in names] + ours


def read_source(headers: Sequence[Header]) -> Source | None:
    """Read the position that `position_headers` wrote; None when the headers lack it."""
    fields = {name.removeprefix("source."): (raw or b"").decode(errors="replace") for name, raw in headers}
    try:
        return Source.model_validate(fields)
    except ValidationError:
        return None
