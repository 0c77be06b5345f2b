"""Claims: the names, numbers and quotations of a summary that its text does not have."""

from __future__ import annotations

from collections.abc import Collection
from unicodedata import decimal

import regex

from streaming.sentences import split_sentences
from streaming.summarizer.guards.quotations import outward
from streaming.summarizer.languages import base_code
from streaming.summarizer.words import content_words, words

# A number of one digit may count something in the text.
_NUMBER = regex.compile(r"\p{Nd}[\p{Nd}.,:'’]*\p{Nd}")
_SEPARATORS = regex.compile(r"[.,:'’]")
# Text between an opening and a closing mark, in English, German, French, Chinese and Japanese.
_QUOTED = regex.compile(r'"([^"\n]+)"|“([^“”\n]+)”|„([^„“”\n]+)[“”]|«([^«»\n]+)»|「([^「」\n]+)」|『([^『』\n]+)』')
_ELLIPSIS = regex.compile(r"…|\.\.\.")
# A quotation of fewer words, or of fewer characters in a script without words, is a title or a nickname.
_FEWEST_QUOTED, _SHORTEST_QUOTED = 4, 12
_NAME = regex.compile(r"(?<=[\p{L}\p{M},;] )\p{Lu}[\p{L}\p{M}'’]+")
# Languages that write every noun with a capital.
_CAPITAL_NOUNS = {"de"}


def foreign_numbers(summary: str, text: str) -> set[str]:
    """Return the numbers of two digits and more in `summary` that `text` does not have."""
    return set(_numbers(summary)) - set(_numbers(text))


def foreign_quotes(summary: str, text: str) -> list[str]:
    """Return the quotations in `summary`, of four words and more, that do not stand in `text`."""
    source = f" {' '.join(words(text))} "
    return [
        quote
        for groups in _QUOTED.findall(outward(summary))
        for quote in _ELLIPSIS.split("".join(groups))
        if len(quote_words := words(quote)) >= _FEWEST_QUOTED and len(quote) >= _SHORTEST_QUOTED
        if f" {' '.join(quote_words)} " not in source
    ]


def foreign_names(summary: str, source: Collection[str], *, language: str) -> set[str]:
    """Return the names in `summary` that are not in `source`, when most are not; none in a script without capitals.

    A name is a word with a capital inside a sentence. `source` are the stems of the text's content words.
    """
    if base_code(language) in _CAPITAL_NOUNS:
        return set()
    names = " ".join(name for sentence in split_sentences(summary, language) for name in _NAME.findall(sentence))
    stems = set(content_words(names, language))
    foreign = stems.difference(source)
    return foreign if 2 * len(foreign) > len(stems) else set()


def _numbers(text: str) -> list[str]:
    # The digits of every script are the same numbers.
    return ["".join(str(decimal(c)) for c in _SEPARATORS.sub("", number)) for number in _NUMBER.findall(text)]
