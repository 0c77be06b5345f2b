"""JSON Lines as documents: each line holds one JSON object, which is sent unchanged.

Item: one line; its key is its `id`, or the SHA-256 of its text, which a query would name it by. A line that is not a
JSON object, or has no text, is refused by its line number; the fields may have any names (`--field`). No other check is
made: `gistream run` judges the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO

from producers.formats.unpacking import DAMAGES, unpacked
from producers.records import ProducerRecord, Refusal, text_id
from streaming.encoding.formats import name_format
from streaming.encoding.reading import decode_text
from streaming.errors import BadInput, UsageError
from streaming.json_values import UNDECODED_BYTE, lookup, name_of, parse_json, text_of, whole_characters, whole_name
from streaming.text_files import is_wide
from streaming.wording import shortened

# Names of fields that a refusal lists.
_MOST_NAMES = 8
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_json_lines(
    lines: BinaryIO,
    name: str,
    *,
    id_field: str = "id",
    text_field: str | None = None,
    file_fields: tuple[str, str] = ("uri", "sha256"),
) -> Iterator[ProducerRecord | Refusal]:
    """Read the documents of `lines` and skip blank lines; messages call the file `name`.

    The fields may be dotted paths; without `text_field` a line may lack a text, and so may one with both `file_fields`,
    whose text is in a file. A file that gzip or zstd packed is unpacked as it is read.

    Raises `UsageError` for a file that is packed otherwise or no text, whose bytes have no lines.
    """
    is_nested = "." in (text_field or "")
    for number, line in enumerate(_lines(lines, name), start=1):
        if line is None:
            yield Refusal(f"{name}:{number}", "what is packed is damaged or cut off here; the lines before it are read")
            return
        value = line.removeprefix(_BYTE_ORDER_MARK).strip()
        if not value:
            continue
        location = f"{name}:{number}"
        try:
            # What a query mends, it is sent.
            content, fault = parse_json(value.decode(errors="surrogateescape"))
        except ValueError as error:
            yield Refusal(location, f"not JSON: {error}")
            continue
        if not isinstance(content, dict):
            yield Refusal(location, "JSON, but no object")
            continue
        # Where JSON stands in a string, its own faults are not said.
        if (fault or is_nested) and UNDECODED_BYTE.search(str(lookup(content, text_field or "text"))):
            yield Refusal(location, "JSON whose text is not UTF-8")
            continue
        problem = _no_text(content, text_field) if text_field is not None else None
        if problem and not all(lookup(content, path) is not None for path in file_fields):
            yield Refusal(location, problem)
            continue
        identity = name_of(lookup(content, id_field))
        name_in_key = _hash_of_text(content, text_field) if identity is None else whole_name(identity)
        yield ProducerRecord(location, None if name_in_key is None else name_in_key.encode(), value)


def _hash_of_text(content: dict[str, Any], text_field: str | None) -> str | None:
    """Return what a query names a document by that has no id; None where the object has no text."""
    text = text_of(lookup(content, text_field or "text"))
    return None if text is None else text_id(whole_characters(text))


def _lines(file: BinaryIO, name: str) -> Iterator[bytes | None]:
    """Yield the lines of a file that may be packed; None, at last, where it is damaged."""
    try:
        yield from _unpacked_lines(unpacked(file), name)
    except DAMAGES:
        yield None


def _unpacked_lines(lines: BinaryIO, name: str) -> Iterable[bytes]:
    """Return the lines of a file in UTF-8, or of one in UTF-16 or UTF-32, which is read as a whole."""
    first = lines.readline()
    try:
        first.decode()
        known = None
    except UnicodeDecodeError:
        known = name_format(first)
    if known:
        raise UsageError(f"{name} is {known.message}.")
    if not is_wide(first):
        return chain([first], lines)
    try:
        text = decode_text(first + lines.read())
    except BadInput as error:
        raise UsageError(f"{name} is {error}.") from error
    return text.encode().splitlines()


def _no_text(content: dict[str, Any], path: str) -> str | None:
    """Return why an object has no text at `path`; None when something is there, which its reader judges."""
    text = lookup(content, path)
    if text is None:
        names = ", ".join(shortened(name, 40, len) for name in list(content)[:_MOST_NAMES]) or "none"
        return f"no text in '{path}'; its fields are: {names}. Name the one that holds the text: --field text=NAME"
    return "its text is empty" if isinstance(text, str) and not text.strip() else None
