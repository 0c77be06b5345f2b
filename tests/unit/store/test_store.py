"""An entry of the store is the whole of what was put, or it is not there; and a store that fails fails nobody."""

from __future__ import annotations

import asyncio
import os
import resource
import threading
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from object_store import ObjectStore, object_store

from streaming.errors import MachineError, UsageError
from streaming.storage import Folder
from streaming.store import Labels, Store, sweep
from streaming.store import store as store_module
from streaming.store.entry import pack, unpack
from streaming.store.maintenance import collect, damaged, sizes

LABELS = Labels("document", "recipe", 1_700_000_000.0, "me")
KEY = "3f" + "0" * 62
VALUE = {"text": "The mill burned. 😀", "n": [1, None]}
T = TypeVar("T")


def run(task: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(task)


def entry_file(tmp_path: Path) -> Path:
    return tmp_path / "generations" / "3f" / f"{KEY}.json"


@pytest.fixture
def buckets() -> Iterator[ObjectStore]:
    with object_store() as running:
        yield running


def test_what_was_put_is_got_and_nothing_else(tmp_path: Path) -> None:
    store = Store(Folder(str(tmp_path)))
    run(store.put("generations", KEY, LABELS, VALUE))
    assert run(Store(Folder(str(tmp_path))).get("generations", KEY, "me")) == VALUE
    assert run(store.get("summaries", KEY, "me")) is None
    assert run(store.get("generations", "a" * 64, "me")) is None


def test_an_object_store_holds_a_store(buckets: ObjectStore) -> None:
    store = Store(Folder(buckets.url("bucket/store")))
    run(store.put("summaries", KEY, LABELS, VALUE))
    assert run(store.get("summaries", KEY, "me")) == VALUE


@given(st.data())
def test_a_cut_or_changed_entry_is_never_believed(data: st.DataObject) -> None:
    whole = pack(KEY, LABELS, VALUE)
    place = data.draw(st.integers(0, len(whole) - 1))
    other = whole[:place]
    if data.draw(st.booleans()):
        other += bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    try:
        labels, value = unpack(KEY, other)
    except ValueError:
        return
    # Only a label may have changed: the value proves itself.
    assert (value, labels == LABELS) == (VALUE, False)


def test_an_entry_under_another_name_is_never_believed() -> None:
    with pytest.raises(ValueError, match="of another key"):
        unpack("b" * 64, pack(KEY, LABELS, VALUE))


def test_a_damaged_entry_is_a_miss_is_said_once_and_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(Folder(str(tmp_path)))
    run(store.put("generations", KEY, LABELS, VALUE))
    entry_file(tmp_path).write_bytes(entry_file(tmp_path).read_bytes()[:-3])
    assert run(store.get("generations", KEY, "me")) is None
    assert run(store.get("generations", KEY, "me")) is None
    assert capsys.readouterr().err.count("left out and made again") == 1
    run(store.put("generations", KEY, LABELS, VALUE))
    assert run(store.get("generations", KEY, "me")) == VALUE


def test_a_folder_that_cannot_be_written_is_said_once_and_fails_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    store = Store(Folder(str(tmp_path / "file")))
    run(store.put("generations", KEY, LABELS, VALUE))
    run(store.put("generations", KEY, LABELS, VALUE))
    assert run(store.get("generations", KEY, "me")) is None
    assert capsys.readouterr().err.count("made without the store") == 1


def test_a_folder_that_hangs_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(Folder, "read_bytes", lambda *_: released.wait())
    monkeypatch.setattr(store_module, "_ANSWER_SECONDS", 0.05)
    store = Store(Folder(str(tmp_path)))
    try:
        assert run(store.get("generations", KEY, "me")) is None
        # It rests: the next one does not wait at all.
        monkeypatch.setattr(store_module, "_ANSWER_SECONDS", 1000)
        assert run(store.get("generations", KEY, "me")) is None
    finally:
        released.set()


def test_stats_count_verify_names_and_gc_removes(tmp_path: Path) -> None:
    folder, now = Folder(str(tmp_path)), time.time()
    store = Store(folder)
    for number in range(6):
        labels = Labels("d", "new" if number % 2 else "old", now)
        run(store.put("summaries", f"{number}" * 64, labels, VALUE))
    assert [(size.kind, size.entries) for size in sizes(folder)] == [("summaries", 6), ("generations", 0)]
    broken = tmp_path / "summaries" / "55" / f"{'5' * 64}.json"
    broken.write_text("{}")
    assert list(damaged(folder, lambda: None)) == [f"summaries/55/{'5' * 64}.json"]

    def gc(**rules: Any) -> int:
        allowed: dict[str, Any] = {"older_than": None, "keep_recipes": [], "max_bytes": None, "now": now}
        return collect(folder, **(allowed | rules), on_entry=lambda: None).entries

    assert gc(older_than=60) == 0
    with pytest.raises(UsageError, match="no entry of recipe 'newer'"):
        gc(keep_recipes=["new", "newer"])
    assert gc(keep_recipes=["ne"]) == 4
    assert gc(max_bytes=sizes(folder)[0].bytes - 1) == 1
    assert gc(older_than=60, now=now + 120) == 1
    assert sizes(folder)[0].entries == 0


def test_many_writers_of_one_key_leave_one_whole_entry(tmp_path: Path) -> None:
    store = Store(Folder(str(tmp_path)))

    async def all_at_once() -> None:
        await asyncio.gather(*(store.put("generations", KEY, LABELS, VALUE) for _ in range(40)))

    run(all_at_once())
    assert run(store.get("generations", KEY, "me")) == VALUE
    assert not [path for path in (tmp_path / "_building").iterdir() if path.is_file()]


def test_a_disk_that_is_full_holds_no_half_of_an_entry(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(MachineError, match="cannot be written"):
            Folder(str(tmp_path)).write("summaries/a.json", pa.py_buffer(bytes(2000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_killed_processes_left_unfinished_is_swept_after_a_minute(tmp_path: Path) -> None:
    building = tmp_path / "_building"
    building.mkdir()
    for name, age in (("killed", 61), ("running", 5)):
        (building / name).touch()
        os.utime(building / name, (time.time() - age,) * 2)
    sweep(str(tmp_path))
    assert sorted(path.name for path in building.iterdir()) == ["lock", "running"]
    # A store that was never used, or cannot be opened, stops nobody.
    sweep(str(tmp_path / "new"))
    sweep("nowhere://at.all")
    assert not (tmp_path / "new").exists()
