"""Summarizes a whole book into Parquet with gistream's own commands, and prints the time and the tokens.

    make book FILE=book.txt [LIMIT=40]        FILE: a text file of Project Gutenberg, or a book's number there

It uses an installation of its own, in the folder `book` of the data dir. After an interruption, the same command
resumes where it stopped. The user's settings apply (GISTREAM_MODEL and the others).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from streaming.settings import load

GISTREAM = str(Path(sys.executable).with_name("gistream"))
LONGEST = 10


def main() -> int:
    """Run the commands in order; returns the exit code of the first that fails."""
    parser = argparse.ArgumentParser(description="Summarize a book into Parquet.")
    parser.add_argument("book", help="a text file of Project Gutenberg, or a book's number there")
    parser.add_argument("--limit", type=int, help="no more than this many chapters")
    options = parser.parse_args()
    home = load({}).data_dir / "book"
    name = name_of(options.book) + (f"-first-{options.limit}" if options.limit else "")
    archive = home / name
    environment = {**os.environ, "GISTREAM_DATA_DIR": str(home)}
    limit = ["--limit", str(options.limit)] if options.limit else []
    topics = ["--input-topic", name]
    try:
        chapter_lines = output_of(["produce", "gutenberg", options.book, "--list", "--json", *limit], environment)
        do(["broker", "start"], environment)
        do(["topics", "create", *topics], environment)
        chapters = [json.loads(line) for line in chapter_lines.splitlines()]
        topics_now = json.loads(output_of(["topics", "describe", "--json", *topics], environment))
        # When sending was interrupted, send the whole book again: the ids are the same, so the later documents count.
        if topics_now["topics"][0]["offsets"] < len(chapters):
            do(["produce", "gutenberg", options.book, *topics, *limit], environment)
        earlier, started = len(summaries(archive)), time.monotonic()
        do(["run", "--once", "--query", name, "--sink", f"parquet={archive}", *topics], environment)
        report(chapters, summaries(archive), earlier, (time.monotonic() - started) / 60, archive)
    except subprocess.CalledProcessError as error:
        # The command has printed the reason.
        return error.returncode
    finally:
        do(["broker", "stop"], environment)
    return 0


def name_of(book: str) -> str:
    """Return a name for a book's topic and archive; it depends on the text as well as on the file name."""
    if book.isdigit():
        return f"pg{book}"
    if not Path(book).is_file():
        raise SystemExit(f"There is no file {book}; make book FILE=book.txt, or FILE=2600 for a book's number.")
    digest = hashlib.sha256(Path(book).read_bytes()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9._-]', '-', Path(book).stem)}-{digest}"


def do(arguments: list[str], environment: dict[str, str]) -> None:
    """Run one of gistream's commands, with its output on the terminal; raises `CalledProcessError`."""
    print(f"$ gistream {' '.join(arguments)}", flush=True)
    subprocess.run([GISTREAM, *arguments], env=environment, check=True)


def output_of(arguments: list[str], environment: dict[str, str]) -> str:
    """Return the output of a command; raises `CalledProcessError`."""
    return subprocess.run([GISTREAM, *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def summaries(archive: Path) -> list[dict[str, Any]]:
    """Return the rows of the archive, as any reader of Parquet would."""
    folder = archive / "summaries"
    return ds.dataset(folder, partitioning="hive").to_table().to_pylist() if folder.is_dir() else []


def report(
    chapters: list[dict[str, Any]], rows: list[dict[str, Any]], earlier: int, minutes: float, archive: Path
) -> None:
    """Print minutes, chapters a minute, tokens, and the longest chapters with their summaries."""
    done = len(rows) - earlier
    prompt = sum(row["tokens"]["prompt"] for row in rows)
    completion = sum(row["tokens"]["completion"] for row in rows)
    again = f" ({earlier} more were there from an earlier run)" if earlier else ""
    print(f"\n{done} of {len(chapters)} chapters in {minutes:.1f} minutes{again}: {done / minutes:.1f} a minute")
    print(f"{prompt:,} tokens read, {completion:,} written, in all {len(rows)} chapters")
    print(f"archive: {archive}\n\nThe {LONGEST} longest:")
    summary = {row["id"]: row for row in rows}
    for chapter in sorted(chapters, key=lambda chapter: -chapter["words"])[:LONGEST]:
        row = summary.get(chapter["id"])
        facts = f"{row['chunks']} chunks, {row['seconds']:.0f} s" if row else "it has no summary"
        print(f"\n{chapter['words']:,} words  {chapter['title']}  ({facts})")
        if row:
            print(textwrap.fill(" ".join(row["summary"].split()), 100, initial_indent="  ", subsequent_indent="  "))


if __name__ == "__main__":
    raise SystemExit(main())
