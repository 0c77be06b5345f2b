"""Cleaning: a document's text without the characters that nobody sees, and where its characters were before."""

from __future__ import annotations

import re
import unicodedata
from array import array

import regex

# Control characters other than tab and line end mean nothing in a text, and some break tokenizers.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# Characters that nobody sees, or that show people the text in another order than the model reads it: soft hyphens,
# spaces without width, overrides and isolates of direction, tags. Joiners, which scripts and emoji need, stay.
_INVISIBLE = re.compile(r"[\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
# A letter with its accents, and a syllable of Korean with its parts: what composing makes one character of.
_CLUSTER = regex.compile(r"\X")


def clean_text(text: str) -> str:
    """Return `text` without invisible characters, with blanks for control characters, and composed (NFC).

    macOS and some PDFs write a letter and its accent as two characters, which are other words to a model.
    """
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _CONTROL.sub(" ", text)))


class OriginalPositions:
    """Where the characters of a cleaned text stand in the original one."""

    def __init__(self, original: str) -> None:
        self._positions: array[int] | None = None
        if clean_text(original) != original:
            self._positions = self._read(original)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the original characters that became those from `start` to `end`, of which there is at least one."""
        if self._positions is None:
            return start, end
        return self._positions[2 * start], self._positions[2 * (end - 1) + 1]

    @staticmethod
    def _read(original: str) -> array[int]:
        """Return the first and the end position in the original text of each cleaned character."""
        visible = [i for i, character in enumerate(original) if not _INVISIBLE.match(character)]
        plain = _CONTROL.sub(" ", "".join(original[i] for i in visible))
        positions = array("L")
        for cluster in _CLUSTER.finditer(plain):
            first, end = visible[cluster.start()], visible[cluster.end() - 1] + 1
            composed = unicodedata.normalize("NFC", cluster[0])
            # Characters that stay as many stay where they are.
            unchanged = len(composed) == cluster.end() - cluster.start()
            for offset in range(len(composed)):
                at = visible[cluster.start() + offset] if unchanged else first
                positions.extend((at, at + 1 if unchanged else end))
        return positions
