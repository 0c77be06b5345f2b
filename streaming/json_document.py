r"""Reads a document's fields out of JSON, as producers write it: the text decides, the rest is mended.

    {"text": "Once ...", "title": 5}              title="5", mended: "title: a number became text"
    "{\"text\": \"Once ...\"}"                    the object inside, mended: "value: JSON inside a JSON string"
    [{"text": "Once ..."}]                        the object inside, mended: "value: a list of one object"
    {"schema": {...}, "payload": {"text": ...}}   the payload: so Kafka Connect's JSON converter writes it; also alone
    "Once upon a time ..."                        that text, mended: "value: a JSON string"
    ["Once upon a time ..."]                      that text, mended: "value: a list of one string" as well
    )]}'{"text": "Once ..."}                      the object, mended: "value: characters around its JSON"
    {"nbformat": 4, "cells": [...]}               the prose of the notebook, its first heading as title
    {"uri": "file:///...", "sha256": "..."}       a reference to the file that holds the text, which is read later
    {"text": 5}                                   BadInput: its text is no text

What is only copied (title, metadata) never costs a document. Pure functions; no Kafka, no Spark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from streaming.encoding.notebook import notebook_in
from streaming.errors import BadInput
from streaming.json_values import (
    UNDECODED_BYTE,
    lookup,
    name_of,
    parse_json,
    text_of,
    unwrapped,
    whole_characters,
    whole_name,
    without_byte_order_mark,
)
from streaming.messages import Document, DocumentReference
from streaming.wording import counted

# An object in a string in a list in a string: nobody wraps deeper on purpose.
_MOST_WRAPPINGS = 4
_ITEMS: dict[type, str] = {dict: "object", list: "list", str: "string"}
# Names of fields in a message: a person finds the right one among so many.
_MOST_NAMES = 20
_LONGEST_NAME = 40
HALF_CHARACTER = "half a character"
UNDECODED = "bytes that are not UTF-8"
_KINDS = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}
# The first characters of JSON that can hold a document.
JSON_STARTS = ("{", "[", '"')


@dataclass(frozen=True)
class FieldPlaces:
    """Where a document's fields are in the JSON: a dotted path for each field, and the paths copied to the metadata.

    A field `metadata.NAME` is the entry NAME of the metadata.
    """

    field: Mapping[str, str]
    keep: tuple[str, ...] = ()

    def path(self, name: str) -> str:
        """Return the path of a document's field."""
        return self.field.get(name, name)


def document_in(value: Any, places: FieldPlaces) -> tuple[Document | DocumentReference, list[str]]:
    """Return the document that a JSON value holds or refers to, and what was mended in it; raises `BadInput`."""
    mended: list[str] = []
    content = _unwrapped(value, places.path("text"), mended)
    if isinstance(content, str):
        return Document(text=_whole("text", content, mended)), [*mended, "value: a JSON string"]
    if isinstance(content, dict) and lookup(content, places.path("text")) is None and (book := notebook_in(content)):
        return Document(text=book.text, title=book.title), [*mended, f"text: {book.description}"]
    if not isinstance(content, dict):
        raise BadInput(f"the value is JSON, but {_several(content)}", type="InvalidJson")
    fields = _fields(content, places, mended)
    reference = None if fields.get("text") else _reference(content, places)
    if "text" not in fields and reference is None:
        raise BadInput(_no_text(content, places.path("text")), type="NoText")
    try:
        if reference is not None:
            return DocumentReference.model_validate(fields | reference), mended
        return Document.model_validate(fields), mended
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors(include_input=False))
        raise BadInput(f"the document's fields have wrong types: {problems}", type="InvalidDocument") from error


def _reference(content: dict[str, Any], places: FieldPlaces) -> dict[str, str] | None:
    """Return the fields of a reference; None where a file or its hash is not named, as in other people's records."""
    uri, sha256 = (lookup(content, places.path(name)) for name in ("uri", "sha256"))
    return {"uri": uri, "sha256": sha256} if isinstance(uri, str) and isinstance(sha256, str) and uri else None


def is_document(value: Any) -> bool:
    """Tell whether a value of JSON can hold a document: an object, a string, or a list of documents, at any depth."""
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, list) and inner:
            pending += inner
        elif not isinstance(inner, dict | str):
            return False
    return True


