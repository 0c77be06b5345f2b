"""The kinds of files that gistream reads: the suffixes of each, its first bytes, and its reader.

A format whose files begin with bytes of their own is found by these, whatever the file is called. All other formats are
text, and are found by the file's suffix; what has none that is known here is a mailbox when it begins as one (mail
programs call theirs "Inbox"), or else plain text, whose reader names what is binary (`streaming/encoding`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal

Reader = Callable[[Path, ReadOptions], Iterator[Part | PartRefusal]]


@dataclass(frozen=True)
class Kind:
    """A kind of file: `reader` is "module:function", which is imported when the first such file is read.

    `first_bytes` are those that its files begin with, none for text. `in_child`: its reader runs in a child process.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str
    first_bytes: tuple[bytes, ...] = ()
    in_child: bool = True

    def load(self) -> Reader:
        """Import the reader."""
        module, _, function = self.reader.partition(":")
        return cast(Reader, getattr(import_module(module), function))


TEXT = Kind(
    "plain text",
    (".txt", ".text", ".rst", ".ipynb"),
    "producers.formats.plain_text:read_plain_text",
    in_child=False,
)
HTML = Kind("HTML", (".html", ".htm", ".xhtml"), "producers.formats.html:read_html")
ZIP = Kind(
    "EPUB, DOCX or ODT",
    (".epub", ".docx", ".docm", ".odt"),
    "producers.formats.zipped:read_zip",
    (b"PK\x03\x04", b"PK\x05\x06"),
)
PDF = Kind("PDF", (".pdf",), "producers.formats.pdf:read_pdf", (b"%PDF-",))
GZIP = Kind("gzip", (), "producers.formats.packed:read_gzip", (b"\x1f\x8b",))
ZSTD = Kind("zstd", (), "producers.formats.packed:read_zstd", (b"\x28\xb5\x2f\xfd",))
MAILBOX = Kind("a mailbox", (".mbox", ".mbx"), "producers.formats.mbox:read_mbox")
_TEXTS = (
    Kind("Markdown", (".md", ".markdown"), "producers.formats.markdown:read_markdown"),
    Kind("a mail", (".eml",), "producers.formats.mail:read_mail"),
    MAILBOX,
    Kind("subtitles", (".srt", ".vtt", ".sbv"), "producers.formats.subtitles:read_subtitles", in_child=False),
    Kind("subtitles of SubStation Alpha", (".ass", ".ssa"), "producers.formats.substation:read_substation"),
)
_ROWS = (
    Kind("a table", (".csv", ".tsv", ".tab"), "producers.formats.csv_table:read_csv", in_child=False),
    Kind("JSON Lines", (".jsonl", ".ndjson"), "producers.formats.json_rows:read_json_rows", in_child=False),
    Kind("JSON", (".json",), "producers.formats.json_rows:read_json"),
    Kind("a Parquet file", (".parquet",), "producers.formats.parquet:read_parquet", (b"PAR1",)),
)
_KINDS = (TEXT, HTML, ZIP, PDF, GZIP, ZSTD, *_TEXTS, *_ROWS)
_BY_SUFFIX = {suffix: kind for kind in _KINDS for suffix in kind.suffixes}
# The suffixes of the files that are read from a folder; a file that the user names may have any.
SUFFIXES = tuple(sorted(_BY_SUFFIX))
# Behind each of them there may be one of these.
PACKED = (".gz", ".zst")
# Word's note of who has a document open ("~$report.docx"), and what macOS has no place for elsewhere ("._report.docx").
BESIDE_DOCUMENTS = ("~$", "._")
# The line above a mail, and the first of its headers.
_ENVELOPE = re.compile(rb"\s*From \S+ +[^\r\n]*\d\d:\d\d[^\r\n]*\r?\n[!-9;-~]+:")
# How much of a file `find_kind` looks at.
HEAD_BYTES = 4096
# Programs put a blank line, a byte order mark or the headers of a download before a PDF; readers look this far.
_PDF_WITHIN = 1024


def is_known(file: Path) -> bool:
    """Whether a file of a folder is read, by its suffix; what a program keeps beside a document is not."""
    return suffix_of(file) in _BY_SUFFIX and not file.name.startswith(BESIDE_DOCUMENTS)


def find_kind(name: str, head: bytes) -> Kind:
    """Return the kind of the file `name` that begins with `head`."""
    for kind in _KINDS:
        if head.startswith(kind.first_bytes):
            return kind
    suffix = suffix_of(Path(name))
    if suffix not in _BY_SUFFIX and _ENVELOPE.match(head):
        return MAILBOX
    kind = _BY_SUFFIX.get(suffix, TEXT)
    if kind is PDF and PDF.first_bytes[0] in head[:_PDF_WITHIN]:
        return PDF
    return TEXT if kind.first_bytes else kind


def suffix_of(file: Path) -> str:
    """Return the suffix that says what is in a file, of a packed one the suffix before that of its packing."""
    suffix = file.suffix.lower()
    return Path(file.stem).suffix.lower() if suffix in PACKED else suffix
