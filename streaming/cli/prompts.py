"""The commands that look after prompt profiles: `gistream prompts list`, `show`, `check` and `new`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from streaming.errors import UsageError
from streaming.settings import load
from streaming.settings.flags import Json, PromptsDir, command_flags
from streaming.terminal.consoles import out, print_table
from streaming.text_files import read_text


def list_profiles(ctx: typer.Context, prompts_dir: PromptsDir = None, as_json: Json = False) -> None:
    """List the profiles: those that gistream ships, and those of your folder, which come before them.

    Example:

        gistream prompts list
    """
    # Imported here, as in the other commands: only summaries need these modules.
    from streaming.summarizer.prompts import load_profiles

    profiles = load_profiles(load(command_flags(ctx)).prompts_dir)
    if as_json:
        lines = [{"name": p.name, "description": p.description, "sha256": p.sha256} for p in profiles.values()]
        sys.stdout.write(json.dumps({"prompts": lines}) + "\n")
        return
    table = Table("profile", "output", "what it is for", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in sorted(profiles):
        table.add_row(name, profiles[name].output, Text(profiles[name].description))
    print_table(table)


def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The profile's name.", show_default=False)],
    prompts_dir: PromptsDir = None,
) -> None:
    """Print a profile as TOML: what `new` begins with.

    Example:

        gistream prompts show minutes
    """
    sys.stdout.write(_source(name, load(command_flags(ctx)).prompts_dir))


def check(
    ctx: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(help="Files; default: those of your folder.")] = None,
    prompts_dir: PromptsDir = None,
) -> None:
    """Read profiles, and say what is wrong with the first that is.

    Example:

        gistream prompts check prompts/tickets.toml
    """
    from streaming.planning.work import grammars_of
    from streaming.summarizer.prompts import checked_profile_name, load_profiles, parse_profile

    if files:
        for file in files:
            profile = parse_profile(checked_profile_name(file.stem), read_text(file), where=str(file))
            grammars_of({file.stem: profile})
            out.print(f"{file}: good", markup=False)
        return
    folder = load(command_flags(ctx)).prompts_dir
    if folder is None:
        raise UsageError("No folder of prompt profiles is set; name files, or the folder with --prompts-dir.")
    profiles = load_profiles(folder)
    for name in sorted(path.stem for path in folder.glob("*.toml")):
        grammars_of({name: profiles[name]})
        out.print(f"{name}: good", markup=False)


def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it will be called.", show_default=False)],
    like: Annotated[str, typer.Option(help="The profile to begin with.")] = "default",
    prompts_dir: PromptsDir = None,
) -> None:
    """Write a new profile into your folder, as a copy of another one, for you to change.

    Example:

        gistream prompts new tickets --like minutes --prompts-dir prompts
    """
    from streaming.summarizer.prompts import checked_profile_name

    folder = load(command_flags(ctx)).prompts_dir
    if folder is None:
        raise UsageError("No folder of prompt profiles is set; name one with --prompts-dir, or set prompts_dir.")
    path = folder / f"{checked_profile_name(name)}.toml"
    source = _source(like, folder if folder.is_dir() else None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(source)
    except FileExistsError:
        raise UsageError(f"There is {path} already; choose another name, or change that one.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}.") from error
    out.print(f"{path}: change it, then `gistream prompts check {path}`", markup=False)


def _source(name: str, folder: Path | None) -> str:
    """Return the TOML of a profile; raises `UsageError` when there is none of that name."""
    from streaming.summarizer.prompts import get_profile, load_profiles, shipped_profiles

    get_profile(load_profiles(folder), name)
    if folder is not None and (own := folder / f"{name}.toml").is_file():
        return read_text(own)
    return shipped_profiles()[name]
