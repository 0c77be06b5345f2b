"""Avro's logical types as a person writes them; what none of them can be stays the number or the bytes that it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from fastavro.read import LOGICAL_READERS

_EPOCH = datetime(1970, 1, 1)
_NANOSECONDS = 1_000_000_000
# Digits that a number of one byte may have, upwards.
_DIGITS_OF_A_BYTE = 3
# A decimal of a megabyte took fastavro 80 s to make a number of; nobody has an amount of so many digits.
_MOST_DIGITS = 4000

Reader = Callable[..., Any]


def install() -> None:
    """Have fastavro read logical types as text; nothing else in gistream reads Avro."""
    for name, read in list(LOGICAL_READERS.items()):
        if not getattr(read, "of_gistream", False):
            LOGICAL_READERS[name] = _lenient(read)
    LOGICAL_READERS["bytes-decimal"] = LOGICAL_READERS["fixed-decimal"] = _of_gistream(_decimal)
    LOGICAL_READERS["long-timestamp-nanos"] = _of_gistream(_nanoseconds("Z"))
    LOGICAL_READERS["long-local-timestamp-nanos"] = _of_gistream(_nanoseconds(""))


def _lenient(read: Reader) -> Reader:
    def read_or_leave(data: Any, writer_schema: Any = None, reader_schema: Any = None) -> Any:
        try:
            return _text(read(data, writer_schema, reader_schema))
        except (OverflowError, ValueError):
            # "For ever" as the largest number, for example.
            return data

    return _of_gistream(read_or_leave)


def _of_gistream(read: Reader) -> Reader:
    read.of_gistream = True  # type: ignore[attr-defined]
    return read


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _decimal(data: bytes, writer_schema: Mapping[str, Any], _reader_schema: Any = None) -> Any:
    scale = writer_schema.get("scale", 0)
    if len(data) * _DIGITS_OF_A_BYTE > _MOST_DIGITS or not 0 <= scale <= _MOST_DIGITS:
        return data
    digits = Decimal(int.from_bytes(data, "big", signed=True)).as_tuple()
    return f"{Decimal((digits.sign, digits.digits, -scale)):f}"


def _nanoseconds(zone: str) -> Reader:
    def read(data: int, _writer_schema: Any = None, _reader_schema: Any = None) -> Any:
        seconds, fraction = divmod(data, _NANOSECONDS)
        return f"{(_EPOCH + timedelta(seconds=seconds)).isoformat()}.{fraction:09d}{zone}"

    return read
