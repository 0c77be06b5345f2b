"""Names formats that are no text: by their first bytes, by their structure, and by control bytes."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Literal

# Control bytes that no text needs: not tab, line ends, form feed, backspace (bold in manuals), escape (colours).
_CONTROL = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")
# Of several kinds: lengths and tags. Of NULs alone: a hole in a text, such as a padded field, a log after a crash.
_CONTROLS_IN_A_ROW = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]{2,}")
# Of texts that were taken out of PDFs less than 1 byte in 100 is a control; of random bytes 1 in 10.
_STRAY_SHARE = 20
# A number of eight bytes has up to seven NULs in a row, and may have a letter at its end.
_SHORTEST_WITH_HOLE = 8
# A map whose first key is a name, of the length that is written before it.
_MESSAGEPACK = re.compile(rb"[\x81-\x8f]([\xa1-\xbf])([A-Za-z0-9_.-]+)", re.DOTALL)


@dataclass(frozen=True)
class Format:
    """A format: the type of its dead letter, and what is to be done."""

    type: Literal["Compressed", "Binary"]
    message: str


def _compressed(name: str) -> Format:
    return Format("Compressed", f"compressed with {name}: unpack it first")


def _document(name: str) -> Format:
    return Format("Binary", f"{name}: convert it to text first")


_ZLIB = _compressed("zlib")
# (where, first bytes, format), from the formats' own specifications.
_MAGIC: tuple[tuple[int, bytes, Format], ...] = (
    (0, b"\x1f\x8b", _compressed("gzip")),
    (0, b"\x28\xb5\x2f\xfd", _compressed("zstd")),
    (0, b"\x04\x22\x4d\x18", _compressed("LZ4")),
    (0, b"\x02\x21\x4c\x18", _compressed("LZ4")),
    (0, b"LZ4Block", _compressed("LZ4")),
    (0, b"\xff\x06\x00\x00sNaPpY", _compressed("Snappy")),
    (0, b"\x82SNAPPY\x00", _compressed("Snappy")),
    (0, b"BZh", _compressed("bzip2")),
    (0, b"\xfd7zXZ\x00", _compressed("xz")),
    (0, b"]\x00\x00", _compressed("LZMA")),
    (0, b"7z\xbc\xaf\x27\x1c", _compressed("7-Zip")),
    (0, b"Rar!\x1a\x07", _compressed("RAR")),
    (0, b"\x1f\x9d", _compressed("compress")),
    (0, b"PK\x03\x04", _compressed("ZIP, as DOCX, XLSX, ODT and EPUB are")),
    (0, b"PK\x05\x06", _compressed("ZIP, as DOCX, XLSX, ODT and EPUB are")),
    (0, b"%PDF-", _document("a PDF")),
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        _document("a document of an old Microsoft Office, or one with a password"),
    ),
    (0, b"\x89PNG\r\n\x1a\n", _document("a PNG picture")),
    (0, b"\xff\xd8\xff", _document("a JPEG picture")),
    (0, b"GIF8", _document("a GIF picture")),
    (0, b"II*\x00", _document("a TIFF picture")),
    (0, b"MM\x00*", _document("a TIFF picture")),
    (8, b"WEBP", _document("a WebP picture")),
    (8, b"WAVE", _document("a WAV recording")),
    (0, b"ID3", _document("an MP3 recording")),
    (0, b"OggS", _document("an Ogg recording")),
    (0, b"fLaC", _document("a FLAC recording")),
    (4, b"ftyp", _document("an MP4 or HEIC file")),
    (0, b"PAR1", _document("a Parquet file")),
    (0, b"ORC", _document("an ORC file")),
    (0, b"Obj\x01", _document("an Avro file")),
    (0, b"ARROW1", _document("an Arrow file")),
    (0, b"\xff\xff\xff\xff", _document("an Arrow stream")),
    (0, b"SQLite format 3\x00", _document("an SQLite database")),
    (0, b"\xac\xed\x00\x05", _document("a Java object")),
    (0, b"\x7fELF", _document("a program")),
    (257, b"ustar", _document("a tar archive")),
)


def name_format(raw: bytes) -> Format | None:
    """Return the format that the first bytes of `raw` name; `raw` must not be plain UTF-8, which may begin so, too."""
    for position, magic, known in _MAGIC:
        if raw.startswith(magic, position):
            return known
    # Two bytes are a weak sign: 15 bits of them are a checksum, and what follows must unpack.
    if len(raw) > 2 and raw[0] & 0x0F == 8 and int.from_bytes(raw[:2], "big") % 31 == 0:
        try:
            return _ZLIB if zlib.decompressobj().decompress(raw, 64) else None
        except zlib.error:
            return None
    return None


def is_tar(raw: bytes) -> bool:
    """Whether `raw` is a tar archive; one of texts has no byte but NUL that a text has not."""
    return raw.startswith(b"ustar", 257) and b"\0" in raw[:257]


def has_controls(raw: bytes) -> bool:
    """Whether `raw` has a control byte that no text needs."""
    return _CONTROL.search(raw) is not None


def is_binary(raw: bytes) -> bool:
    """Whether `raw` has more control bytes than are scattered in a text, or several kinds of them in a row."""
    if not has_controls(raw):
        return False
    rows = _CONTROLS_IN_A_ROW.findall(raw)
    if any(row.strip(b"\0") for row in rows):
        return True
    controls = len(_CONTROL.findall(raw))
    if controls > len(raw) - controls and len(raw) - controls < _SHORTEST_WITH_HOLE:
        return True
    controls -= sum(len(row) - 1 for row in rows)
    # A short text may have two.
    return controls * _STRAY_SHARE > len(raw) and not (controls <= 2 and controls * 4 <= len(raw))


def name_structure(raw: bytes) -> str | None:
    """Return the binary format whose structure `raw` has from its first byte to its last; None when it has none.

    Text begins like some of them, so all but MessagePack must have a control byte.
    """
    if (key := _MESSAGEPACK.match(raw)) and key[1][0] - 0xA0 == len(key[2]):
        return "MessagePack"
    if not has_controls(raw):
        return None
    if len(raw) > 4 and int.from_bytes(raw[:4], "little") == len(raw) and raw.endswith(b"\0"):
        return "BSON"
    if len(raw) > 2 and (raw[0] & 0xE0 == 0xA0 or raw[0] == 0xBF) and 0x60 < raw[1] < 0x78:
        return "CBOR"
    if _is_protobuf(raw):
        return "Protobuf"
    return "Avro" if _is_strings_of_avro(raw) else None


def _is_protobuf(raw: bytes) -> bool:
    """Whether `raw` is a row of fields, each with a small number and one of the four wire types in use."""
    position = 0
    while position < len(raw):
        tag, position = read_varint(raw, position)
        field, wire_type = tag >> 3, tag & 7
        if not 0 < field < 1000 or wire_type not in (0, 1, 2, 5):
            return False
        length, after = read_varint(raw, position)
        position = {0: after, 1: position + 8, 2: after + length, 5: position + 4}[wire_type]
    return position == len(raw)


def _is_strings_of_avro(raw: bytes) -> bool:
    """Whether `raw` is a row of strings, each after its length as Avro writes it."""
    position = 0
    while position < len(raw):
        zigzag, position = read_varint(raw, position)
        if zigzag & 1:
            return False
        position += zigzag >> 1
    return position == len(raw)


def read_varint(raw: bytes, position: int) -> tuple[int, int]:
    """Return the number of variable length at `position`, and where it ends: behind `raw` when it is cut."""
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(raw):
            break
        byte = raw[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
    return number, len(raw) + 1
