"""A document that failed, and what became of it since: a line for each document, however often it failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streaming.messages.dead_letters import Failure
from streaming.messages.records import Source

# The place of a dead letter: a partition, or a file, and the number of the offset or row.
Place = tuple[int | str, int]
# waiting: it can be sent back. redriven: it was, and has no result yet. exhausted: it failed `max_attempts` times.
# unsendable: its record cannot be sent as it was. superseded: there is a newer version of its document. summarized:
# its document has a result by now.
State = Literal["waiting", "redriven", "exhausted", "unsendable", "superseded", "summarized"]
STATES: tuple[State, ...] = ("waiting", "redriven", "exhausted", "unsendable", "superseded", "summarized")
# Why a redrive leaves a document in each of the other states, in its messages.
WHY_LEFT: dict[State, str] = {
    "superseded": "superseded by a newer version or a deletion",
    "summarized": "summarized since",
    "redriven": "sent back already, and without a result yet",
    "exhausted": "failed {max_attempts} times (--max-attempts)",
    "unsendable": "cannot be sent",
}
# Nothing is left to do for these.
SETTLED: tuple[State, ...] = ("superseded", "summarized")


@dataclass
class FailedDocument:
    """A document that failed, with its last dead letter.

    `id` is the document's id, None when its record cannot be read; `failures` counts its dead letters. Times are in
    milliseconds since 1970: `failed_at` that of the last dead letter, `redriven_at` when it was last sent back. `note`
    says why it cannot be sent. `bytes` is the size of the original value.
    """

    place: Place
    id: str | None
    key: bytes | None
    source: Source
    error: Failure
    failed_at: int
    bytes: int
    failures: int = 1
    redriven_at: int | None = None
    state: State = "waiting"
    note: str = ""

    @property
    def position(self) -> str:
        """The name of the position, which is the document's id with `--id-from offset`, too."""
        return f"{self.source.topic}-{self.source.partition}-{self.source.offset}"

    @property
    def name(self) -> str:
        """What a person calls the document by: its id, else its position."""
        return self.id or self.position
