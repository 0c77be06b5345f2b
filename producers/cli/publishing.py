"""What the commands share: they publish with a progress bar, and report what became of the documents."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from producers.records import ProducerRecord, Refusal
from streaming.errors import NoDocuments, NotAcknowledged
from streaming.settings import Settings
from streaming.wording import counted

if TYPE_CHECKING:
    from producers.publisher import PublishReport

# Messages for people go to standard error, so that standard output holds nothing but the JSON of --json.
notes = Console(stderr=True, highlight=False, emoji=False, markup=False, soft_wrap=not sys.stderr.isatty())

# Lines about refused documents: a file whose text is in another field has one for each of its lines.
_MOST_REFUSALS = 20

Limit = Annotated[int | None, typer.Option(min=1, help="Send no more than this many documents.", show_default=False)]


def publish_documents(
    settings: Settings,
    documents: Iterable[ProducerRecord | Refusal],
    limit: int | None,
    *,
    as_json: bool,
    skipped: Mapping[str, int] | None = None,
) -> None:
    """Publish with a progress bar, print the outcome, and end with `NotAcknowledged` when a document is missing."""
    # The publisher loads the Kafka client.
    from producers.publisher import publish

    with Progress(
        TextColumn(f"to '{settings.input_topic}'"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=notes,
        transient=True,
        disable=not notes.is_terminal,
    ) as progress:
        bar = progress.add_task("documents", total=None)
        total = 0

        def with_progress() -> Iterator[ProducerRecord | Refusal]:
            nonlocal total
            for document in islice(documents, limit):
                total += 1
                progress.update(bar, total=total)
                yield document

        report = publish(settings, with_progress(), lambda: progress.advance(bar))
    _print_report(settings, report, skipped or {}, as_json=as_json)


def _print_report(settings: Settings, report: PublishReport, skipped: Mapping[str, int], *, as_json: bool) -> None:
    for refusal in report.refusals[:_MOST_REFUSALS]:
        notes.print(f"refused: {refusal.name}: {refusal.reason}", style="red", markup=False)
    if (more := len(report.refusals) - _MOST_REFUSALS) > 0:
        notes.print(f"refused: {more:,} more; --json has them all", style="red")
    if as_json:
        refusals = [{"name": refusal.name, "reason": refusal.reason} for refusal in report.refusals]
        line = {"acknowledged": report.acknowledged, "refused": refusals, "skipped": skipped}
        sys.stdout.write(json.dumps(line) + "\n")
    else:
        sent = counted(report.acknowledged, "document")
        notes.print(f"{sent} acknowledged by '{settings.input_topic}'", markup=False)
    if report.refusals:
        lost, total = len(report.refusals), counted(report.acknowledged + len(report.refusals), "document")
        raise NotAcknowledged(f"{lost:,} of {total} {'was' if lost == 1 else 'were'} not sent; the reasons are above.")
    if not report.acknowledged:
        raise NoDocuments("There was no document to send.")
