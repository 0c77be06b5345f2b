"""A record of an output topic as a list shows it: without the summary's body and the dead letter's payload.

A record of the output topic     becomes
-----------------------------    ---------------------------------------------------------
a summary                        Row(kind="summary"), with the beginning of its text
a tombstone with a position      Row(kind="deletion"): the summaries of its id are deleted
anything else                    nothing: it is not gistream's

`search_text` is what a filter looks through; a feed keeps it beside the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from streaming.wording import shortened

# Characters of a row's beginning: two lines of a wide screen.
OPENING = 200
# Characters of a row's title, and of each name and value of its metadata, of which a row has so many. A record may have
# megabytes of each, and 10,000 rows are kept.
TITLE, LABEL = 300, 200
LABELS = 50
# The last time that a list shows, in ms since 1970 (the year 9892). Kafka takes any number for a record's time, such as
# one in nanoseconds; a calendar does not.
_LATEST = 250_000_000_000_000
# Bytes of a row's text for filters, in UTF-8: several times a long summary, and with 10,000 rows 80 MB at the most.
SEARCH_BYTES = 8192

# Topic, partition and offset of a document's record.
Position = tuple[str, int, int]
# What became of a document after a dead letter; "" while nothing has.
Outcome = Literal["", "summarized", "failed again"]


@dataclass(frozen=True, slots=True)
class Row:
    """A summary, or a deletion, as a list shows it.

    `number` orders the rows of a feed: a newer row has a higher one, it never changes, and no other row of this process
    gets it. `topic`, `partition` and `offset` say where the record is. `arrived` is the record's timestamp, in
    milliseconds since 1970. `opening` is the beginning of the summary, at most 200 characters, cut at a word. `seconds`
    is the time of summarizing; `latency` the seconds from the document's record to its summary, None when unknown.
    `tokens` counts those of prompts and answers. `source` is the position of the document's record. `title` and
    `metadata` are cut where they are very long; the summary has all of them.

    `replaced` says that a newer result of the same document is known (docs/delivery.md). `deleted` says that a deletion
    of it is known; then `title`, `opening` and `metadata` are empty. A deletion has no words either, nor numbers.
    """

    number: int
    topic: str
    partition: int
    offset: int
    arrived: int
    kind: Literal["summary", "deletion"]
    id: str
    title: str | None = None
    opening: str = ""
    status: str = ""
    prompt: str = ""
    model: str = ""
    recipe: str = ""
    strategy: str = ""
    seconds: float = 0.0
    latency: float | None = None
    tokens: int = 0
    reused: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    source: Position | None = None
    replaced: bool = False
    deleted: bool = False

    def without_words(self) -> Row:
        """Return the row of a summary that was deleted: nothing of the document's text, and none of its labels."""
        return replace(self, title=None, opening="", metadata={}, replaced=True, deleted=True)


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A dead letter as a list shows it, without its payload.

    `number`, the position and `arrived` are as in `Row`. `key` is the record's, as text. `reason` is stage and type,
    such as "summarize/DeadlineExceeded". `size` is that of the original value in bytes, None for a record without one.
    `outcome` says what became of the document afterwards, by the results that were read.
    """

    number: int
    topic: str
    partition: int
    offset: int
    arrived: int
    key: str | None
    reason: str
    stage: str
    type: str
    message: str
    attempts: int
    size: int | None
    source: Position
    outcome: Outcome = ""


def shown_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata that a row shows and filters by: as much as people write, of what a record may have."""
    return {
        shortened(name, LABEL, len): shortened(value, LABEL, len) for name, value in islice(metadata.items(), LABELS)
    }


def shown_time(milliseconds: int) -> int:
    """Return a record's time as one that a calendar has, in ms since 1970; a record without a time has -1."""
    return min(max(milliseconds, 0), _LATEST)
