"""The headline of a document: the line before its first sentence that says what it is about.

Sentences that were written for their place in a text do not name what the text is about, so a summary that consists of
them, and does not name it either, begins with the headline (measurements.md, headlines).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, pairwise

import regex

from streaming.mail.marks import FIELD, SUBJECTS
from streaming.sentences import ends_with_sentence, length
from streaming.summarizer.evidence.blocks import is_greeting
from streaming.summarizer.evidence.statements import Statement
from streaming.summarizer.words import comparable_units

# A head of a mail or of a form has a few lines before the first sentence.
_MOST_LINES = 8
# With fewer words it says nothing ("Minutes", "Chapter 3"), and with more it is a list or a table.
_FEWEST_UNITS, _MOST_WORDS = 2, 18
# What mail programs and ticket systems put before a subject.
_ADDED = regex.compile(
    r"(?:\s*(?:(?:re|fwd?|aw|wg|antw|sv|tr|rv|rif|odp|回复|转发)(?:\[\d+\])?\s?[:：]|\[[^\]\n]{0,60}\]))*\s*",
    regex.IGNORECASE,
)
# Markup, code, an address, columns: no words of a headline.
_NO_HEADLINE = regex.compile(r"^[^\p{L}\p{N}\"“„«'‘]|[<>{}\[\]|\\`=]|://|\S@\S")
# The section of a manual page that says in one line what a command does.
_NAME = "NAME"


def headline(statements: Sequence[Statement], usable: Collection[int], language: str) -> str | None:
    """Return the headline of a text as it stands there, often without a full stop; None when it has none.

    It is the subject of a mail, the description of a manual page, or else the first line.
    """
    lines = list(_lines_before(statements, usable))
    found = chain(_subjects(lines), _descriptions(lines), lines[:1])
    return next((line for line in found if _says_something(line, language)), None)


def _lines_before(statements: Sequence[Statement], usable: Collection[int]) -> Iterator[str]:
    for i, statement in enumerate(statements[:_MOST_LINES]):
        if statement.whole or statement.depth:
            return
        if i in usable and not statement.item:
            yield statement.full


def _subjects(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if (field := FIELD.match(line)) and field["name"].casefold() in SUBJECTS:
            subject = line[field.end() :]
            yield subject[_ADDED.match(subject).end() :]  # type: ignore[union-attr]


def _descriptions(lines: Sequence[str]) -> Iterator[str]:
    return (line for before, line in pairwise(lines) if before == _NAME)


def _says_something(line: str, language: str) -> bool:
    if FIELD.match(line) or is_greeting(line) or ends_with_sentence(line) or _NO_HEADLINE.search(line):
        return False
    return length(line) <= _MOST_WORDS and len(comparable_units(line, language)) >= _FEWEST_UNITS
