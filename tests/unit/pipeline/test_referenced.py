"""A document whose text is in a file is summarized as one with the text in its record; what is wrong is named."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fake_engine import FakeEngine, FakeRecipe
from model_files import MODEL

from streaming.errors import StorageAway
from streaming.pipeline import referenced
from streaming.pipeline.decode import RecordFormat
from streaming.pipeline.referenced import ReferencePlan
from streaming.pipeline.results import Topics
from streaming.pipeline.task import TaskPlan, summarize
from streaming.planning.engine_choice import foresee
from streaming.planning.work import plan_work
from streaming.settings import load
from streaming.storage.root_file import RootFile

TEXT = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell."
LIMIT = 2**20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    return folder


def put(root: Path, name: str, raw: bytes) -> dict[str, str]:
    """Write a file and return the reference to it."""
    (root / name).write_bytes(raw)
    return {"uri": (root / name).as_uri(), "sha256": hashlib.sha256(raw).hexdigest()}


def results(documents: Sequence[dict[str, Any]], root: Path | None, **changes: Any) -> list[dict[str, Any]]:
    """Return the summaries, and the headers of the dead letters, in the order of the documents."""
    settings = load({"engine": "in-process", "store": "off", "chunk_tokens": 120})
    recipe = FakeRecipe(FakeEngine(lambda text: text.split(". ")[0] + ".", slots=2))
    work = replace(plan_work(settings, foresee(settings, MODEL, cores=1), here=False), engine=recipe)
    references = ReferencePlan(() if root is None else (str(root),), changes.get("most_bytes", LIMIT))
    topics = Topics("out", LIMIT, "dead", LIMIT)
    task_plan = TaskPlan(work, RecordFormat(), topics, max_failed_share=0.2, references=references)
    columns = ["key", "value", "headers", "topic", "partition", "offset", "timestamp"]
    values = [json.dumps(document).encode() for document in documents]
    rows = [(b"%d" % n, value, None, "in", 0, n, 1_700_000_000_000) for n, value in enumerate(values)]
    frames = summarize(task_plan)(iter([pd.DataFrame(rows, columns=columns)]))
    found: dict[int, dict[str, Any]] = {}
    for frame in frames:
        for topic, value, headers in zip(frame["topic"], frame["value"], frame["headers"], strict=True):
            if topic == "out":
                summary = json.loads(value)
                found[summary["source"]["offset"]] = summary
            else:
                names = {header["key"]: header["value"].decode(errors="replace") for header in headers}
                found[int(names["source.offset"])] = names
    return [found[n] for n in range(len(documents))]


def error_type(document: dict[str, Any], root: Path | None, **changes: Any) -> str:
    [letter] = results([document], root, **changes)
    assert letter["error.stage"] == "decode"
    return str(letter["error.type"])


def test_a_text_in_a_file_gets_the_summary_that_it_gets_in_its_record(root: Path) -> None:
    more = {"title": "Mill", "metadata": {"team": "x"}, "id": "m"}
    by_reference, inline = results([put(root, "a.txt", TEXT.encode()) | more, {"text": TEXT} | more], root)
    differs = {"source", "seconds", "produced_at"}
    assert {name for name in inline if inline[name] != by_reference[name]} <= differs
    assert by_reference["document_sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()


def test_a_file_is_decoded_as_a_file_is(root: Path) -> None:
    text = "Die Mühle brannte am Dienstag. Anna sah zuerst den Rauch über den Dächern und läutete die große Glocke."
    [summary, utf16] = results(
        [put(root, "a.txt", text.encode("cp1252")), put(root, "b.txt", text.encode("utf-16"))], root
    )
    assert summary["document_sha256"] == utf16["document_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert summary["mended"]
    assert not utf16["mended"]


def test_each_fault_has_its_name(root: Path) -> None:
    good = put(root, "a.txt", TEXT.encode())
    (root.parent / "b.txt").write_text(TEXT)
    assert error_type(good, None) == "UriNotAllowed"
    assert error_type(good | {"uri": (root.parent / "b.txt").as_uri()}, root) == "UriNotAllowed"
    assert error_type(good | {"uri": good["uri"] + "x"}, root) == "UriNotFound"
    assert error_type(good | {"uri": str(root / "..")}, root) == "UriNotAllowed"
    assert error_type(good | {"sha256": "0" * 64}, root) == "HashDiffers"
    assert error_type(good | {"sha256": "0"}, root) == "InvalidDocument"
    assert error_type(good, root, most_bytes=10) == "TooLarge"
    assert error_type(put(root, "c.txt", b"\xff\xfe\xfdabc\x80 def"), root) == "NotUtf8"
    assert error_type(put(root, "d.txt", b"  \n"), root) == "EmptyText"
    assert error_type({"uri": good["uri"]}, root) == "NoText"


def test_a_text_in_the_record_comes_before_a_reference(root: Path) -> None:
    [summary] = results([{"text": TEXT, "uri": "https://example.invalid/1", "sha256": "0" * 64}], root)
    assert summary["status"]


def test_a_root_that_is_gone_fails_the_task_and_makes_no_dead_letter(root: Path) -> None:
    documents = [put(root, f"{n}.txt", TEXT.encode()) for n in range(20)]
    root.rename(root.parent / "elsewhere")
    with pytest.raises(StorageAway):
        results(documents, root)


def test_texts_in_memory_together_are_no_larger_than_the_largest_that_may_come(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = TEXT.encode()
    held, most = set(), 0
    read, close = RootFile.read, RootFile.close

    def counted_read(file: RootFile) -> bytes:
        nonlocal most
        held.add(id(file))
        most = max(most, len(held))
        return read(file)

    def counted_close(file: RootFile) -> None:
        held.discard(id(file))
        close(file)

    monkeypatch.setattr(RootFile, "read", counted_read)
    monkeypatch.setattr(RootFile, "close", counted_close)
    documents = [put(root, f"{n}.txt", raw + b" " * n) for n in range(6)]
    assert len(results(documents, root, most_bytes=2 * len(raw) + 12)) == 6
    assert most == 2


def test_a_slow_file_does_not_hold_up_the_others(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    read = referenced._read

    def read_slowly(*arguments: Any) -> Any:
        # The others are summarized by then, or it takes far too long.
        assert released.wait(30)
        return read(*arguments)

    monkeypatch.setattr(referenced, "_read", read_slowly)

    def documents() -> Iterator[dict[str, Any]]:
        yield put(root, "a.txt", TEXT.encode())
        yield from ({"text": f"{TEXT} {n}"} for n in range(3))

    timer = threading.Timer(1, released.set)
    timer.start()
    began = time.monotonic()
    slow, *others = results(list(documents()), root)
    timer.join()
    assert all(summary["produced_at"] < slow["produced_at"] for summary in others)
    assert time.monotonic() - began < 30
