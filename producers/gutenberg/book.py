"""A book of Project Gutenberg as documents: one for each chapter, without the header and footer that Gutenberg adds.

Item: one chapter as JSON. Its key is its id: the number of the book, of the part and of the chapter
("pg2600-b01-c03"), or the file's name where the book has no number. So a book that is sent again replaces its
summaries, whether it came by number or as a file. Left out are Gutenberg's header and footer, the table of contents,
the text before the first chapter, and notes, index and the like behind the last; an appendix is a chapter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from producers.gutenberg.chapters import Chapter, describe_headings, find_chapters
from producers.gutenberg.numerals import read_number
from streaming.encoding.reading import decode_file, decode_text
from streaming.errors import BadInput, UsageError
from streaming.messages import Document
from streaming.wording import shortened

# Gutenberg's marks for the beginning and end of the text since 1991; the title in a mark may take a second line.
_START = re.compile(
    r"^[ \t]*(?:\*{3} ?START OF (?:THE|THIS) PROJECT GUTENBERG[^\n]*(?:\n[^\n*]+\*{3}[^\n]*)?"
    r"|\*END ?\*? ?THE SMALL PRINT![^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_END = re.compile(
    r"^[ \t]*(?:\*{3} ?END OF (?:THE|THIS) PROJECT GUTENBERG|End of (?:the |this )?Project Gutenberg)",
    re.IGNORECASE | re.MULTILINE,
)
# "Title: ..." goes on in indented lines.
_FIELD = r"^{}:[ \t]*(\S.*(?:\n[ \t]+\S.*)*)"
_NUMBER = re.compile(r"\[\s*e-?(?:book|text)\s*#\s*(\d+)\s*\]", re.IGNORECASE)
_CHARSET = re.compile(rb"^Character set encoding:[ \t]*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
# Gutenberg's names for encodings that Python knows by another.
_CHARSETS = {"iso latin-1": "latin-1", "iso-646-us (us-ascii)": "ascii", "windows code page 1252": "cp1252"}
# The header of a file without marks is looked for in this many characters; it is less than half as long.
_HEADER = 5_000
# ISO 639-1 of the languages that Gutenberg has a hundred books or more in, and of some others.
_LANGUAGES = {
    "catalan": "ca", "chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en", "esperanto": "eo",
    "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hungarian": "hu", "icelandic": "is",
    "italian": "it", "japanese": "ja", "latin": "la", "norwegian": "no", "polish": "pl", "portuguese": "pt",
    "romanian": "ro", "russian": "ru", "spanish": "es", "swedish": "sv", "tagalog": "tl", "welsh": "cy",
}  # fmt: skip
_WORD = re.compile(r"([^\W\d_]+)((?:['’][^\W\d_]+)?)")
# Without D and M: MIX and DI are words more often than numbers.
_ROMAN = re.compile(r"[IVXLC]+")
# Words that stay small in a title, unless they begin it.
_SMALL = {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
_TITLE_LENGTH = 200


@dataclass(frozen=True)
class Book:
    """A book: the fields of its header (None: not in the header), and its chapters. Its ids begin with `name`."""

    name: str
    title: str | None
    author: str | None
    language: str | None
    chapters: list[Chapter]
    # Words between header and footer that are in no chapter: title page, contents, headings.
    left_out: int
    # What of that stands behind the last chapter, such as NOTES: its heading and its words.
    back_matter: dict[str, int]


@dataclass(frozen=True)
class BookChapter:
    """A chapter as it is sent: its document, whose id is always set, and its length in words."""

    document: Document
    words: int


def read_book(path: Path) -> Book:
    """Read the book in the file `path`; raises `UsageError` when it is not there, no text, or without chapters."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The book {path} cannot be read: {error.strerror}.") from error
    text = _decode(raw, path)
    header, body = _unwrap(text)
    sections = find_chapters(body)
    chapters = [*sections.chapters, *sections.appendices]
    if not chapters:
        raise UsageError(
            f"No chapters can be told in {path}: {describe_headings(body)}. Chapters must count up, or have their "
            "titles in a table of contents; say how the headings look with "
            f"`gistream produce files {path} --split REGEX`."
        )
    number = _NUMBER.search(header)
    language = _field("Language", header)
    return Book(
        name=f"pg{number[1]}" if number else re.sub(r"[^\w.]+", "-", path.stem).strip("-.") or "book",
        title=_field("Title", header),
        author=_field("Author", header),
        language=_LANGUAGES.get(language.casefold()) if language else None,
        chapters=chapters,
        left_out=len(body.split()) - sum(chapter.words for chapter in chapters),
        back_matter={section.label: section.words for section in sections.left_out},
    )


