"""The commands that need no Kafka: `gistream summarize` and `gistream compact`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from producers.files import Split, find_files, read_files
from producers.publisher import Refusal
from streaming.errors import NotSummarized, UsageError
from streaming.messages import Document
from streaming.settings import load
from streaming.settings.flags import Json, PromptsDir, flag

app = typer.Typer(rich_markup_mode="markdown")
out = Console(highlight=False, soft_wrap=True)
note = Console(stderr=True, highlight=False, soft_wrap=True)
_STDIN = Path("/dev/stdin")


@app.command()
def summarize(
    files: Annotated[
        list[Path], typer.Argument(help="Text files, folders of them, or '-' for standard input.", show_default=False)
    ],
    split: Annotated[
        str, typer.Option(help="'none', or a regular expression: a line that begins with it begins a new document.")
    ] = "none",
    limit: Annotated[int | None, typer.Option(min=1, help="Summarize no more than this many documents.")] = None,
    model: Annotated[str | None, flag("model")] = None,
    prompt: Annotated[str | None, flag("prompt")] = None,
    prompts_dir: PromptsDir = None,
    strategy: Annotated[str | None, flag("strategy")] = None,
    prompt_style: Annotated[str | None, flag("prompt_style")] = None,
    temperature: Annotated[float | None, flag("temperature")] = None,
    chunk_tokens: Annotated[int | None, flag("chunk_tokens")] = None,
    max_tokens: Annotated[int | None, flag("max_tokens")] = None,
    slots: Annotated[int | None, flag("slots")] = None,
    context: Annotated[int | None, flag("context")] = None,
    threads: Annotated[int | None, flag("threads")] = None,
    lanes: Annotated[int | None, flag("lanes")] = None,
    gpu_layers: Annotated[int | None, flag("gpu_layers")] = None,
    engine: Annotated[str | None, flag("engine")] = None,
    as_json: Json = False,
) -> None:
    """Summarize files here and now, without Kafka: the same summarizer, for trying prompts and models.

    Examples:
        gistream summarize notes/minutes.txt --prompt headline

        gistream summarize book.txt --split 'CHAPTER .+' --limit 3

        pdftotext report.pdf - | gistream summarize - --json | jq -r .summary
    """
    from consumers.rendering import tail_block, tail_json
    from streaming.engine import open_model
    from streaming.machine.cores import usable_cores
    from streaming.pipeline.offline import summarize_documents
    from streaming.planning.engine_choice import choose
    from streaming.planning.work import plan_work

    settings = load(
        {
            "model": model,
            "prompt": prompt,
            "prompts_dir": prompts_dir,
            "strategy": strategy,
            "prompt_style": prompt_style,
            "temperature": temperature,
            "chunk_tokens": chunk_tokens,
            "max_tokens": max_tokens,
            "slots": slots,
            "context": context,
            "threads": threads,
            "lanes": lanes,
            "gpu_layers": gpu_layers,
            "engine": engine,
        }
    )
    refused: list[str] = []
    paths = find_files([_STDIN if str(path) == "-" else path for path in files])
    documents = islice(_documents(paths, Split.parse(split), refused), limit)
    given = open_model(settings.model, completion=settings.completion)
    work = plan_work(settings, choose(settings, given, cores=usable_cores()), here=True)
    done = failed = 0
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=note, transient=True, disable=not note.is_terminal) as progress:
        task = progress.add_task("loading the model")

        def loading(share: float) -> None:
            progress.update(task, description=f"loading the model: {share:.0%}")

        for document, made in summarize_documents(work, documents, loading):
            done += 1
            progress.update(task, description=f"{done} done")
            if isinstance(made, Exception):
                failed += 1
                note.print(f"{document.id}: {made.type}: {made}", style="red", markup=False)
            elif as_json:
                sys.stdout.write(tail_json(made) + "\n")
                sys.stdout.flush()
            else:
                out.print(tail_block(made))
    if lost := failed + len(refused):
        raise NotSummarized(f"{lost} of {done + len(refused)} documents have no summary; each is named above.")
    if not done:
        raise UsageError("There was no document to summarize.")


def _documents(paths: list[Path], split: Split, refused: list[str]) -> Iterator[Document]:
    """Read the documents in files; those that cannot be read are told of, and their names noted."""
    for found in read_files(paths, split):
        if isinstance(found, Refusal):
            refused.append(found.name)
            note.print(f"{found.name}: {found.reason}", style="red", markup=False)
        else:
            yield Document.model_validate_json(found.value).model_copy(update={"id": found.name})


@app.command()
def compact(
    path: Annotated[str, typer.Argument(help="The archive: what --sink parquet=PATH named.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Merge the many small Parquet files of each day into one, and take out the summaries that were deleted.

    It may run while the archive is written and read. A reader sees the old files or the new one, never both; one that
    was in the middle of opening them gets 'file not found' and reads again.

    Example:
        gistream compact /srv/gistream/archive
    """
    from streaming.archive import ArchiveLocation, CompactedDay
    from streaming.archive import compact as compact_archive

    done: list[CompactedDay] = []

    def told(one: CompactedDay) -> None:
        done.append(one)
        gone = f", {one.deleted} deleted" if one.deleted else ""
        if not as_json:
            out.print(f"{one.folder}: {one.files} files into one, {one.rows:,} rows{gone}")

    compact_archive(ArchiveLocation(path), told)
    if as_json:
        days = [{"day": d.folder, "files": d.files, "rows": d.rows, "deleted": d.deleted} for d in done]
        sys.stdout.write(json.dumps({"compacted": days}) + "\n")
    elif not done:
        out.print("there is nothing to merge: no day has more than one file")
