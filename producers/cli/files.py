"""`gistream produce files`: files and folders of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from producers.cli.notes import notes
from producers.cli.publishing import DryRun, Limit, Rate, Resume, publish_documents
from producers.cli.referencing import Reference, ReferenceOver, by_reference
from producers.cli.split import SplitFlag
from streaming.settings import load
from streaming.settings.flags import DataDir, InputTopic, Json, Kafka, Servers, command_flags, flag


def files(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders of them.", show_default=False)],
    split: SplitFlag = "auto",
    field: Annotated[list[str] | None, flag("field")] = None,
    keep: Annotated[list[str] | None, flag("keep")] = None,
    ids: Annotated[
        Literal["path", "name", "sha256"],
        typer.Option(
            "--id",
            help="Where a document's id comes from: the file's path (within the folder that you name, else from the "
            "working directory), the last part of that path, or the SHA-256 of the text.",
        ),
    ] = "path",
    reference: Reference = None,
    reference_over: ReferenceOver = None,
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
    """Send files: a document each, or one for each chapter, mail, row or part that begins with a heading.

    It reads text, Markdown, HTML, EPUB, PDF, DOCX, ODT, mails and mailboxes, subtitles, CSV, Parquet and JSON, all of
    them packed with gzip or zstd, too (docs/formats.md). The id of a document is the key of its summary: a file that is
    sent again replaces its summary.

    Examples:

        gistream produce files notes/

        gistream produce files war-and-peace.txt --split 'CHAPTER .+' --limit 12

        gistream produce files report.pdf --split pages:20

        gistream produce files notes/ inbox.mbox export.jsonl

        gistream produce files articles.parquet --field text=body --field id=nr --keep author

        gistream produce files big.txt --reference /srv/texts

        gistream produce files notes/ --dry-run
    """
    # Imported here, as in the other commands: each needs a part of the producers.
    from producers.file_names import find_files
    from producers.files import read_files
    from producers.formats.options import ReadOptions
    from producers.formats.split import Split

    settings = load(command_flags(ctx))
    found = find_files(paths)
    texts = read_files(found, ReadOptions(Split.parse(split), settings.field, settings.keep), ids=ids)
    if line := found.skipped_line():
        notes.print(line, markup=False)
    # A dry run writes nothing, also no text below a root.
    documents = texts if dry_run else by_reference(texts, reference, reference_over, settings, {})
    publish_documents(ctx, settings, documents, skipped=found.skipped)
