"""Steps of a redrive in tests: what failed, sending it back, and what came of it."""

from __future__ import annotations

import threading
from dataclasses import replace

from installation import read_topic

from streaming.archive import ArchiveLocation
from streaming.messages import DeadLetter, FailedDocument, Summary
from streaming.operations.redrive.places import LetterPlace, LetterTopic
from streaming.operations.redrive.redrive import Outcome, redrive
from streaming.operations.redrive.survey import Selection, survey
from streaming.operations.verify.verify import Account, verify
from streaming.settings import Settings
from streaming.spark.prepare import Plan


def look(settings: Settings, place: LetterPlace | None = None) -> list[FailedDocument]:
    """Return all documents that failed, the oldest failure first."""
    return survey(settings, place or LetterTopic(settings), lambda: None).select(Selection())


def states(settings: Settings, place: LetterPlace | None = None) -> dict[str, str]:
    return {document.name: document.state for document in look(settings, place)}


def send_back(settings: Settings, place: LetterPlace | None = None) -> Outcome:
    """Redrive all that wait."""
    where = place or LetterTopic(settings)
    read = survey(settings, where, lambda: None)
    waiting = read.select(Selection(), ["waiting"])
    stop = threading.Event()
    return redrive(settings, where, read, waiting, rate=None, stop=stop, on_sent=lambda _: None)


def mended(plan: Plan) -> Plan:
    """Return the plan with an engine that summarizes also what failed."""
    work = plan.task_plan.work
    engine = replace(work.engine, mended=True)  # type: ignore[type-var]
    return replace(plan, task_plan=replace(plan.task_plan, work=replace(work, engine=engine)))


def summaries(settings: Settings) -> list[Summary]:
    records = read_topic(settings, settings.output_topic)
    return [Summary.model_validate_json(record.value) for record in records if record.value is not None]


def letters(settings: Settings) -> list[DeadLetter]:
    records = read_topic(settings, settings.dead_letter_topic)
    return [DeadLetter.from_record(record.key, record.value, record.headers) for record in records]


def account_for(settings: Settings, archive: ArchiveLocation | None = None) -> Account:
    return verify(settings, archive=archive, on_record=lambda: None)
