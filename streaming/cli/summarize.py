"""`gistream summarize`: files here and now, without Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from producers.cli.split import SplitFlag
from producers.records import ProducerRecord, Refusal
from streaming.errors import NoDocuments, NotSummarized
from streaming.messages import Document
from streaming.settings import load
from streaming.settings.flags import Json, PromptsDir, command_flags, flag
from streaming.terminal.consoles import notes, out, write_json
from streaming.terminal.progress import ProgressBar
from streaming.wording import counted


def summarize(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(help="Files, folders of them, or '-' for standard input.", show_default=False)
    ],
    split: SplitFlag = "auto",
    field: Annotated[list[str] | None, flag("field")] = None,
    keep: Annotated[list[str] | None, flag("keep")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Summarize no more than this many documents.")] = None,
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence",
            help="Show, below each sentence of a summary, the place of the document that it stands on. With --json it "
            "is there anyway: `sentences`.",
        ),
    ] = False,
    model: Annotated[str | None, flag("model")] = None,
    prompt: Annotated[str | None, flag("prompt")] = None,
    prompts_dir: PromptsDir = None,
    strategy: Annotated[str | None, flag("strategy")] = None,
    prompt_style: Annotated[str | None, flag("prompt_style")] = None,
    temperature: Annotated[float | None, flag("temperature")] = None,
    chunk_tokens: Annotated[int | None, flag("chunk_tokens")] = None,
    max_tokens: Annotated[int | None, flag("max_tokens")] = None,
    faithfulness: Annotated[str | None, flag("faithfulness")] = None,
    least_support: Annotated[float | None, flag("least_support")] = None,
    store: Annotated[str | None, flag("store")] = None,
    slots: Annotated[int | None, flag("slots")] = None,
    context: Annotated[int | None, flag("context")] = None,
    threads: Annotated[int | None, flag("threads")] = None,
    lanes: Annotated[int | None, flag("lanes")] = None,
    gpu_layers: Annotated[int | None, flag("gpu_layers")] = None,
    engine: Annotated[str | None, flag("engine")] = None,
    as_json: Json = False,
) -> None:
    """Summarize files here and now, without Kafka: the same summarizer, for trying prompts and models.

    It reads the formats that produce files reads (docs/formats.md).

    Examples:

        gistream summarize notes/minutes.txt --prompt headline

        gistream summarize book.txt --split 'CHAPTER .+' --limit 3

        gistream summarize articles.csv --field text=body --field id=nr

        gistream summarize notes/minutes.txt --evidence

        pdftotext report.pdf - | gistream summarize - --json | jq -r .summary
    """
    from consumers.rendering import evidence_block, tail_block, tail_json
    from producers.file_names import STDIN, find_files
    from producers.files import read_files
    from producers.formats.options import ReadOptions
    from producers.formats.split import Split
    from streaming.engine import open_model
    from streaming.machine.cores import usable_cores
    from streaming.pipeline.offline import summarize_documents
    from streaming.planning.engine_choice import choose
    from streaming.planning.work import check_prompt, plan_work

    settings = load(command_flags(ctx))
    refusals: list[str] = []
    found = find_files(STDIN if str(path) == "-" else path for path in files)
    options = ReadOptions(Split.parse(split), settings.field, settings.keep)
    documents = islice(_documents(read_files(found, options), refusals), limit)
    if line := found.skipped_line():
        notes.print(line, markup=False)
    check_prompt(settings)
    # Before the model is read, because without a document there is nothing for it to do.
    if (first := next(documents, None)) is None:
        _conclude(done=0, failed=0, refusals=refusals)
        return
    model_file = open_model(settings.model, completion=settings.completion)
    choice = choose(settings, model_file, cores=usable_cores())
    work = plan_work(settings, choice, here=True, command="summarize")
    if choice.advice is not None:
        notes.print(choice.advice, markup=False)
    done = failed = 0
    with ProgressBar(notes) as bar:
        bar.begin("loading the model")

        def on_progress(share: float) -> None:
            bar.describe(f"loading the model: {share:.0%}" if share < 1 else "documents")

        for document, outcome in summarize_documents(work, chain([first], documents), on_progress):
            done += 1
            bar.advance()
            with bar.aside():
                if isinstance(outcome, Exception):
                    failed += 1
                    notes.print(f"{document.id}: {outcome.type}: {outcome}", style="red", markup=False)
                elif as_json:
                    write_json(tail_json(outcome))
                else:
                    block = evidence_block(outcome, document.text) if evidence else tail_block(outcome)
                    out.print(block, crop=False)
    _conclude(done=done, failed=failed, refusals=refusals)


def _conclude(*, done: int, failed: int, refusals: list[str]) -> None:
    """End the command with an error when a document has no summary, or there was none."""
    if lost := failed + len(refusals):
        total, have = counted(done + len(refusals), "document"), "has" if lost == 1 else "have"
        raise NotSummarized(f"{lost:,} of {total} {have} no summary; the reasons are above.")
    if not done:
        raise NoDocuments("There was no document to summarize.")


def _documents(records: Iterator[ProducerRecord | Refusal], refusals: list[str]) -> Iterator[Document]:
    """Yield the documents; print why a file cannot be read, and add its name to `refusals`."""
    for record in records:
        if isinstance(record, Refusal):
            refusals.append(record.name)
            notes.print(f"{record.name}: {record.reason}", style="red", markup=False)
        else:
            yield Document.model_validate_json(record.value or b"")
