"""Which of many pieces a text holds, in the time of reading it once; `piece in text` for each takes the square."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

# The lengths of the beginnings by which a piece is looked for; each one more is another look at every character.
_HEADS = (64, 32, 16, 8)


def contained_in(text: str, pieces: Sequence[str]) -> list[bool]:
    """Tell of each piece whether it stands in the text."""
    distinct = set(pieces)
    heads = {piece: _head(piece) for piece in distinct}
    wanted = set(heads.values())
    places: defaultdict[str, list[int]] = defaultdict(list)
    for size in {len(head) for head in wanted if head}:
        for place in range(len(text) - size + 1):
            if (head := text[place : place + size]) in wanted:
                places[head].append(place)
    found = {
        piece: any(text.startswith(piece, place) for place in places[head]) if head else piece in text
        for piece, head in heads.items()
    }
    return [found[piece] for piece in pieces]


def _head(piece: str) -> str:
    """Return the beginning of a piece; "" for one that is too short for one, of which there are few."""
    return next((piece[:size] for size in _HEADS if len(piece) >= size), "")
