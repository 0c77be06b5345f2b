"""Dead letters for people and for machines. The text of a document is shown on request only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from rich.table import Table
from rich.text import Text

from streaming.messages import DeadLetter, FailedDocument
from streaming.wording import counted

# Of a value, to see what kind of text it is.
_MOST_LINES = 10
_MOST_CHARACTERS = 2000
# The last millisecond that Python can show, of the year 9999.
_LAST_MS = 253_402_300_799_999


def letter_table(letters: Sequence[FailedDocument]) -> Table:
    """Return a row for each letter."""
    table = Table("document", "reason", "attempts", "failed", "redriven", "state", box=None)
    for letter in letters:
        redriven = "" if letter.redriven_at is None else moment(letter.redriven_at)
        table.add_row(
            _printable(letter.name),
            letter.error.reason,
            str(letter.error.attempts),
            moment(letter.failed_at),
            redriven,
            letter.state,
        )
    return table


def reason_table(letters: Sequence[FailedDocument], *, by_state: bool) -> Table:
    """Return a row for each reason, and with `by_state` for each reason and state: count, oldest, newest."""
    columns = ("reason", "state") if by_state else ("reason",)
    table = Table(*columns, "count", "oldest", "newest", box=None)
    for name, group in reasons(letters, by_state=by_state):
        times = [letter.failed_at for letter in group]
        table.add_row(*name, f"{len(group):,}", moment(min(times)), moment(max(times)))
    return table


def reasons(letters: Sequence[FailedDocument], *, by_state: bool) -> list[tuple[tuple[str, ...], list[FailedDocument]]]:
    """Return the letters by reason, and with `by_state` by reason and state, the most frequent first."""
    groups: dict[tuple[str, ...], list[FailedDocument]] = {}
    for letter in letters:
        name = (letter.error.reason, letter.state) if by_state else (letter.error.reason,)
        groups.setdefault(name, []).append(letter)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def letter_fields(letter: FailedDocument) -> dict[str, Any]:
    """Return a letter as JSON has it."""
    return {
        "document": letter.name,
        "id": letter.id,
        "position": letter.position,
        "state": letter.state,
        "note": letter.note,
        "reason": letter.error.reason,
        "message": letter.error.message,
        "attempts": letter.error.attempts,
        "failures": letter.failures,
        "failed_at": _iso(letter.failed_at),
        "redriven_at": None if letter.redriven_at is None else _iso(letter.redriven_at),
        "bytes": letter.bytes,
    }


def letter_block(letter: FailedDocument, record: DeadLetter, *, value: bool) -> Text:
    """Return all about a letter, a line each; with `value` the first lines of the document, too."""
    redriven = "never" if letter.redriven_at is None else moment(letter.redriven_at)
    lines = {
        "position": letter.position,
        "key": "none" if record.key is None else readable(record.key),
        "state": f"{letter.state}: {letter.note}" if letter.note else letter.state,
        "reason": letter.error.reason,
        "message": letter.error.message,
        "attempts": str(letter.error.attempts),
        "failed": moment(letter.failed_at),
        "redriven": redriven,
        "value": "none" if record.value is None else counted(letter.bytes, "byte"),
    }
    text = Text(_printable(letter.name), style="bold")
    for name, line in lines.items():
        text.append(f"\n  {name:<10}{_printable(line)}", style="")
    for name, raw in record.headers:
        text.append(f"\n  header    {_printable(name)}: {'none' if raw is None else readable(raw)}")
    if value and record.value is not None:
        for line in readable(record.value[: 4 * _MOST_CHARACTERS], lines=True)[:_MOST_CHARACTERS].split("\n")[
            :_MOST_LINES
        ]:
            text.append(f"\n    {line}")
    return text


def letter_json(letter: FailedDocument, record: DeadLetter, *, value: bool) -> str:
    """Return all about a letter as a line of JSON, bytes as Base64; with `value` the document, too."""
    fields = record.model_dump(mode="json", exclude=None if value else {"value"})
    return json.dumps(letter_fields(letter) | fields, ensure_ascii=False)


def moment(milliseconds: int) -> str:
    """Return a time in UTC, to the second."""
    return _iso(milliseconds)[:19].replace("T", " ")


def readable(raw: bytes, *, lines: bool = False) -> str:
    """Return bytes as text without control characters, or as hexadecimal digits when they are no text."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        # The end may be cut within a character.
        if error.start < len(raw) - 3:
            return raw.hex()
        text = raw[: error.start].decode()
    return _printable(text, keep="\n" if lines else "")


def _iso(milliseconds: int) -> str:
    at = datetime.fromtimestamp(min(max(milliseconds, 0), _LAST_MS) / 1000, timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _printable(text: str, keep: str = "") -> str:
    return "".join(character if character.isprintable() or character in keep else " " for character in text)
