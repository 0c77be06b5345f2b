"""`gistream diff`: what two topics or archives say of the same documents."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streaming.errors import MachineError, UsageError
from streaming.settings import load
from streaming.settings.flags import DataDir, Json, Kafka, Servers, command_flags
from streaming.terminal.consoles import notes, out
from streaming.terminal.progress import ProgressBar

if TYPE_CHECKING:
    from streaming.operations.diff.comparison import Comparison, Letter


def diff(
    ctx: typer.Context,
    a: Annotated[str, typer.Argument(help="A topic, or the PATH or URL of an archive: ./archive, s3://bucket/folder.")],
    b: Annotated[str, typer.Argument(help="What A is compared with: a topic or an archive.")],
    dead_letters_a: Annotated[
        str | None,
        typer.Option(
            metavar="TOPIC",
            help="The dead letters of topic A; default: those of the settings for the output topic, else "
            "A-dead-letters, if it is there. An archive has its own.",
        ),
    ] = None,
    dead_letters_b: Annotated[str | None, typer.Option(metavar="TOPIC", help="The dead letters of topic B.")] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a page that shows both side by side, and print the counts alone.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Compare the summaries of two topics or archives: ids that one lacks, changed summaries, counts.

    Of each document the newest summary counts: that of the highest source offset, and for the same offset the one that
    was produced later. A name with a slash is an archive, every other name is a topic. Ends with 0 also when they
    differ: two recipes nearly always do.

    Examples:

        gistream diff summaries shadow

        gistream diff summaries shadow --html diff.html

        gistream diff ./archive s3://bucket/archive --json | jq '.differences[] | select(.change == "only_in_a").id'
    """
    from streaming.operations.diff.as_json import json_parts
    from streaming.operations.diff.block import changes_line, counts_block
    from streaming.operations.diff.comparison import LETTERS, Comparison
    from streaming.operations.diff.side import side

    if html is not None and not html.parent.is_dir():
        raise UsageError(f"There is no folder {html.parent} for {html.name}; make it first.")
    settings = load(command_flags(ctx))
    sides = side(settings, a, dead_letters_a), side(settings, b, dead_letters_b)
    with Comparison() as comparison:
        with ProgressBar(notes) as bar:
            for letter, each in zip(LETTERS, sides, strict=True):
                bar.begin(f"results of {each.title}")
                for result in each.results(settings):
                    bar.advance()
                    comparison.add(letter, result)
            comparison.pair()
        titles = {letter: each.title for letter, each in zip(LETTERS, sides, strict=True)}
        if html is not None:
            _write_report(html, titles, comparison)
        if as_json:
            sys.stdout.writelines(json_parts(titles, comparison, differences=html is None))
            return
        for letter in LETTERS:
            out.print(counts_block(titles[letter], letter, comparison.counts(letter)))
        out.print(changes_line(comparison.changes()))
        if html is None:
            _print_differences(comparison)


def _print_differences(comparison: Comparison) -> None:
    from streaming.operations.diff.block import difference_block
    from streaming.operations.diff.comparison import DIFFERENCES

    out.print()
    for difference in comparison.documents(DIFFERENCES):
        out.print(difference_block(difference), crop=False)


def _write_report(html: Path, titles: Mapping[Letter, str], comparison: Comparison) -> None:
    from streaming.operations.diff.report import ROWS, report_page

    total = sum(comparison.changes().values())
    try:
        with html.open("w", encoding="utf-8") as file, ProgressBar(notes) as bar:
            bar.begin("documents of the page", min(ROWS, total))
            file.writelines(report_page(titles, comparison, bar.advance))
    except OSError as error:
        raise MachineError(f"{html} cannot be written: {error}; free some space, or choose another file.") from error
    if total > ROWS:
        notes.print(f"the page has the first {ROWS:,} of {total:,} documents, those that differ ahead of the others")
    notes.print(f"{html} is ready: open it in a browser", markup=False)
