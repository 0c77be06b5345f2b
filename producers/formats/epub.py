"""Reads an EPUB: its chapters in reading order.

A chapter begins where the table of contents says so, which may be within a file, and ends where the next one begins. So
a chapter that lies in several files is one document. Where the contents have levels, chapters are the entries down to
the level at which files begin: a part of a book is no document when its chapters are files. A book without contents has
a document for each of its files. What holds no more than titles and names of authors is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

from producers.formats.blocks import Block, full_title, join_blocks
from producers.formats.epub_package import Entry, Package, read_package
from producers.formats.options import ReadOptions
from producers.formats.part import Part
from producers.formats.xhtml import Page, read_page
from producers.formats.zipped import open_zip, read_member
from streaming.errors import BadInput
from streaming.wording import counted

# Of a book's text; a bomb of ten thousand members has more.
_MOST_CHARACTERS = 50_000_000


@dataclass
class _Chapter:
    title: str | None
    blocks: list[Block] = field(default_factory=list)


def read_epub(path: Path, options: ReadOptions) -> Iterator[Part]:
    """Yield the chapters of a book, or the book when it is not to be split; raises `BadInput`."""
    with open_zip(path) as archive:
        package = read_package(archive)
        chapters = [chapter for chapter in _chapters(archive, package) if _has_text(chapter, package)]
        missing = len(set(package.files).difference(archive.namelist()))
    if not chapters and missing:
        raise BadInput("a damaged EPUB: the files of its text are missing", type="Broken")
    if not chapters:
        raise BadInput("an EPUB without text: its pages are pictures, or it is empty", type="NoText")
    left_out = f"{counted(missing, 'file')} that the book lacks" if missing else ""
    metadata = {"book": package.title or "", "author": ", ".join(package.authors), "left_out": left_out}
    metadata = {name: value for name, value in metadata.items() if value}
    if options.split.argument == "none":
        blocks = [block for chapter in chapters for block in chapter.blocks]
        yield Part(join_blocks(blocks), title=package.title, metadata=metadata)
        return
    for number, chapter in enumerate(chapters, start=1):
        yield Part(
            join_blocks(chapter.blocks),
            title=full_title(package.title, _title(chapter)),
            name=str(number),
            metadata=metadata,
        )


def _chapters(archive: ZipFile, package: Package) -> Iterator[_Chapter]:
    """Yield what lies between two beginnings of chapters, also where there is no text."""
    level = _level(package)
    entries = [entry for entry in package.contents if entry.level <= level]
    chapter = _Chapter(None)
    characters = 0
    for file in package.files:
        raw = read_member(archive, file)
        if raw is None:
            continue
        page = read_page(raw, name=file)
        characters += sum(len(block.text) for block in page.blocks)
        if characters > _MOST_CHARACTERS:
            raise BadInput(f"an EPUB of more than {_MOST_CHARACTERS:,} characters: more than a book has", type="Bomb")
        starts = _starts(page, [entry for entry in entries if entry.file == file])
        if not entries:
            starts = {0: None}
        for index, block in enumerate(page.blocks):
            if index in starts:
                yield chapter
                chapter = _Chapter(starts[index])
            chapter.blocks.append(block)
    yield chapter


def _level(package: Package) -> int:
    """Return the level of the table of contents at which files begin, the deepest where it differs."""
    by_file: dict[str, int] = {}
    for entry in package.contents:
        by_file[entry.file] = min(entry.level, by_file.get(entry.file, entry.level))
    return max((by_file[file] for file in package.files if file in by_file), default=0)


def _starts(page: Page, entries: list[Entry]) -> dict[int, str | None]:
    """Return the numbers of the blocks of a file that begin a chapter, and the chapters' titles.

    Of two entries that lead to one block, the first has the part's title, and the second the chapter's.
    """
    starts: dict[int, str | None] = {}
    for entry in entries:
        starts[page.anchors.get(entry.anchor, 0) if entry.anchor else 0] = entry.title
    return starts


def _title(chapter: _Chapter) -> str | None:
    return chapter.title or next((block.text for block in chapter.blocks if block.level), None)


def _has_text(chapter: _Chapter, package: Package) -> bool:
    """Whether there is more than headings, the chapter's title, and what stands on the title page."""
    names = {chapter.title, package.title, *package.authors}
    return any(not block.level and block.text not in names for block in chapter.blocks)
