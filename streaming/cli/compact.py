"""`gistream compact`: merge the small files of an archive."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from streaming.settings.flags import Json
from streaming.terminal.consoles import notes, out
from streaming.terminal.progress import ProgressBar
from streaming.wording import counted


def compact(
    path: Annotated[str, typer.Argument(help="The archive: the PATH of --sink parquet=PATH.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Merge the many small Parquet files of each day into one, and take out the summaries that were deleted.

    It may run while the archive is written and read. A reader sees the old files or the new one, never both. A reader
    that is just opening the old files gets 'file not found' and must read again.

    Example:

        gistream compact /srv/gistream/archive
    """
    from streaming.archive import ArchiveLocation, CompactedDay
    from streaming.archive import compact as compact_archive

    days: list[CompactedDay] = []

    def on_day(day: CompactedDay) -> None:
        days.append(day)
        deletions = f", {day.deleted} deleted" if day.deleted else ""
        if not as_json:
            with bar.aside():
                out.print(f"{day.folder}: {counted(day.files, 'file')} into one, {counted(day.rows, 'row')}{deletions}")

    def on_folder(folder: str, total: int) -> None:
        if not begun:
            bar.begin(folder, total)
        else:
            bar.describe(folder)
            bar.advance()
        begun.append(folder)

    begun: list[str] = []
    with ProgressBar(notes) as bar:
        compact_archive(ArchiveLocation(path), on_day, on_folder=on_folder)
    if as_json:
        lines = [{"day": d.folder, "files": d.files, "rows": d.rows, "deleted": d.deleted} for d in days]
        sys.stdout.write(json.dumps({"compacted": lines}) + "\n")
    elif not days:
        out.print("there is nothing to merge: no day has more than one file")
