"""`gistream redrive`: sends dead letters back to the topics that they came from, each once.

    dead letters -> their input topic -> the query, as if they came for the first time
    letter_places   kafka/redriving      pipeline/task

What is sent is decided by `dead_letters`, and looked at again when no other redrive can send any more.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from streaming.kafka.redriving import open_redriver
from streaming.messages import DeadLetter, FailedDocument
from streaming.operations.redrive.places import LetterPlace
from streaming.operations.redrive.survey import Survey
from streaming.settings import MIB, Settings

# A transaction: small enough to repeat and to stop in between, large enough that its end (two requests) costs little.
_MOST_LETTERS = 100
_MOST_BYTES = 16 * MIB
# How old the knowledge of newer versions may be; a look took 0.5 s with 50,000 letters on two busy cores.
_LOOK_SECONDS = 5.0


@dataclass
class Outcome:
    """What a redrive did: letters sent, refused as too large, and left out because something changed meanwhile."""

    sent: int = 0
    refused: list[FailedDocument] = field(default_factory=list)
    changed: list[FailedDocument] = field(default_factory=list)


def redrive(
    settings: Settings,
    place: LetterPlace,
    survey: Survey,
    letters: Sequence[FailedDocument],
    *,
    rate: float | None,
    stop: threading.Event,
    on_sent: Callable[[int], None],
) -> Outcome:
    """Send letters back, at most `rate` a second; `on_sent` is called with the number of each transaction.

    It ends early between two transactions when `stop` is set. Raises `BrokerError`, also when another redrive takes
    over, and `TopicError`; what was sent before stays sent.
    """
    outcome, previous = Outcome(), 0
    by_topic: dict[str, list[FailedDocument]] = defaultdict(list)
    for letter in letters:
        by_topic[letter.source.topic].append(letter)
    for topic, chosen in by_topic.items():
        with open_redriver(settings, topic) as redriver:
            # Nobody else can send any more: what others sent before is seen now.
            survey.look_again()
            looked_at = time.monotonic()
            for batch in _batches(_read(place, chosen, outcome), rate):
                if rate is not None and previous:
                    stop.wait(previous / rate)
                if stop.is_set():
                    return outcome
                if time.monotonic() - looked_at > _LOOK_SECONDS:
                    survey.look_again()
                    looked_at = time.monotonic()
                outcome.changed += [letter for letter, _ in batch if letter.state != "waiting"]
                waiting = [(letter, record) for letter, record in batch if letter.state == "waiting"]
                refused = redriver.send([record for _, record in waiting])
                outcome.refused += [letter for letter, record in waiting if record in refused]
                previous = len(waiting) - len(refused)
                outcome.sent += previous
                on_sent(previous)
    return outcome


def _read(
    place: LetterPlace, letters: Sequence[FailedDocument], outcome: Outcome
) -> Iterator[tuple[FailedDocument, DeadLetter]]:
    """Yield the letters with their records; one that is no longer where it was is noted in `outcome`."""
    by_place = {letter.place: letter for letter in letters}
    for where, record in place.read(by_place):
        letter = by_place[where]
        # A compaction may have moved the rows.
        if (record.source, record.error) == (letter.source, letter.error):
            del by_place[where]
            yield letter, record
    outcome.changed += by_place.values()


def _batches(
    letters: Iterator[tuple[FailedDocument, DeadLetter]], rate: float | None
) -> Iterator[list[tuple[FailedDocument, DeadLetter]]]:
    most = _MOST_LETTERS if rate is None else max(1, min(_MOST_LETTERS, int(rate)))
    batch: list[tuple[FailedDocument, DeadLetter]] = []
    size = 0
    for letter, record in letters:
        length = len(record.value or b"")
        if batch and (len(batch) == most or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((letter, record))
        size += length
    if batch:
        yield batch
