"""What the commands share: they send documents with a progress bar, and report what became of them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from producers.cli.garbage import rare_searches
from producers.cli.interruption import EXIT_CODE, Interruption, interruption
from producers.cli.notes import notes, print_refusals
from producers.records import ProducerRecord, Refusal
from streaming.errors import NoDocuments, NotAcknowledged, UsageError
from streaming.settings import Settings
from streaming.wording import counted

if TYPE_CHECKING:
    from producers.publisher import Publisher, PublishReport
    from producers.resume import ResumeFile

# The values of a parameter that was not given.
_ABSENT: tuple[object, ...] = (None, (), [])
# The eye needs no more; a bar that is told of each short document takes longer than sending them.
_BAR_SECONDS = 0.1

Limit = Annotated[int | None, typer.Option(min=1, help="Send no more than this many documents.", show_default=False)]
Rate = Annotated[
    float | None,
    typer.Option(
        min=0.001, help="Send this many documents a second. Default: as many as Kafka takes.", show_default=False
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A file that says how far earlier runs came: the same command again sends only the rest.",
        show_default=False,
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Send nothing: list ids, titles, sizes and tokens, and what would be refused.")
]


@dataclass(frozen=True)
class SendOptions:
    """The flags that all commands share, and the other parameters of the command, as text."""

    limit: int | None
    rate: float | None
    resume: Path | None
    dry_run: bool
    as_json: bool
    input: dict[str, str]

    @classmethod
    def of(cls, ctx: typer.Context) -> SendOptions:
        """Read them from the running command, whose parameters have these names."""
        own = {name: ctx.params.get(name) for name in ("limit", "rate", "resume", "dry_run", "as_json")}
        if own["dry_run"] and own["resume"]:
            raise UsageError("--dry-run lists all documents of the input; say it without --resume.")
        # Which Kafka is meant, the topic's id says.
        other = {*own, "input_topic", "bootstrap_servers", "kafka", "data_dir"}
        flags = {parameter.name: parameter.opts[0] for parameter in ctx.command.params}
        named = {
            str(flags[name]): _as_text(value)
            for name, value in ctx.params.items()
            if name not in other and value not in _ABSENT
        }
        return cls(**own, input={"command": str(ctx.info_name), **named})  # type: ignore[arg-type]


def publish_documents(
    ctx: typer.Context,
    settings: Settings,
    documents: Iterable[ProducerRecord | Refusal],
    *,
    text_field: str | None = "text",
    title_field: str = "title",
    skipped: Mapping[str, int] | None = None,
) -> None:
    """Send the documents as the command's flags say, print the outcome, and end with an error or 130 when some are not.

    `text_field` and `title_field` are where a record's JSON has them; without the first, the whole value is text.
    """
    options = SendOptions.of(ctx)
    documents = islice(documents, options.limit)
    if options.dry_run:
        from producers.cli.dry_run import dry_run

        dry_run(ctx, settings, documents, text_field, title_field, as_json=options.as_json)
        return
    with _resume_file(options, settings) as resume, interruption() as state:
        report = _publish(settings, documents, options.rate, resume, state)
    outcome = _Outcome(
        settings.input_topic, report, resume.sent_before if resume else 0, is_interrupted=state.stopped.is_set()
    )
    outcome.print(skipped or {}, options)


def _resume_file(options: SendOptions, settings: Settings) -> AbstractContextManager[ResumeFile | None]:
    if options.resume is None:
        return nullcontext()
    from producers.resume import open_resume_file

    return open_resume_file(options.resume, options.input, settings.input_topic)


def _publish(
    settings: Settings,
    documents: Iterable[ProducerRecord | Refusal],
    rate: float | None,
    resume: ResumeFile | None,
    state: Interruption,
) -> PublishReport:
    # The publisher loads the Kafka client.
    from producers.pace import Pace
    from producers.publisher import Publisher

    on_acknowledged, on_refused = (resume.on_acknowledged, resume.on_refused) if resume else (None, None)
    pace = Pace(rate, state.stopped) if rate else None
    publisher = Publisher(settings, on_acknowledged=on_acknowledged, on_refused=on_refused)
    try:
        with _bar(settings) as bar, rare_searches(), publisher:
            if resume:
                resume.check_topic(publisher.topic_id())
                documents = resume.rest(documents)
            for number, document in enumerate(state.until_stopped(documents), start=1):
                if pace:
                    pace.wait()
                    if state.stopped.is_set():
                        break
                if isinstance(document, Refusal):
                    publisher.refuse(document.name, document.reason)
                else:
                    publisher.send(document)
                if resume:
                    resume.save_in_time()
                bar.advance(number, publisher)
            if state.stopped.is_set():
                notes.print(
                    f"stopping: waiting for {counted(publisher.in_flight, 'document')} on the way to Kafka; once more "
                    "ends at once"
                )
    finally:
        if resume:
            resume.save()
    return publisher.report


class _Bar:
    """The progress bar, which is told of each document and shows it a few times a second."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("documents", total=None)
        self._next = 0.0

    def advance(self, number: int, publisher: Publisher) -> None:
        """Show that `number` documents were read, and how many of them are done."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + _BAR_SECONDS
            self._progress.update(self._task, total=number, completed=number - publisher.in_flight)


@contextmanager
def _bar(settings: Settings) -> Iterator[_Bar]:
    with Progress(
        TextColumn(f"to '{settings.input_topic}'"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=notes,
        transient=True,
        disable=not notes.is_terminal,
    ) as progress:
        yield _Bar(progress)


@dataclass(frozen=True)
class _Outcome:
    """What became of the documents of a run; `sent_before` were acknowledged in earlier runs."""

    topic: str
    report: PublishReport
    sent_before: int
    is_interrupted: bool

    def print(self, skipped: Mapping[str, int], options: SendOptions) -> None:
        """Print it, and raise what the command ends with."""
        acknowledged, refusals = self.report.acknowledged, self.report.refusals
        print_refusals(refusals)
        before = counted(self.sent_before, "document")
        if options.as_json:
            line = {
                "acknowledged": acknowledged,
                "refused": [{"name": refusal.name, "reason": refusal.reason} for refusal in refusals],
                "skipped": skipped,
                **({"acknowledged_before": self.sent_before} if options.resume else {}),
            }
            sys.stdout.write(json.dumps(line) + "\n")
        elif self.sent_before and not acknowledged and not refusals and not self.is_interrupted:
            notes.print(f"nothing to send: earlier runs have sent all {before} to '{self.topic}'")
        else:
            earlier = f", {before} in earlier runs" if self.sent_before else ""
            stopped = "; stopped before the end of the input" if self.is_interrupted else ""
            notes.print(f"{counted(acknowledged, 'document')} acknowledged by '{self.topic}'{earlier}{stopped}")
        if self.is_interrupted:
            raise typer.Exit(EXIT_CODE)
        if refusals:
            lost, total = len(refusals), counted(acknowledged + len(refusals), "document")
            raise NotAcknowledged(
                f"{lost:,} of {total} {'was' if lost == 1 else 'were'} not sent; the reasons are above."
            )
        if not acknowledged and not self.sent_before:
            raise NoDocuments("There was no document to send.")


def _as_text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
