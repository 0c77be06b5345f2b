from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import uuid
import zipfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.encoding.reading import decode_text
from streaming.errors import BadInput

MILL = "The water mill at Orrin Bridge stopped grinding on Tuesday after a beam in the wheel house cracked."
DOCUMENT = json.dumps({"id": "mill-1", "title": "The mill", "text": MILL})
# What people write with: letters of all scripts, marks, digits, punctuation, symbols, blanks.
WRITING = st.text(st.characters(categories=("L", "M", "N", "P", "S", "Zs"), include_characters="\t\n\r"))


def refusal(raw: bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        decode_text(raw)
    return caught.value


@given(WRITING)
def test_whatever_people_write_is_read_from_utf8(text: str) -> None:
    assert decode_text(text.encode()) == text
    assert decode_text(b"\xef\xbb\xbf" + text.encode()) == text


@pytest.mark.parametrize(
    "text",
    [
        "A", "Hi", "OK.", "5", "😀", "👩‍👩‍👧", "桥", "Brücke", "a\tb\tc", "1\n2\n3\n",
        "def f(x):\n    return x\n", "\ufeffa",
        "\x1b[31mERROR\x1b[0m disk full", "NAME\n     l\bls\bs - list", "CHAPTER I\f\fCHAPTER II", "-----", "text\x1a",
        "GIF89a is a format of 1989.", "PAR1 is what a Parquet file begins with.", "%PDF-1.7 opens a PDF.",
        "BZh", "ID3",
    ],
)  # fmt: skip
def test_short_and_odd_texts_are_texts(text: str) -> None:
    assert decode_text(text.encode()) == text.removeprefix("\ufeff")


def test_a_few_control_characters_in_a_text_stay_in_it() -> None:
    for text in (
        "The mill\0 stopped.",
        "The mill stopped.\0\0\0",
        "The mill stopped." + "\x1a" * 40,
        "Bell \x07 and shift \x0e in a text of some words.\0",
    ):
        assert decode_text(text.encode()) == text
    log = "first line\n" + "\0" * 5_000 + "second line, after the crash of the machine that wrote it\n"
    assert decode_text(log.encode()) == log


@pytest.mark.parametrize("id_bytes", [b"\0\0\0\x0c", b"\0\x01\x86\xa1", b"\0\0\0\0\0\0\0\x0c"], ids=["4", "cloud", "8"])
def test_json_in_a_schema_registrys_frame_is_read(id_bytes: bytes) -> None:
    assert decode_text(b"\0" + id_bytes + DOCUMENT.encode()) == DOCUMENT


def test_json_in_a_frame_of_aws_glue_is_read() -> None:
    frame = b"\x03\x00" + uuid.uuid4().bytes
    assert decode_text(frame + DOCUMENT.encode()) == DOCUMENT
    assert refusal(frame + b"\x0cmill-1").type == "Framed"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\x0cmill-2\xdc\x07" + MILL.encode(), id="Avro"),
        pytest.param(b"\x2e" + MILL[:23].encode(), id="Avro, one short string"),
        pytest.param(b"\x00\x0a\x06mill-2\x12\x63" + MILL.encode(), id="Protobuf"),
        pytest.param(b'"a string"', id="a JSON string"),
        pytest.param(b'{"text": "\xff"}', id="JSON that is not UTF-8"),
    ],
)
def test_any_other_payload_in_a_frame_is_refused_with_its_schema(payload: bytes) -> None:
    error = refusal(b"\0\0\0\0\x0d" + payload)
    assert error.type == "Framed"
    assert "schema id 13" in str(error)
    assert "Avro" in str(error)


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.txt"), MILL)
    return file.getvalue()


def _parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"text": [MILL]}), file)
    return file.getvalue()


def _tar() -> bytes:
    # Of plain ASCII: all of it is UTF-8.
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        member = tarfile.TarInfo("mill.txt")
        member.size = len(MILL.encode())
        archive.addfile(member, io.BytesIO(MILL.encode()))
    return sink.getvalue()


def _compressed(codec: str) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(MILL.encode())
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("raw", "type", "name"),
    [
        (gzip.compress(MILL.encode(), mtime=0), "Compressed", "gzip"),
        (bz2.compress(MILL.encode()), "Compressed", "bzip2"),
        (lzma.compress(MILL.encode()), "Compressed", "xz"),
        (lzma.compress(MILL.encode(), lzma.FORMAT_ALONE), "Compressed", "LZMA"),
        *[(zlib.compress(MILL.encode(), level), "Compressed", "zlib") for level in (1, 6, 9)],
        (_compressed("zstd"), "Compressed", "zstd"),
        (_compressed("lz4"), "Compressed", "LZ4"),
        (b"\xff\x06\x00\x00sNaPpY\x01\x05\x00\x00abcde", "Compressed", "Snappy"),
        (_zip(), "Compressed", "DOCX"),
        (_parquet(), "Binary", "Parquet"),
        (_tar(), "Binary", "tar archive"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "Binary", "PDF"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "Binary", "PNG"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "Binary", "JPEG"),
        (b"Obj\x01\x04\x14avro.codec", "Binary", "Avro file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "Binary", "Microsoft Office"),
        (b"\x0a\x06mill-2\x12\x63" + MILL.encode(), "Binary", "Protobuf"),
        (b"\x0a\x06mill-2\x12\xc6\x01" + 2 * MILL.encode(), "Binary", "Protobuf"),
        (b"\x0cmill-2\xc6\x01" + MILL.encode(), "Binary", "Avro"),
        (b"\x82\xa2id\xa6mill-2\xa4text\xd9\x63" + MILL.encode(), "Binary", "MessagePack"),
        (b"\xa2\x62id\x66mill-2\x64text\x79\x01\x8c" + 4 * MILL.encode(), "Binary", "CBOR"),
        (b"\x0b\x00\x01\x00\x00\x00\x05hello\x0b\x00\x02\x00\x00\x00\x63" + MILL.encode(), "Binary", "binary"),
        (b"\x00\x00\x00\x00", "Binary", "binary"),
        (b"\x01\x02\x03", "Binary", "binary"),
        (bytes(range(256)), "Binary", "binary"),
        (b"\xff", "NotUtf8", "byte 0 of 1"),
        ("Grüße".encode("latin-1"), "NotUtf8", "byte 2 of 5"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_named(raw: bytes, type: str, name: str) -> None:
    error = refusal(raw)
    assert error.type == type
    assert name in str(error)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_text_or_one_named_thing(raw: bytes) -> None:
    try:
        kind = type(decode_text(raw)).__name__
    except BadInput as error:
        kind = error.type
    assert kind in {"str", "Framed", "Compressed", "Binary", "NotUtf8"}


def test_iso_2022_jp_names_itself() -> None:
    text = "粉屋は朝七時に水門を閉め、車大工を呼びにやった。"
    assert decode_text(text.encode("iso2022_jp")) == text
