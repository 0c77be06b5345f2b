"""`gistream produce gutenberg`: the chapters of a book of Project Gutenberg."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from producers.cli.notes import notes
from producers.cli.publishing import DryRun, Limit, Rate, Resume, publish_documents
from producers.gutenberg import GUTENBERG
from streaming.settings import load
from streaming.settings.flags import DataDir, InputTopic, Json, Kafka, Servers, command_flags
from streaming.wording import counted

if TYPE_CHECKING:
    from producers.gutenberg.book import Book, BookChapter


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
    rate: Rate = None,
    resume: Resume = None,
    dry_run: DryRun = False,
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
    from producers.gutenberg.book import documents, read_book
    from producers.gutenberg.download import fetch, read_sha256, verify
    from producers.records import to_record

    settings = load(command_flags(ctx))
    expected = read_sha256(sha256)
    if re.fullmatch("[0-9]+", book):
        # Where no line can be taken back, it would leave an empty one.
        with notes.status("downloading the book") if notes.is_terminal else nullcontext():
            stored = fetch(book.lstrip("0") or "0", mirror, settings.data_dir / "books", sha256=expected)
        notes.print(f"{stored.path}: SHA-256 {stored.sha256}", markup=False)
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
            notes.print(f"left out behind the last chapter: {', '.join(left_out)}", markup=False)
        publish_documents(ctx, settings, (to_record(chapter.document) for chapter in chapters))


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
    notes.print(
        f"{counted(len(chapters), 'chapter')}, {words}; {rest}: headings, contents, the text before the first chapter"
        f"{''.join(f', {line}' for line in _back_matter(book))}"
    )


def _back_matter(book: Book) -> list[str]:
    """Return a phrase for each part behind the last chapter that is left out."""
    return [f"{label} ({counted(words, 'word')})" for label, words in book.back_matter.items()]