def documents(book: Book) -> Iterator[BookChapter]:
    """Make the document of each chapter of `book`, in their order."""
    # A PREFACE before the first part is in b00, so that b01 is what the book calls BOOK ONE.
    first_part = 1 if book.chapters[0].parts else 0
    in_parts = any(chapter.parts for chapter in book.chapters)
    for part, (_, chapters) in enumerate(groupby(book.chapters, lambda chapter: chapter.parts), start=first_part):
        for number, chapter in enumerate(chapters, start=1):
            identity = f"{book.name}-b{part:02}-c{number:02}" if in_parts else f"{book.name}-c{number:02}"
            yield BookChapter(_document(book, chapter, identity), chapter.words)


def _document(book: Book, chapter: Chapter, identity: str) -> Document:
    heading = ": ".join(filter(None, (chapter.label, chapter.title)))
    titles = [book.title, *map(_as_title, chapter.parts), _as_title(heading)]
    metadata = {
        "book": book.title,
        "author": book.author,
        "part": ", ".join(chapter.parts),
        "chapter": chapter.label,
        "chapter_title": chapter.title,
        "number": None if chapter.number is None else str(chapter.number),
    }
    return Document(
        id=identity,
        title=shortened(", ".join(filter(None, titles)), _TITLE_LENGTH, len),
        text=chapter.text,
        language=book.language,
        metadata={name: value for name, value in metadata.items() if value},
    )


def _decode(raw: bytes, path: Path) -> str:
    """Return the file's text with plain line ends, in the encoding that its header names where it is not UTF-8."""
    match = _CHARSET.search(raw[:_HEADER])
    charset = match[1].decode("ascii", errors="replace") if match else ""
    try:
        text = decode_text(raw)
    except BadInput:
        try:
            # No codec is called "".
            text = raw.decode(_CHARSETS.get(charset.casefold(), charset))
        except (LookupError, ValueError):
            text = _decode_unnamed(raw, path, charset)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode_unnamed(raw: bytes, path: Path, charset: str) -> str:
    try:
        return decode_file(raw).text
    except BadInput as error:
        header = f"Its header says '{charset}', which it is not." if charset else "Its header names no encoding."
        raise UsageError(f"The book {path} is {error}.{f' {header}' if error.type == 'NotUtf8' else ''}") from error


def _unwrap(text: str) -> tuple[str, str]:
    """Return Gutenberg's header and the text without header and footer; either marker may be missing."""
    end = _END.search(text)
    body = text[: end.start()] if end else text
    starts = list(_START.finditer(body))
    if not starts:
        return body[:_HEADER], body
    return body[: starts[-1].start()], body[starts[-1].end() :]


def _field(name: str, header: str) -> str | None:
    match = re.search(_FIELD.format(name), header, re.MULTILINE)
    return " ".join(match[1].split()) if match else None


def _as_title(heading: str) -> str:
    """Return a heading as a title is written: "BOOK ONE: THE MILL" is "Book One: The Mill"."""
    return ": ".join(_in_small_letters(text) if text == text.upper() else text for text in heading.split(": "))


def _in_small_letters(capitals: str) -> str:
    def small(match: re.Match[str]) -> str:
        word, possessive = match[1], match[2].lower()
        if _ROMAN.fullmatch(word) and read_number(word) is not None:
            return word + possessive
        begins = capitals[: match.start()].rstrip(" “\"‘'_")[-1:] in ("", ".")
        return (word.lower() if word.lower() in _SMALL and not begins else word.capitalize()) + possessive

    return _WORD.sub(small, capitals)
