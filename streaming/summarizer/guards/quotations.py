"""Guillemets: French and Russian point them outward, «so», German and Danish inward, »so«."""

from __future__ import annotations

import re

_GUILLEMET = re.compile("[«»]")
_TURNED = str.maketrans("«»", "»«")


def outward(text: str) -> str:
    """Return `text` with its guillemets pointing outward, so that opening and closing marks differ."""
    first = _GUILLEMET.search(text)
    inward = first is not None and first.group() == "»" and "«" in text
    return text.translate(_TURNED) if inward else text