def _unwrapped(value: Any, text_path: str, mended: list[str]) -> Any:
    for _ in range(_MOST_WRAPPINGS):
        if isinstance(value, str) and (inner := _parsed(value)) is not None:
            value, wrapping = inner, "value: JSON inside a JSON string"
        elif isinstance(value, list) and len(value) == 1 and type(value[0]) in _ITEMS:
            value, wrapping = value[0], f"value: a list of one {_ITEMS[type(value[0])]}"
        elif (payload := unwrapped(value, text_path)) is not value:
            value, wrapping = payload, ""
        elif isinstance(value, dict) and any(name.startswith("\ufeff") for name in value):
            # As the first name of a table that was converted to JSON.
            value = {without_byte_order_mark(name): inner for name, inner in value.items()}
            wrapping = "value: a byte order mark in the name of a field"
        else:
            break
        if wrapping:
            mended.append(wrapping)
    return value


def _parsed(text: str) -> Any:
    """Return the document that a string holds as JSON; None when it holds a text."""
    if text.lstrip()[:1] not in JSON_STARTS:
        return None
    try:
        value, _ = parse_json(text)
    except ValueError:
        return None
    return value if is_document(value) else None


def _several(content: Any) -> str:
    if isinstance(content, list):
        return f"a list of {counted(len(content), 'value')}; send a record for each document"
    return "no object"


def _fields(content: dict[str, Any], places: FieldPlaces, mended: list[str]) -> dict[str, Any]:
    fields = {name: lookup(content, places.path(name)) for name in Document.model_fields}
    for name in ("text", "prompt"):
        if isinstance(fields[name], str):
            fields[name] = _whole(name, fields[name], mended)
    fields["id"] = _name(fields["id"], mended)
    fields["title"] = _as_text("title", fields["title"], mended)
    if fields["language"] is not None and not isinstance(fields["language"], str):
        fields["language"] = None
        mended.append("language: left out, because it is no text")
    fields["metadata"] = _metadata(fields["metadata"], content, places, mended)
    # Most serializers write an absent field as null.
    return {name: inner for name, inner in fields.items() if inner is not None}


def _name(value: Any, mended: list[str]) -> str | None:
    name = name_of(value)
    if name is None:
        if value not in (None, ""):
            mended.append("id: left out, because it names no document")
        return None
    if not isinstance(value, str | int):
        mended.append(f"id: {_KINDS[type(value)]} became text")
    elif name != str(value):
        mended.append("id: its fraction or its byte order mark was left out")
    if whole_characters(name) != name:
        mended.append(f"id: {_fault(name)}")
    return whole_name(name)


def _metadata(own: Any, content: dict[str, Any], places: FieldPlaces, mended: list[str]) -> dict[str, str]:
    if own is not None and not isinstance(own, dict):
        own = {"metadata": own}
    entries = {name: _as_text(f"metadata.{name}", inner, mended) for name, inner in (own or {}).items()}
    # What a user asks for by name is text by what the user asks for: nothing was mended.
    asked = {name.removeprefix("metadata."): path for name, path in places.field.items() if "." in name}
    for name, path in (asked | {path: path for path in places.keep}).items():
        entries[name] = _as_text(name, lookup(content, path), [])
    return {whole_characters(name): inner for name, inner in entries.items() if inner is not None}


def _as_text(name: str, value: Any, mended: list[str]) -> str | None:
    text = text_of(value)
    if text is None:
        return None
    if not isinstance(value, str):
        mended.append(f"{whole_characters(name)}: {_KINDS[type(value)]} became text")
    return _whole(name, text, mended)


def _whole(name: str, text: str, mended: list[str]) -> str:
    if (whole := whole_characters(text)) != text:
        mended.append(f"{whole_characters(name)}: {_fault(text)}")
    return whole


def _fault(text: str) -> str:
    return UNDECODED if UNDECODED_BYTE.search(text) else HALF_CHARACTER


def _no_text(content: dict[str, Any], path: str) -> str:
    """Say which fields there are where the path of the text leads nowhere."""
    names = path.split(".")
    for depth in range(len(names) - 1, 0, -1):
        inner = lookup(content, ".".join(names[:depth]))
        if isinstance(inner, dict):
            return f"the JSON object '{'.'.join(names[:depth])}' has no '{'.'.join(names[depth:])}'; {_names(inner)}"
    return f"the JSON object has no '{path}'; {_names(content)}"


def _names(content: dict[str, Any]) -> str:
    if not content:
        return "it is empty"
    names = [whole_characters("".join(c for c in name if c.isprintable()))[:_LONGEST_NAME] for name in content]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"it has {', '.join(sorted(names)[:_MOST_NAMES])}{more}"
