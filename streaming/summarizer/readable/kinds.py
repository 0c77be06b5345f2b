"""What is left out of a text, because it is no language or no message, and from which amount on.

What nobody reads is always left out. What people read, but not as sentences (`READ_BY_PEOPLE`), is left out beside
sentences, and stays where it is all that a document has. Amounts are characters without spaces.
"""

from __future__ import annotations

from typing import Literal

# encoded: base64, data URIs, PEM, uuencode. hex: hashes, dumps. drawing: SVG. minified: code without line ends.
# run: anything else without spaces. code: in lines. log: a program's. numbers: tables with more digits than letters.
# quoted, signature: what is not the message of a mail, though it is language.
Kind = Literal["encoded", "hex", "drawing", "minified", "run", "code", "log", "numbers", "quoted", "signature"]
READ_BY_PEOPLE: frozenset[Kind] = frozenset({"code", "log", "numbers"})
# An MD5 has 32 digits. A line of base64 has 60 characters or more, and short secrets are as long as words.
SHORTEST_HEX, SHORTEST_ENCODED = 32, 40
# Longer than any word or name of a file in the texts of the evaluation; the longest German words have 80 letters.
SHORTEST_RUN = 120
# A snippet of some 20 lines, or a table of some 40 cells, is a part of the text around it.
_FEWEST: dict[Kind, int] = {"code": 1000, "numbers": 200, "log": 300, "minified": 200}
FEWEST_OF_OTHERS = 40


def fewest(kind: Kind) -> int:
    """Return from how many characters on a stretch of this kind is left out."""
    return _FEWEST.get(kind, FEWEST_OF_OTHERS)
