"""The documents of a load: each is a pure function of the seed and its number.

Item: one document as JSON, whose key is its id ("load-1-17"); or an exact copy of an earlier one; or a bad message. The
same seed and settings give the same documents byte for byte, in any run: of Python's random numbers only `random()` is
used, which no version of Python changes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random

from producers.load.bad import BAD_KINDS, bad_value
from producers.load.sizes import Sizes
from producers.load.texts import Texts

# What a document is, beside the kinds of bad messages.
NEW, DUPLICATE = "new", "duplicate"
# An earlier document that is neither bad nor a copy is drawn at most so often; then the document is a new one.
_MOST_DRAWS = 50
# Bytes of JSON that a word of the samples takes at most, on average: they have 6, with the blank.
_WORD_BYTES = 12


@dataclass(frozen=True)
class Mix:
    """What the documents of a load are: their sizes, the shares of copies and of bad messages, and their keys.

    Without `keys` each document has a key of its own; with it they are versions of so many documents.
    """

    sizes: Sizes
    duplicates: float
    bad: float
    keys: int | None
    seed: int


@dataclass(frozen=True)
class LoadDocument:
    """The key and the value of a record, and what kind of document it is."""

    kind: str
    key: str
    value: bytes


class LoadDocuments:
    """The documents of a load by their numbers, from 0; none is larger than `max_bytes`."""

    def __init__(self, mix: Mix, max_bytes: int) -> None:
        self._mix = mix
        self._texts = Texts()
        self._most_words = max_bytes // _WORD_BYTES

    def document(self, number: int) -> LoadDocument:
        """Return document `number`."""
        kind = self._kind(number)
        if kind == DUPLICATE:
            original = self._earlier(number)
            kind, number = (NEW, number) if original is None else (kind, original)
        random = self._random("document", number)
        key = f"load-{self._mix.seed}-{number if self._mix.keys is None else int(random.random() * self._mix.keys)}"
        words = self._mix.sizes.words(random.random(), self._most_words)
        text = self._texts.text(words, number, self._mix.seed, random.random)
        if kind in BAD_KINDS:
            return LoadDocument(kind, key, bad_value(kind, key, text, random.random))
        fields = {"id": key, "title": f"Letter {number} of series {self._mix.seed}", "text": text}
        return LoadDocument(kind, key, json.dumps(fields, ensure_ascii=False).encode())

    def _kind(self, number: int) -> str:
        bad = self._mix.bad
        chance = self._random("kind", number).random()
        if chance < bad:
            return list(BAD_KINDS)[int(chance / bad * len(BAD_KINDS))]
        return DUPLICATE if chance < bad + self._mix.duplicates else NEW

    def _earlier(self, number: int) -> int | None:
        """Return the number of an earlier document that is new; None when none was drawn."""
        random = self._random("original", number)
        draws = (int(random.random() * number) for _ in range(_MOST_DRAWS)) if number else ()
        return next((draw for draw in draws if self._kind(draw) == NEW), None)

    def _random(self, purpose: str, number: int) -> Random:
        return Random(f"{self._mix.seed} {purpose} {number}")  # noqa: S311 - a load is no secret
