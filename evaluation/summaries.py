"""The summaries of one system, made as the service makes them. A journal keeps them until the evaluation ends."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from typing import Any

from pydantic import ValidationError

from evaluation.stories import Story
from streaming.errors import DocumentError
from streaming.messages import Document, Summary
from streaming.pipeline.desk import Desk
from streaming.pipeline.in_flight import in_flight
from streaming.planning.work import Work
from streaming.terminal.journal import Journal, write


@dataclass(frozen=True)
class TimedSummary:
    """A summary; `seconds` passed since the one before it, or since the evaluation was started or resumed."""

    summary: Summary
    seconds: float


@dataclass(frozen=True)
class SystemSummaries:
    """The summaries of one system by the story's id, and for each other story the reason why it has none."""

    by_story: dict[str, TimedSummary]
    failed: dict[str, str]


def summarize_stories(
    work: Work,
    stories: Sequence[Story],
    journal: Journal,
    *,
    on_progress: Callable[[float], None],
    on_resume: Callable[[int], None],
    on_story: Callable[[], None],
) -> SystemSummaries:
    """Summarize the stories that the journal does not have, several at a time.

    `on_progress` gets the share of the model that is loaded, from 0 to 1; `on_resume` the number of stories that the
    journal has; `on_story` is called for each story that is done. Raises `EngineError` when the model cannot be loaded
    or fails, and `MachineError` when the journal cannot be written.
    """
    earlier = read_summaries(journal)
    by_story = {story.id: summary for story in stories if (summary := earlier.get(_sha256(story)))}
    on_resume(len(by_story))
    missing = [story for story in stories if story.id not in by_story]
    failed: dict[str, str] = {}
    if missing:
        desk = Desk(work, on_progress)
        with journal.open() as file:
            before = time.perf_counter()
            for story, outcome in _attempts(desk, work, missing):
                now = time.perf_counter()
                if isinstance(outcome, DocumentError):
                    failed[story.id] = f"{outcome.type}: {outcome}"
                else:
                    by_story[story.id] = TimedSummary(outcome, now - before)
                    write_summary(file, by_story[story.id])
                before = now
                on_story()
    return SystemSummaries({story.id: by_story[story.id] for story in stories if story.id in by_story}, failed)


def read_summaries(journal: Journal) -> dict[str, TimedSummary]:
    """Return the summaries in a journal by the SHA-256 of the document's text; raises `MachineError`."""
    summaries = filter(None, map(_parsed, journal.lines()))
    return {timed.summary.document_sha256: timed for timed in summaries}


def write_summary(journal: FileIO, timed: TimedSummary) -> None:
    """Add a summary to an open journal; raises `MachineError` when there is no room for it."""
    write(journal, {"seconds": timed.seconds, "summary": timed.summary.model_dump(mode="json", by_alias=True)})


def _parsed(line: Any) -> TimedSummary | None:
    try:
        return TimedSummary(Summary.model_validate(line["summary"]), float(line["seconds"]))
    except (ValueError, KeyError, TypeError, ValidationError):
        return None


def _attempts(desk: Desk, work: Work, stories: Sequence[Story]) -> Iterator[tuple[Story, Summary | DocumentError]]:
    async def attempt(story: Story) -> tuple[Story, Summary | DocumentError]:
        return story, await desk.attempt(Document(id=story.id, text=story.text, language=story.language))

    for outcomes in in_flight(iter(stories), attempt, most=work.in_flight):
        yield from outcomes


def _sha256(story: Story) -> str:
    return hashlib.sha256(story.text.encode()).hexdigest()
