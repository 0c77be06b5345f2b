"""`gistream compact`: merge the small files of an archive."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from streaming.settings.flags import Json
from streaming.terminal.consoles import out


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

    def on_day(day: CompactedDay) -> None:
        done.append(day)
        gone = f", {day.deleted} deleted" if day.deleted else ""
        if not as_json:
            out.print(f"{day.folder}: {day.files} files into one, {day.rows:,} rows{gone}")

    compact_archive(ArchiveLocation(path), on_day)
    if as_json:
        days = [{"day": d.folder, "files": d.files, "rows": d.rows, "deleted": d.deleted} for d in done]
        sys.stdout.write(json.dumps({"compacted": days}) + "\n")
    elif not done:
        out.print("there is nothing to merge: no day has more than one file")
