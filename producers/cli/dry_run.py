"""`--dry-run`: what would be sent, and what would be refused; no Kafka is needed, and nothing is sent.

Tokens are counted by whoever has a model's vocabulary: `gistream` hands its counter down as the object of typer's
context. `python -m producers` has none, and counts words and characters alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass

import typer

from producers.cli.notes import in_one_line, notes, print_refusals
from producers.records import ProducerRecord, Refusal
from streaming.errors import NoDocuments, NotAcknowledged
from streaming.json_values import lookup, name_of, parse_json, text_of, whole_characters
from streaming.settings import Settings
from streaming.wording import counted, shortened

CountTokens = Callable[[str], int]
# Opens the counter for the model of the settings.
OpenCounter = Callable[[Settings], AbstractContextManager[CountTokens]]

# Rows for people; a machine gets them all.
_MOST_ROWS = 20
_LONGEST_TITLE = 60


@dataclass(frozen=True)
class _Row:
    """A document that would be sent. `tokens` is None without a model, all three are for one without a text in it."""

    id: str | None
    name: str
    title: str | None
    bytes: int
    tokens: int | None
    words: int | None
    characters: int | None


def dry_run(
    ctx: typer.Context,
    settings: Settings,
    documents: Iterable[ProducerRecord | Refusal],
    text_field: str | None,
    title_field: str,
    *,
    as_json: bool,
) -> None:
    """Print a line for each document, and a total; raises `NotAcknowledged` when one would be refused."""
    from producers.publisher import unfit

    open_counter: OpenCounter | None = ctx.obj
    # A text that is too large goes by reference then.
    is_limited = not ctx.params.get("reference")
    sizes = _Sizes()
    refusals: list[Refusal] = []
    with open_counter(settings) if open_counter else nullcontext() as count_tokens, _Counter(as_json) as counter:
        for document in documents:
            if is_limited and isinstance(document, ProducerRecord) and (reason := unfit(document, settings)):
                document = Refusal(document.name, reason)
            if isinstance(document, Refusal):
                refusals.append(document)
                if as_json:
                    _write({"name": document.name, "refused": document.reason})
                continue
            row = _row(document, text_field, title_field, count_tokens)
            sizes.add(row)
            if as_json:
                _write({name: value for name, value in asdict(row).items() if value is not None})
            elif sizes.documents <= _MOST_ROWS:
                sys.stdout.write(_line(row) + "\n")
            else:
                counter.show(sizes.documents)
    if not as_json:
        print_refusals(refusals)
        if (more := sizes.documents - _MOST_ROWS) > 0:
            notes.print(f"{more:,} more; --json lists them all")
        notes.print(f"dry run, nothing was sent: {sizes.summary()} would go to '{settings.input_topic}'")
    if refusals:
        lost = len(refusals)
        total = counted(sizes.documents + lost, "document")
        raise NotAcknowledged(f"{lost:,} of {total} would be refused; the reasons are above.")
    if not sizes.documents:
        raise NoDocuments("There is no document to send.")


class _Counter:
    """The number of documents so far, shown in a terminal once the rows for people have ended."""

    def __init__(self, as_json: bool) -> None:
        self._status = notes.status("") if notes.is_terminal and not as_json else None

    def __enter__(self) -> _Counter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def show(self, documents: int) -> None:
        """Show the number, and start to when it is the first."""
        if self._status:
            self._status.update(f"{counted(documents, 'document')} so far")
            self._status.start()


@dataclass
class _Sizes:
    """The sums of all rows."""

    documents: int = 0
    bytes: int = 0
    tokens: int = 0
    words: int = 0
    counts_tokens: bool = False

    def add(self, row: _Row) -> None:
        self.documents += 1
        self.bytes += row.bytes
        self.words += row.words or 0
        self.tokens += row.tokens or 0
        self.counts_tokens = self.counts_tokens or row.tokens is not None

    def summary(self) -> str:
        tokens = f"{counted(self.tokens, 'token')}, " if self.counts_tokens else ""
        return f"{counted(self.documents, 'document')}, {tokens}{counted(self.words, 'word')}, {self.bytes:,} bytes"


def _row(record: ProducerRecord, text_field: str | None, title_field: str, count_tokens: CountTokens | None) -> _Row:
    text, title = _text_and_title(record, text_field, title_field)
    return _Row(
        id=record.key.decode(errors="replace") if record.key else None,
        name=record.name,
        title=title,
        bytes=record.size,
        tokens=None if text is None or count_tokens is None else count_tokens(text),
        words=None if text is None else len(text.split()),
        characters=None if text is None else len(text),
    )


def _text_and_title(record: ProducerRecord, text_field: str | None, title_field: str) -> tuple[str | None, str | None]:
    """Return the text of a record, None for one that has none in it, such as a tombstone; and its title."""
    if record.value is None:
        return None, None
    value = record.value.decode(errors="replace")
    if text_field is None:
        return value, None
    content, _ = parse_json(value)
    text, title = text_of(lookup(content, text_field)), name_of(lookup(content, title_field))
    return None if text is None else whole_characters(text), None if title is None else whole_characters(title)


def _line(row: _Row) -> str:
    tokens = "" if row.tokens is None else f"{row.tokens:>9,} tokens "
    words = "" if row.words is None else f"{row.words:>9,} words "
    title = f"  {shortened(' '.join(row.title.split()), _LONGEST_TITLE, len)}" if row.title else ""
    return f"{tokens}{words}{row.bytes:>11,} bytes  {in_one_line(row.id or row.name)}{title}"


def _write(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
