"""What a reader of a format yields: the parts of a file, and those that are no document."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """The text of a file, or of one part of it that is a document of its own: a chapter, a mail, a row.

    `name` tells the part from the others of its file ("c01", "3"); it is empty where the file is one document. `id`,
    `language` and `prompt` are those that the file itself says, as a row of a table may.
    """

    text: str
    title: str | None = None
    name: str = ""
    id: str | None = None
    language: str | None = None
    prompt: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PartRefusal:
    """A part of a file that is no document, such as a row without a text, and why; its neighbours are read."""

    name: str
    reason: str
