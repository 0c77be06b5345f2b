"""`gistream produce`, and `python -m producers`: documents into Kafka from the command line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from producers.gutenberg import GUTENBERG
from producers.records import ProducerRecord, Refusal
from streaming.errors import NoDocuments, NotAcknowledged, UsageError
from streaming.settings import Settings, load
from streaming.settings.flags import DataDir, InputTopic, Json, Kafka, Servers, command_flags, flag
from streaming.wording import counted

if TYPE_CHECKING:
    from producers.gutenberg.book import Book, BookChapter
    from producers.publisher import PublishReport

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Send documents to the input topic.")
# Messages for people go to standard error, so that standard output holds nothing but the JSON of --json.
_console = Console(stderr=True, highlight=False, emoji=False, markup=False, soft_wrap=not sys.stderr.isatty())

# Lines about refused documents: a file whose text is in another field has one for each of its lines.
_MOST_REFUSALS = 20

Limit = Annotated[int | None, typer.Option(min=1, help="Send no more than this many documents.", show_default=False)]


@app.command()
def files(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Text files, or folders of them.", show_default=False)],
    split: Annotated[
        str, typer.Option(help="'none', or a regular expression: a line that begins with it begins a new document.")
    ] = "none",
    ids: Annotated[
        Literal["path", "name", "sha256"],
        typer.Option(
            "--id",
            help="Where a document's id comes from: the file's path (within the folder that you name, else from the "
            "working directory), the last part of that path, or the SHA-256 of the text.",
        ),
    ] = "path",
    limit: Limit = None,
    input_topic: InputTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Send text files: a document each, or one for each part that begins with a heading.

    The id of a document is the key of its summary: a file that is sent again replaces its summary.

    Examples:

        gistream produce files notes/

        gistream produce files war-and-peace.txt --split 'CHAPTER .+' --limit 12
    """
    # Imported here, as in the other commands: each needs a part of the producers.
    from producers.file_names import find_files
    from producers.files import Split, read_files

    settings = load(command_flags(ctx))
    found = find_files(paths)
    texts = read_files(found, Split.parse(split), ids=ids)
    if line := found.skipped_line():
        _console.print(line, markup=False)
    _publish(settings, texts, limit, as_json=as_json, skipped=found.skipped)


