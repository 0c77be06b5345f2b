"""Which rows of a feed somebody wants to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from consumers.live.rows import SEARCH_BYTES, Row


@dataclass(frozen=True)
class Filters:
    """A choice of rows; an empty field chooses all.

    Every word of `text` must stand in the id, the title, a value of the metadata or the whole summary, also inside a
    word, in upper or lower case. `status`, `prompt` and `model` equal the row's, and so does the value of each key of
    `metadata`.
    """

    text: str = ""
    status: str = ""
    prompt: str = ""
    model: str = ""
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether all rows are chosen."""
        return not (self.words or self.status or self.prompt or self.model or self.metadata)

    @cached_property
    def words(self) -> tuple[bytes, ...]:
        """The words of `text` in the form of a search text."""
        return tuple(word.encode(errors="replace") for word in self.text.casefold().split())

    def matches(self, row: Row, search: bytes) -> bool:
        """Tell whether a row is chosen; `search` is its search text."""
        return (
            (not self.status or self.status == row.status)
            and (not self.prompt or self.prompt == row.prompt)
            and (not self.model or self.model == row.model)
            and all(word in search for word in self.words)
            and all(row.metadata.get(name) == value for name, value in self.metadata)
        )


def search_text(id: str, title: str | None, summary: str, metadata: Mapping[str, str]) -> bytes:
    """Return what `Filters.text` looks through: id, title, metadata's values and the whole summary.

    It is UTF-8 in lower case, one text of at most `SEARCH_BYTES`: of a summary that is longer the end is not found.
    """
    parts = (id, title or "", *metadata.values(), summary)
    return "\n".join(parts).casefold().encode(errors="replace")[:SEARCH_BYTES]
