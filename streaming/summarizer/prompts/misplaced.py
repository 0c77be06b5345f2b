"""Entries at the wrong place of a prompt profile: below a table that they do not belong to, or settings of gistream.

A JSON Schema allows names that it does not know. So an entry of the profile that is written below [schema] would
change nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from streaming.settings import Settings

# Keywords of JSON Schema whose values are schemas by a name of the user's, and whose values are any JSON.
_BY_NAME = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_ANY_JSON = {"const", "enum", "default", "examples"}
# Settings and entries of a profile that JSON Schema knows, too.
_KEYWORDS = {"format", "description"}


def misplaced_in_schema(schema: Mapping[str, Any], entries: Collection[str]) -> str | None:
    """Return the first name at a schema's own place that is an entry of a profile or a setting; None without one."""
    names = {*entries, *Settings.model_fields} - _KEYWORDS
    return next((name for name in _keywords(schema) if name in names), None)


def place_of(name: str, tables: Mapping[str, Collection[str]]) -> str:
    """Return where `name`, which is unknown where it stands, belongs; `tables` are a profile's entries by table.

    The table "" holds the entries that stand above the first line in brackets.
    """
    for table, entries in tables.items():
        if name in entries:
            return f"it belongs below the line [{table}]" if table else "it belongs above the first line in brackets"
    if name in Settings.model_fields:
        return "it is a setting of gistream, which belongs into gistream.toml"
    entries = sorted({entry for entries in tables.values() for entry in entries})
    if alike := get_close_matches(name, entries, n=1):
        return f"there is no such entry (did you mean '{alike[0]}'?)"
    return f"there is no such entry; a profile has {', '.join(entries)}"


def _keywords(schema: Any) -> Iterator[str]:
    """Yield the keywords of a JSON Schema and of the schemas in it, without names and values that are the user's."""
    if isinstance(schema, list):
        for item in schema:
            yield from _keywords(item)
    elif isinstance(schema, Mapping):
        for keyword, value in schema.items():
            yield keyword
            if keyword in _BY_NAME and isinstance(value, Mapping):
                for inner in value.values():
                    yield from _keywords(inner)
            elif keyword not in _ANY_JSON:
                yield from _keywords(value)
