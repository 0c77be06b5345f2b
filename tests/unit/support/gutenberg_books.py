"""Books in the form of Project Gutenberg's files, and the documents made of them."""

from __future__ import annotations

from pathlib import Path

from producers.gutenberg.book import documents, read_book
from streaming.messages import Document

HEADER = """The Project Gutenberg eBook of The Mill

Title: The Mill
       A Story

Author: Ann Example

Release Date: May 1, 2020 [eBook #12345]

Language: English

*** START OF THE PROJECT GUTENBERG EBOOK THE MILL ***

Produced by a volunteer

THE MILL

"""
FOOTER = "\n\n*** END OF THE PROJECT GUTENBERG EBOOK THE MILL ***\n\nCHAPTER IX\n\nThe licence.\n"
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
LONG = "\nAnd the river went on past the mill, as it had since anybody could remember."


def story(name: object, lines: int = 12) -> str:
    return f"In {name} the wheel stood still, and nobody said why.{LONG * lines}\n\nThen it rained.{LONG}"


def chapters(headings: list[str], name: str = "") -> str:
    return "\n\n\n".join(f"{heading}\n\n{story(name + heading)}" for heading in headings)


def read(path: Path, text: str | bytes) -> list[Document]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [chapter.document for chapter in documents(read_book(path))]


def parts_and_chapters(path: Path, text: str) -> list[tuple[str | None, str | None]]:
    return [(d.metadata.get("part"), d.metadata.get("chapter")) for d in read(path / "mill.txt", text)]


PLAIN = [f"CHAPTER {number}" for number in ROMAN[:4]]
