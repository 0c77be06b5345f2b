"""`gistream produce jsonl` on packed files: each line as it stands, and what breaks off is told by its line."""

import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from parts import parts

from producers.formats.part import Part
from producers.jsonl import read_json_lines
from producers.records import ProducerRecord, Refusal
from streaming.errors import BadInput

LINES = [json.dumps({"id": number, "text": f"{random.Random(number).random()} and more."}) for number in range(20_000)]
RAW = "\n".join(LINES).encode()
PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstandard.compress}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=list(PACKERS))
def test_a_packed_file_is_sent_line_by_line(pack: Callable[[bytes], bytes]) -> None:
    half = RAW.index(b"\n", len(RAW) // 2) + 1
    # Two that were put one behind the other are one file.
    for packed in (pack(RAW), pack(RAW[:half]) + pack(RAW[half:])):
        records = list(read_json_lines(io.BytesIO(packed), "a.jsonl"))
        assert [r.value for r in records if isinstance(r, ProducerRecord)] == [line.encode() for line in LINES]


@pytest.mark.parametrize("pack", PACKERS.values(), ids=list(PACKERS))
def test_where_a_packed_file_breaks_off_the_line_is_named(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(RAW)
    *records, last = read_json_lines(io.BytesIO(packed[: len(packed) // 2]), "a.jsonl")
    read = [record for record in records if isinstance(record, ProducerRecord)]
    assert len(read) > 1_000
    assert isinstance(last, Refusal)
    assert "is damaged or cut off here; the lines before it are read" in last.reason


@pytest.mark.parametrize("end", PACKERS)
def test_a_file_that_was_cut_off_is_no_shorter_document(tmp_path: Path, end: str) -> None:
    path = tmp_path / f"a.txt.{end}"
    path.write_bytes(PACKERS[end](RAW))
    assert parts(path) == [Part(RAW.decode())]
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(BadInput, match="damaged or cut off"):
        parts(path)
