"""What a summary claims by name, by number and by word of mouth, held against its text."""

from __future__ import annotations

from collections.abc import Collection
from unicodedata import decimal

import regex

from streaming.summarizer.guards.quotations import outward
from streaming.summarizer.languages import base_code
from streaming.summarizer.sentences import split_sentences
from streaming.summarizer.words import content_words, words

# A number of one digit may be a count of what the text tells.
_NUMBER = regex.compile(r"\p{Nd}[\p{Nd}.,:'’]*\p{Nd}")
_SEPARATORS = regex.compile(r"[.,:'’]")
# What stands between an opening mark and one that closes it, in English, German, French, Chinese and Japanese.
_QUOTED = regex.compile(r'"([^"\n]+)"|“([^“”\n]+)”|„([^„“”\n]+)[“”]|«([^«»\n]+)»|「([^「」\n]+)」|『([^『』\n]+)』')
_ELLIPSIS = regex.compile(r"…|\.\.\.")
# Shorter ones are a title or a nickname: of fewer words, or of fewer characters where there are no words.
_FEWEST_QUOTED, _SHORTEST_QUOTED = 4, 12
_NAME = regex.compile(r"(?<=[\p{L}\p{M},;] )\p{Lu}[\p{L}\p{M}'’]+")
# German writes every noun so.
_ALL_NOUNS = {"de"}


def foreign_numbers(summary: str, text: str) -> set[str]:
    """Return the numbers of two digits and more in `summary` that `text` does not have."""
    known = set(_numbers(text))
    return {number for number in _numbers(summary) if number not in known}


def foreign_quotes(summary: str, text: str) -> list[str]:
    """Return what `summary` has between quotation marks, four words and more, and `text` does not say."""
    said = f" {' '.join(words(text))} "
    return [
        quote
        for found in _QUOTED.findall(outward(summary))
        for quote in _ELLIPSIS.split("".join(found))
        if len(spoken := words(quote)) >= _FEWEST_QUOTED and len(quote) >= _SHORTEST_QUOTED
        if f" {' '.join(spoken)} " not in said
    ]


def foreign_names(summary: str, known: Collection[str], *, language: str) -> set[str]:
    """Return the names in `summary` that are not `known`, when most are not; none in a script without capitals.

    A name is a word with a capital within a sentence; `known` are the stems of the text's content words.
    """
    if base_code(language) in _ALL_NOUNS:
        return set()
    names = " ".join(name for sentence in split_sentences(summary, language) for name in _NAME.findall(sentence))
    found = set(content_words(names, language))
    foreign = found.difference(known)
    return foreign if 2 * len(foreign) > len(found) else set()


def _numbers(text: str) -> list[str]:
    # The digits of every script are the same numbers.
    return ["".join(str(decimal(c)) for c in _SEPARATORS.sub("", number)) for number in _NUMBER.findall(text)]