@app.command()
def jsonl(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="A file of JSON Lines, or '-' for standard input.", show_default=False)],
    field: Annotated[list[str] | None, flag("field")] = None,
    limit: Limit = None,
    input_topic: InputTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Send the JSON objects of a file, one a line: {"id": ..., "text": ..., "title": ..., "metadata": {...}}.

    Examples:

        gistream produce jsonl documents.jsonl

        my-export | gistream produce jsonl - --field text=doc.body --field id=doc.number
    """
    from producers.jsonl import read_json_lines

    settings = load(command_flags(ctx))
    # Where `run` reads each value as text, an object is one as it stands.
    text_field = None if settings.format == "text" else settings.field.get("text", "text")
    read = partial(read_json_lines, id_field=settings.field.get("id", "id"), text_field=text_field)
    if file == "-":
        _publish(settings, read(sys.stdin.buffer, "-"), limit, as_json=as_json)
        return
    if not Path(file).is_file():
        raise UsageError(f"There is no file {file}.")
    with Path(file).open("rb") as lines:
        _publish(settings, read(lines, file), limit, as_json=as_json)


@app.command()
def gutenberg(
    ctx: typer.Context,
    book: Annotated[
        str, typer.Argument(metavar="FILE|ID", help="A book's text file, or its number.", show_default=False)
    ],
    show: Annotated[bool, typer.Option("--list", help="Print the chapters and their words; send nothing.")] = False,
    sha256: Annotated[
        str | None, typer.Option(help="Refuse the book unless its file has this SHA-256.", show_default=False)
    ] = None,
    mirror: Annotated[
        str,
        typer.Option(
            help="Where a book is downloaded from: URL/ID/pgID.txt. Gutenberg's own site is meant for people: for "
            "more than a few books it asks programs to use a mirror (https://www.gutenberg.org/MIRRORS.ALL)."
        ),
    ] = GUTENBERG,
    limit: Limit = None,
    input_topic: InputTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Send a book of Project Gutenberg: a document for each chapter, without header, footer and table of contents.

    A number is downloaded once and kept in the data dir, under books/; ./2600 is a file.

    Examples:

        gistream produce gutenberg my-book.txt --list

        gistream produce gutenberg 2600 --limit 12
    """
    from producers.gutenberg.book import documents, read_book, to_record
    from producers.gutenberg.download import fetch, read_sha256, verify

    settings = load(command_flags(ctx))
    expected = read_sha256(sha256)
    if re.fullmatch("[0-9]+", book):
        # Where no line can be taken back, it would leave an empty one.
        with _console.status("downloading the book") if _console.is_terminal else nullcontext():
            stored = fetch(book.lstrip("0") or "0", mirror, settings.data_dir / "books", sha256=expected)
        _console.print(f"{stored.path}: SHA-256 {stored.sha256}", markup=False)
        path = stored.path
    else:
        path = Path(book)
        if expected and path.is_file():
            verify(path, expected)
    content = read_book(path)
    chapters = documents(content)
    if show:
        _list(content, islice(chapters, limit), as_json=as_json)
    else:
        if left_out := _back_matter(content):
            _console.print(f"left out behind the last chapter: {', '.join(left_out)}", markup=False)
        _publish(settings, (to_record(chapter.document) for chapter in chapters), limit, as_json=as_json)


def _list(book: Book, selection: Iterable[BookChapter], *, as_json: bool) -> None:
    """Print a line for each chapter: its id, its words and its title; as JSON with the metadata."""
    chapters = list(selection)
    for chapter in chapters:
        document = chapter.document
        if as_json:
            line = {"id": document.id, "title": document.title, "words": chapter.words, "metadata": document.metadata}
            sys.stdout.write(json.dumps(line) + "\n")
        else:
            sys.stdout.write(f"{document.id}  {chapter.words:>6,}  {document.title}\n")
    words = counted(sum(chapter.words for chapter in chapters), "word")
    rest = f"{counted(book.left_out, 'word')} {'is' if book.left_out == 1 else 'are'} in none"
    _console.print(
        f"{counted(len(chapters), 'chapter')}, {words}; {rest}: headings, contents, the text before the first chapter"
        f"{''.join(f', {line}' for line in _back_matter(book))}"
    )


def _back_matter(book: Book) -> list[str]:
    """Return a phrase for each part behind the last chapter that is left out."""
    return [f"{label} ({counted(words, 'word')})" for label, words in book.back_matter.items()]


def _publish(
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
        console=_console,
        transient=True,
        disable=not _console.is_terminal,
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
        _console.print(f"refused: {refusal.name}: {refusal.reason}", style="red", markup=False)
    if (more := len(report.refusals) - _MOST_REFUSALS) > 0:
        _console.print(f"refused: {more:,} more; --json has them all", style="red")
    if as_json:
        refusals = [{"name": refusal.name, "reason": refusal.reason} for refusal in report.refusals]
        line = {"acknowledged": report.acknowledged, "refused": refusals, "skipped": skipped}
        sys.stdout.write(json.dumps(line) + "\n")
    else:
        sent = counted(report.acknowledged, "document")
        _console.print(f"{sent} acknowledged by '{settings.input_topic}'", markup=False)
    if report.refusals:
        lost, total = len(report.refusals), counted(report.acknowledged + len(report.refusals), "document")
        raise NotAcknowledged(f"{lost:,} of {total} {'was' if lost == 1 else 'were'} not sent; the reasons are above.")
    if not report.acknowledged:
        raise NoDocuments("There was no document to send.")
