"""`gistream produce watch`: a folder, for days."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from producers.cli.notes import notes
from producers.cli.publishing import Rate
from producers.cli.split import SplitFlag
from streaming.ctrl_c import stop_event
from streaming.errors import NotAcknowledged
from streaming.settings import Settings, load
from streaming.settings.flags import DataDir, InputTopic, Json, Kafka, Servers, command_flags, flag
from streaming.wording import counted

if TYPE_CHECKING:
    from producers.watch.watch import Counts

# Events that somebody should look at.
_WARNINGS = {"failed", "kafka away", "folder away", "nothing deleted", "not moved", "may be twice", "unreadable"}


def watch(
    ctx: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder, with all folders in it.", show_default=False)
    ],
    pattern: Annotated[
        list[str] | None,
        typer.Option(
            help="Take files of these names only, whatever their ending: `*.log`, or with a / the path within DIR, "
            "`reports/*.txt`. May be repeated. Default: the formats that gistream reads.",
            show_default=False,
        ),
    ] = None,
    settle: Annotated[
        float,
        typer.Option(
            min=0,
            help="Take a file when its size and its times have not changed for this many seconds. More for programs "
            "that pause while they write; less only when files are renamed into DIR.",
        ),
    ] = 2.0,
    done: Annotated[
        Path | None,
        typer.Option(help="Move a file here when Kafka has all its documents.", show_default=False),
    ] = None,
    failed: Annotated[
        Path | None,
        typer.Option(
            help="Move a file here of which something cannot be sent, with the reason beside it, in FILE.reason.txt.",
            show_default=False,
        ),
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete the summaries of files that are deleted (by tombstones).")
    ] = False,
    split: SplitFlag = "auto",
    ids: Annotated[
        Literal["path", "name", "sha256"],
        typer.Option(
            "--id",
            help="Where a document's id comes from: the file's path within DIR, the last part of that path, or the "
            "SHA-256 of the text.",
        ),
    ] = "path",
    field: Annotated[list[str] | None, flag("field")] = None,
    keep: Annotated[list[str] | None, flag("keep")] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Take what has settled, and end; for cron. Waits --settle seconds.")
    ] = False,
    rate: Rate = None,
    input_topic: InputTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Watch a folder: send each new or changed file once, until Ctrl-C.

    What was sent is kept in the data dir, so a restart goes on where it was, also after a crash. A changed file is sent
    again under the same id, so its summary is replaced. Hidden and temporary files (.part, .tmp, ~) wait until they
    have their final name; links are not followed.

    Examples:

        gistream produce watch inbox/

        gistream produce watch inbox/ --done done/ --failed failed/ --pattern '*.txt'

        gistream produce watch notes/ --delete --once
    """
    from producers.formats.options import ReadOptions
    from producers.formats.split import Split
    from producers.watch.starting import WatchOptions, open_watch

    settings = load(command_flags(ctx))
    reading = ReadOptions(Split.parse(split), settings.field, settings.keep)
    options = WatchOptions(pattern or (), settle, done, failed, delete, rate, reading, ids)
    with (
        stop_event() as stop,
        open_watch(settings, folder, options, _say, stop) as watch,
        notes.status("") if notes.is_terminal else nullcontext() as status,
    ):

        def on_round() -> None:
            if status is not None:
                sent = counted(watch.counts.acknowledged, "document")
                status.update(f"{sent} sent, {counted(watch.waiting, 'file')} settling")

        watch.run(on_round, once=once)
    _print_counts(settings, watch.counts, as_json=as_json)
    if once and watch.counts.failed:
        raise NotAcknowledged(f"Of {counted(watch.counts.failed, 'file')} something was not sent; see the lines above.")


def _say(event: str, line: str) -> None:
    notes.print(f"{event}: {line}", style="yellow" if event in _WARNINGS else None, markup=False)


def _print_counts(settings: Settings, counts: Counts, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asdict(counts)) + "\n")
    elif not any(asdict(counts).values()):
        notes.print("nothing new")
    else:
        line = f"{counted(counts.acknowledged, 'document')} of {counted(counts.files, 'file')} acknowledged by "
        line += f"'{settings.input_topic}'"
        line += f", {counted(counts.failed, 'file')} failed" if counts.failed else ""
        line += f", {counted(counts.deleted, 'document')} deleted" if counts.deleted else ""
        notes.print(line, markup=False)
