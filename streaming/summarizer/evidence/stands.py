"""What words alone do not show: whether a sentence says the opposite of the one it stands on, or other numbers."""

from __future__ import annotations

import re

from streaming.summarizer.evidence.statements import Statement

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|nicht|kein\w*|nie|niemals|niemand|nichts|ohne)\b"
    r"|n['’]t\b|[不没未无非]",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


def stands_on(sentence: str, statement: Statement) -> bool:
    """Tell whether a sentence denies no more and no less than a statement, and has none but its numbers."""
    if bool(_NEGATION.search(sentence)) != bool(_NEGATION.search(statement.full)):
        return False
    return set(_NUMBER.findall(sentence)) <= set(_NUMBER.findall(statement.full))
