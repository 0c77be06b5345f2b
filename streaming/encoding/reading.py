"""Reads bytes as text: decodes what is text for certain, and names everything else.

    bytes                                             become
    ------------------------------------------------  ------------------------------------------
    UTF-8, with or without a byte order mark           the text
    UTF-16 and UTF-32, either byte order, marked       the text
    the same without a mark, and a language in it      the text
    ISO-2022-JP and -KR, which name themselves         the text
    a schema registry's frame around a JSON object     the JSON
    any other frame                                    `Framed`
    gzip, zstd, LZ4, ...                               `Compressed`
    PDF, PNG, Parquet, Protobuf, ...; control bytes    `Binary`
    anything else                                      `NotUtf8`; of a file what `code_pages` can tell

What a text stands for that is no text as it stands (Base64, a raw mail): `content`.

Control characters that are scattered in a text stay in it: the summarizer reads them as blanks. No Spark, no model;
pure functions. What has been written as UTF-8 and looks like text is never refused.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from streaming.encoding.code_pages import certain, readings
from streaming.encoding.formats import has_controls, is_binary, is_tar, name_format, name_structure
from streaming.encoding.frames import Frame, find_frame
from streaming.encoding.wide import decode_wide, is_language
from streaming.errors import BadInput

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_JSON_STARTS = ("{", "[", '"')
_JAPANESE_ESCAPES = (b"\x1b$B", b"\x1b$@")
_KOREAN_ESCAPE = b"\x1b$)C"


@dataclass(frozen=True)
class FileText:
    """The text of a file, and the code page in which it was read; None: its encoding is one of Unicode's.

    `codec` is Python's name of the code page.
    """

    text: str
    code_page: str | None = None
    codec: str | None = None


def decode_text(raw: bytes) -> str:
    """Return the text of `raw`, without a byte order mark.

    Raises `BadInput` with what `raw` is, and what to do; its type is `Framed`, `Compressed`, `Binary` or `NotUtf8`.
    """
    if (marked := _read_marked(raw)) is not None:
        return marked
    try:
        text = raw.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        return _read_other(raw, error)
    if any(escape in raw for escape in _JAPANESE_ESCAPES) and (japanese := _try(raw, "iso2022_jp_2")) is not None:
        return japanese
    if _KOREAN_ESCAPE in raw and (korean := _try(raw, "iso2022_kr")) is not None:
        return korean
    if not has_controls(raw):
        return text
    if (wide := decode_wide(raw)) is not None:
        return wide
    # What fills up a field in C, and a block in DOS, is no part of the text, and tells nothing.
    content = raw.rstrip(b"\0\x1a")
    suspect = not content or is_tar(raw) or is_binary(content) or find_frame(raw) or name_structure(content)
    return _read_other(raw, None) if suspect else text


def decode_json(raw: bytes) -> str | None:
    """Return JSON whose bytes are not all UTF-8, each of these as a lone surrogate (PEP 383); None when it is no JSON.

    A schema registry's frame around it is left out.
    """
    frame = find_frame(raw)
    payload = (frame.payload if frame else raw).removeprefix(codecs.BOM_UTF8)
    text = payload.decode(errors="surrogateescape")
    return text if text.lstrip()[:1] in _JSON_STARTS and not is_binary(payload) else None


def decode_file(raw: bytes) -> FileText:
    """Return the text of the file `raw`: as `decode_text` does, or in a code page that leaves no doubt.

    Raises `BadInput` as `decode_text` does; that of a code page names the pages in which the file may be.
    """
    try:
        return FileText(decode_text(raw))
    except BadInput as error:
        if error.type != "NotUtf8" or raw.startswith(tuple(mark for mark, _ in _MARKS)):
            raise
        candidates = readings(raw)
        if reading := certain(candidates):
            return FileText(reading.text, reading.page, reading.codec)
        if not candidates:
            raise
        pages = " or ".join(candidate.page for candidate in candidates[:2])
        raise BadInput(f"{error}; it may be {pages}", type=error.type) from error


def _read_marked(raw: bytes) -> str | None:
    """Return the text after a byte order mark of UTF-16 or UTF-32; None when there is none."""
    for mark, encoding in _MARKS:
        if not raw.startswith(mark):
            continue
        rest = raw.removeprefix(mark)
        name = encoding[:6].upper()
        text = _try(rest, encoding)
        if text is None and name == "UTF-32":
            continue
        # Plain UTF-8 has got the mark by mistake, unless it is a few ideographs whose bytes happen to look so.
        is_plain = len(rest) >= 8 and _try(rest, "utf-8") is not None and not has_controls(rest)
        if text is None or (is_plain and not is_language(text, proved=False)):
            raise BadInput(f"not {name}, as its byte order mark says: send UTF-8", type="NotUtf8")
        return text
    return None


def _read_other(raw: bytes, error: UnicodeDecodeError | None) -> str:
    """Read what is not plain UTF-8; `error` says where it breaks."""
    if known := name_format(raw):
        raise BadInput(known.message, type=known.type)
    if (text := decode_wide(raw)) is not None:
        return text
    if frame := find_frame(raw):
        return _unframe(frame)
    if len(raw) % 2 and decode_wide(raw[:-1]) is not None:
        raise BadInput("UTF-16 that ends inside a character: send all of it, or UTF-8", type="NotUtf8")
    if structure := name_structure(raw):
        raise BadInput(f"binary, in the form of {structure}: gistream reads JSON and text", type="Binary")
    if error is None or is_binary(raw):
        raise BadInput("binary, no text: gistream reads JSON and text", type="Binary")
    raise BadInput(f"not UTF-8: byte {error.start} of {len(raw)}; convert it to UTF-8 first", type="NotUtf8") from error


def _unframe(frame: Frame) -> str:
    """Return the JSON object in `frame`; raises `BadInput` when it holds something else."""
    text = _try(frame.payload, "utf-8")
    if text is None or not text.lstrip().startswith("{") or is_binary(frame.payload):
        raise BadInput(
            f"framed by {frame.registry} (schema id {frame.schema_id}): gistream reads JSON and text; convert Avro or "
            "Protobuf to JSON on its way to this topic, or have the producer write JSON",
            type="Framed",
        )
    return text


def _try(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None
