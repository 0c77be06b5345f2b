"""Bad messages of a load, of several kinds; a query makes a dead letter of each.

    kind          value                                          error.type
    ------------  ---------------------------------------------  ---------------
    broken-json   JSON that ends in the middle of its text        InvalidJson
    empty-text    {"id": ..., "text": "  "}                       EmptyText
    no-text       {"id": ..., "title": ...}                       NoText
    binary        bytes that are no text                          Binary
    framed        Avro in a schema registry's frame               Framed
    too-deep      a text that is lists in lists, 5,000 deep       InvalidDocument

A query that reads a schema registry's frames looks for schema 7 in its registry, and makes a dead letter, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable

_DEPTH = 5_000
_BINARY_BYTES = 512
# No character of UTF-8 begins so, and no format that has a name.
_NO_TEXT = b"\xf5\x80\x81"
_SCHEMA_ID = 7


def bad_value(kind: str, id: str, text: str, chance: Callable[[], float]) -> bytes:
    """Return a value of this kind, which has the id and the text as far as its kind lets it."""
    return BAD_KINDS[kind](id, text, chance)


def _broken_json(id: str, text: str, _chance: Callable[[], float]) -> bytes:
    whole = _json(id=id, text=text)
    return whole[: len(whole) - 2 - len(text) // 2].encode()


def _empty_text(id: str, _text: str, _chance: Callable[[], float]) -> bytes:
    return _json(id=id, text="  ").encode()


def _no_text(id: str, _text: str, _chance: Callable[[], float]) -> bytes:
    return _json(id=id, title="A letter without its text").encode()


def _binary(_id: str, _text: str, chance: Callable[[], float]) -> bytes:
    return _NO_TEXT + bytes(int(chance() * 256) for _ in range(_BINARY_BYTES))


def _framed(id: str, text: str, _chance: Callable[[], float]) -> bytes:
    # A record of two strings and a boolean, as Avro writes it.
    return b"\0" + _SCHEMA_ID.to_bytes(4, "big") + _avro_string(id) + _avro_string(text) + b"\0"


def _too_deep(id: str, _text: str, _chance: Callable[[], float]) -> bytes:
    return f'{{"id": "{id}", "text": {"[" * _DEPTH}{"]" * _DEPTH}}}'.encode()


def _json(**fields: str) -> str:
    return json.dumps(fields)


def _avro_string(text: str) -> bytes:
    """Return a string in Avro: its length, doubled, in groups of 7 bits, and its bytes."""
    raw = text.encode()
    length, groups = 2 * len(raw), []
    while length >= 0x80:
        groups.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([*groups, length]) + raw


BAD_KINDS: dict[str, Callable[[str, str, Callable[[], float]], bytes]] = {
    "broken-json": _broken_json,
    "empty-text": _empty_text,
    "no-text": _no_text,
    "binary": _binary,
    "framed": _framed,
    "too-deep": _too_deep,
}
