"""Reads a text file: any encoding that leaves no doubt, and what a text stands for that is no text as it stands.

A raw mail is its text, a notebook its prose, a page of HTML what it shows; `streaming/encoding` has the rules. A
transcript is what is said in it (`producers.formats.transcript`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from producers.formats.options import ReadOptions
from producers.formats.part import Part
from producers.formats.transcript import read_transcript
from streaming.encoding.content import read_content
from streaming.encoding.reading import decode_file

# Entries of the metadata: the code page of a file, and what it is when it is no text as it stands.
_CODE_PAGE, _READ_AS = "encoding", "read_as"


def read_plain_text(path: Path, _options: ReadOptions) -> Iterator[Part]:
    """Yield the text of a file, with plain line ends; raises `BadInput` with what it is when it is no text."""
    file = decode_file(path.read_bytes())
    content = read_content(file.text.replace("\r\n", "\n").replace("\r", "\n"))
    text = content.text.replace("\r\n", "\n").replace("\r", "\n")
    transcript = read_transcript(text)
    read_as = content.read_as if transcript is None else (*content.read_as, "a transcript")
    metadata = {_CODE_PAGE: file.code_page or "", _READ_AS: ", ".join(read_as)}
    said = text if transcript is None else transcript
    yield Part(said, title=content.title, metadata={name: value for name, value in metadata.items() if value})
