"""The columns for answers in JSON that a query's profiles need, wherever its results become rows."""

from __future__ import annotations

from streaming.archive import AnswerColumn
from streaming.planning.work import Work


def answer_columns(work: Work) -> list[AnswerColumn]:
    """Return a column for each profile that answers with JSON, by name."""
    return [
        AnswerColumn(name, profile.sha256, profile.schema_)
        for name, profile in sorted(work.profiles.items())
        if profile.schema_ is not None
    ]
