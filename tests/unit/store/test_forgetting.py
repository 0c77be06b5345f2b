"""Whatever a document put into the store or got from it is found by the document's id, and removed with its bytes."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from streaming.storage import Folder
from streaming.store import Labels, Store, entry_path, hash_of_id
from streaming.store.forgetting import SHARDS, entries_of, remove, unfinished
from streaming.store.maintenance import collect


def key(number: int) -> str:
    return f"{random.Random(number).getrandbits(256):064x}"


def put(store: Store, number: int, document_id: str) -> None:
    labels = Labels("text", "recipe", 0.0, hash_of_id(document_id))
    asyncio.run(store.put("generations", key(number), labels, {"text": f"answer {number}"}))


def get(store: Store, number: int, document_id: str) -> object:
    return asyncio.run(store.get("generations", key(number), hash_of_id(document_id)))


def forget(folder: Path, *ids: str) -> int:
    opened, shards = Folder(str(folder)), 0

    def on_shard() -> None:
        nonlocal shards
        shards += 1

    entries = list(entries_of(opened, [hash_of_id(name) for name in ids], on_shard))
    assert shards == len(SHARDS)
    for entry in entries:
        remove(opened, entry)
    return len(entries)


def contents(folder: Path) -> str:
    return " ".join(f"{path.name} {path.read_text()}" for path in folder.rglob("*") if path.is_file())


def test_entries_that_a_document_made_or_only_used_are_removed_and_no_others(tmp_path: Path) -> None:
    store = Store(Folder(str(tmp_path)))
    for number in range(20):
        put(store, number, "a" if number < 8 else "b")
    # Shared with "a", and got by nobody else.
    assert get(store, 12, "a") == {"text": "answer 12"}
    assert forget(tmp_path, "a") == 9
    assert hash_of_id("a") not in contents(tmp_path)
    assert [get(store, number, "c") is not None for number in range(20)] == [
        number >= 8 and number != 12 for number in range(20)
    ]
    assert forget(tmp_path, "a") == 0


def test_two_documents_that_make_one_entry_at_once_both_find_it(tmp_path: Path) -> None:
    store = Store(Folder(str(tmp_path)))
    # Both missed it, and the later one wrote over it.
    put(store, 1, "a")
    put(store, 1, "b")
    assert forget(tmp_path, "a") == 1
    assert get(store, 1, "b") is None


def test_an_entry_without_a_mark_may_be_anyones_and_goes(tmp_path: Path) -> None:
    store = Store(Folder(str(tmp_path)))
    put(store, 1, "b")
    [mark] = tmp_path.rglob("*.user")
    mark.unlink()
    assert forget(tmp_path, "a") == 1
    assert get(store, 1, "b") is None


def test_a_damaged_entry_is_found_by_its_mark(tmp_path: Path) -> None:
    put(Store(Folder(str(tmp_path))), 1, "a")
    (tmp_path / entry_path("generations", key(1))).write_bytes(b"answer 1, cut")
    assert forget(tmp_path, "a") == 1
    assert "answer" not in contents(tmp_path)


def test_the_unfinished_file_of_a_killed_process_is_named_and_swept_later(tmp_path: Path) -> None:
    put(Store(Folder(str(tmp_path))), 1, "a")
    (tmp_path / "_building" / "cut").write_text("answer 1, cut")
    assert unfinished(Folder(str(tmp_path))) == ["_building/cut"]


def test_gc_takes_the_marks_of_an_entry_with_it(tmp_path: Path) -> None:
    store = Store(Folder(str(tmp_path)))
    put(store, 1, "a")
    get(store, 1, "b")
    removed = collect(
        Folder(str(tmp_path)), older_than=None, keep_recipes=[], max_bytes=0, now=0.0, on_entry=lambda: None
    )
    assert removed.entries == 1
    assert list(tmp_path.rglob("*.user")) == []
