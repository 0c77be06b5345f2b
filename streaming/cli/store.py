"""`gistream store`: what was generated before, its size, its soundness, and making it smaller."""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from streaming.errors import UsageError
from streaming.settings import Settings, load
from streaming.settings.flags import DataDir, Json, command_flags, flag
from streaming.terminal.consoles import notes, out
from streaming.terminal.progress import ProgressBar
from streaming.wording import counted

if TYPE_CHECKING:
    # It imports pyarrow, which takes a moment.
    from streaming.storage import Folder

StorePlace = Annotated[str | None, flag("store")]
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}


def stats(ctx: typer.Context, store: StorePlace = None, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Show how many entries the store has, and their size.

    Example:

        gistream store stats
    """
    from streaming.store.maintenance import sizes

    settings = load(command_flags(ctx))
    folder, is_used = _folder(settings), settings.store != "off"
    with ProgressBar(notes) as bar:
        bar.begin("counting the entries")
        found = sizes(folder)
    if as_json:
        content = {"store": folder.url, "used": is_used, "kinds": [asdict(size) for size in found]}
        sys.stdout.write(json.dumps(content) + "\n")
        return
    out.print(folder.url if is_used else f"{folder.url} (not used: --store off)")
    for size in found:
        out.print(f"{size.kind:<12}{counted(size.entries, 'entry', 'entries'):>16}, {counted(size.bytes, 'byte')}")


def verify(ctx: typer.Context, store: StorePlace = None, data_dir: DataDir = None) -> None:
    """Read every entry and name those that are damaged; a query leaves them out and makes them again.

    Ends with 1 when an entry is damaged.

    Example:

        gistream store verify
    """
    from streaming.store.maintenance import damaged, sizes

    folder = _folder(load(command_flags(ctx)))
    total, number = sum(size.entries for size in sizes(folder)), 0
    with ProgressBar(notes) as bar:
        bar.begin("entries", total)
        for path in damaged(folder, bar.advance):
            number += 1
            bar.note(f"damaged: {path}")
    out.print(f"{counted(total, 'entry', 'entries')}, {number} of them damaged")
    if number:
        raise typer.Exit(1)


def gc(
    ctx: typer.Context,
    older_than: Annotated[str | None, typer.Option(help="Remove entries that were made before: 30d, 12h, 4w.")] = None,
    keep_recipe: Annotated[
        list[str] | None,
        typer.Option(help="Remove the entries of all other recipes; the first characters do. May be repeated."),
    ] = None,
    max_size: Annotated[str | None, typer.Option(help="Remove the oldest entries beyond this: 500MB, 20GB.")] = None,
    store: StorePlace = None,
    data_dir: DataDir = None,
) -> None:
    """Make the store smaller. What is removed is generated again when a query needs it.

    Examples:

        gistream store gc --older-than 90d --max-size 20GB

        gistream store gc --keep-recipe 82329848c45a7468
    """
    from streaming.store.maintenance import collect, sizes

    if older_than is None and max_size is None and not keep_recipe:
        raise UsageError("Say what to remove: --older-than, --keep-recipe or --max-size.")
    age = None if older_than is None else _amount(older_than, _SECONDS, "--older-than takes a time such as 30d or 12h")
    most = None if max_size is None else _amount(max_size, _BYTES, "--max-size takes a size such as 500MB or 20GB")
    if "" in (keep_recipe or ()):
        raise UsageError("--keep-recipe takes a recipe, or its first characters.")
    folder = _folder(load(command_flags(ctx)))
    with ProgressBar(notes) as bar:
        bar.begin("entries", sum(size.entries for size in sizes(folder)))
        removed = collect(
            folder,
            older_than=age,
            keep_recipes=keep_recipe or [],
            max_bytes=most,
            now=time.time(),
            on_entry=bar.advance,
        )
    out.print(f"{counted(removed.entries, 'entry', 'entries')} removed, {counted(removed.bytes, 'byte')}")


def _folder(settings: Settings) -> Folder:
    from streaming.planning.store_plan import store_url
    from streaming.storage import Folder

    return Folder(store_url(settings))


def _amount(text: str, units: dict[str, int], wrong: str) -> int:
    """Read a number with a unit; raises `UsageError`."""
    match = re.fullmatch(rf"(\d+)\s*({'|'.join(units)})", text)
    if match is None:
        raise UsageError(f"{wrong}; '{text}' is none.")
    return int(match[1]) * units[match[2]]
