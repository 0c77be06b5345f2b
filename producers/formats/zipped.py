"""Opens the formats that are a ZIP archive, within limits, and tells them apart by what is in the archive.

mimetype or member                  is read as
----------------------------------  ----------------------------------
application/epub+zip                EPUB
...opendocument.text                ODT
word/document.xml                   DOCX
anything else                       nothing: it is refused by its name
"""

from __future__ import annotations

import errno
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from streaming.errors import BadInput
from streaming.settings import MIB
from streaming.wording import megabytes

# A book has some hundred files, a document of an office some dozen.
_MOST_MEMBERS = 10_000
# Of all members together, and of one that is read as text: War and Peace in one file is 4 MB.
_MOST_BYTES = 1024 * MIB
MOST_TEXT_BYTES = 64 * MIB
_ENCRYPTED = 0x1
# What zipfile raises for an archive whose bytes were changed; 10,000 of them were tried.
_DAMAGES = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, UnicodeDecodeError, OSError
)  # fmt: skip
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_OPEN_DOCUMENTS = {
    "spreadsheet": "an OpenDocument spreadsheet: save it as CSV",
    "presentation": "an OpenDocument presentation: save its text as a file of its own",
}
_BY_MEMBER = {
    "xl/workbook.xml": "an Excel workbook: save it as CSV",
    "xl/workbook.bin": "an Excel workbook: save it as CSV",
    "ppt/presentation.xml": "a PowerPoint presentation: save its outline as a text file",
    "Index/Document.iwa": "a document of Apple's iWork: export it as DOCX or PDF",
    "META-INF/MANIFEST.MF": "a Java archive, no document",
    "AndroidManifest.xml": "an Android app, no document",
}


def read_zip(path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the parts of an EPUB, a DOCX or an ODT; raises `BadInput` with the name of what is none of them."""
    with open_zip(path) as archive:
        module, function = _reader_of(archive)
    yield from getattr(import_module(f"producers.formats.{module}"), function)(path, options)


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive; raises `BadInput` for one that is damaged, needs a password, or is too large."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if any(member.flag_bits & _ENCRYPTED for member in members):
                raise BadInput("it needs a password: save it without one", type="Encrypted")
            size = sum(member.file_size for member in members)
            if len(members) > _MOST_MEMBERS or size > _MOST_BYTES:
                raise BadInput(
                    f"an archive of {len(members):,} files with {megabytes(size)}: more than a document has",
                    type="Bomb",
                )
            yield archive
    except _DAMAGES as error:
        # Of the operating system's errors this one alone is about the file: a place before its start.
        if isinstance(error, OSError) and error.errno not in (errno.EINVAL, None):
            raise
        raise BadInput(
            "damaged or cut off: it is a ZIP archive, as EPUB, DOCX and ODT are, and cannot be unpacked", type="Broken"
        ) from None


def read_member(archive: zipfile.ZipFile, name: str) -> bytes | None:
    """Return a member that holds text, None when the archive has none of this name; raises `BadInput` for a bomb."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    if info.file_size > MOST_TEXT_BYTES:
        raise BadInput(f"{megabytes(info.file_size)} of text in one piece: more than a document has", type="Bomb")
    return archive.read(info)


def _reader_of(archive: zipfile.ZipFile) -> tuple[str, str]:
    """Return the module and the function that read what is in an archive."""
    names = set(archive.namelist())
    mimetype = (read_member(archive, "mimetype") or b"")[:100].decode("ascii", errors="replace").strip()
    if mimetype == "application/epub+zip" or "META-INF/container.xml" in names:
        return "epub", "read_epub"
    if "word/document.xml" in names:
        return "docx", "read_docx"
    kind = mimetype.removeprefix(_OPEN_DOCUMENT)
    # Without its mimetype an ODT is one all the same.
    if kind in ("text", "text-template", "text-master") or (kind == mimetype and "content.xml" in names):
        return "odt", "read_odt"
    refusals = [refusal for name, refusal in _BY_MEMBER.items() if name in names]
    if refusal := _OPEN_DOCUMENTS.get(kind) or next(iter(refusals), None):
        raise BadInput(refusal, type="Binary")
    raise BadInput("a ZIP archive: unpack it first", type="Compressed")
