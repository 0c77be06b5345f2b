"""The summaries of one system: those that are still missing are made, as the service would make them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from evaluation.entries import Entry, entries, keep
from evaluation.stories import Story
from streaming.errors import DocumentError
from streaming.messages import Document, Summary
from streaming.pipeline.desk import Desk
from streaming.pipeline.in_flight import in_flight
from streaming.planning.work import Work
from streaming.terminal.journal import Journal


@dataclass(frozen=True)
class Made:
    """What a system made of the stories: entries by the story's id, and why others have none."""

    entries: dict[str, Entry]
    failed: dict[str, str]


def make(
    work: Work,
    stories: Sequence[Story],
    journal: Journal,
    *,
    loading: Callable[[float], None],
    resumed: Callable[[int], None],
    finished: Callable[[], None],
) -> Made:
    """Summarize the stories that the journal does not have, several at a time.

    `loading` hears how much of the model is loaded, from 0 to 1; `resumed` how many stories the journal has; `finished`
    of each one that is done. Raises `EngineError` when the model cannot be loaded or fails, and `MachineError` when the
    journal cannot be written.
    """
    kept = entries(journal)
    found = {story.id: entry for story in stories if (entry := kept.get(_sha256(story)))}
    resumed(len(found))
    missing = [story for story in stories if story.id not in found]
    failed: dict[str, str] = {}
    if missing:
        desk = Desk(work, loading)
        with journal.open() as file:
            before = time.perf_counter()
            for story, outcome in _attempts(desk, work, missing):
                now = time.perf_counter()
                if isinstance(outcome, DocumentError):
                    failed[story.id] = f"{outcome.type}: {outcome}"
                else:
                    found[story.id] = Entry(outcome, now - before)
                    keep(file, found[story.id])
                before = now
                finished()
    return Made({story.id: found[story.id] for story in stories if story.id in found}, failed)


def _attempts(desk: Desk, work: Work, stories: Sequence[Story]) -> Iterator[tuple[Story, Summary | DocumentError]]:
    async def attempt(story: Story) -> tuple[Story, Summary | DocumentError]:
        document = Document(id=story.id, text=story.text, language=story.language)
        return story, await desk.attempt(document)

    for outcomes in in_flight(iter(stories), attempt, most=work.in_flight):
        yield from outcomes


def _sha256(story: Story) -> str:
    return hashlib.sha256(story.text.encode()).hexdigest()
