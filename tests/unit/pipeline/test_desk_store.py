"""The desk with a store: a document is summarized once, and a result says where it came from."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_engine import FakeEngine, FakeRecipe, Reply
from model_files import MODEL

from streaming.errors import DocumentFailed
from streaming.messages import Document, Source, Summary
from streaming.pipeline.desk import Desk
from streaming.planning.engine_choice import foresee
from streaming.planning.work import plan_work
from streaming.settings import load

TEXT = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone. "
SOURCE = Source(topic="documents", partition=1, offset=9, timestamp=5)


def first_sentence(text: str) -> str:
    return text.split(". ")[0] + "."


def desk(folder: Path, reply: Reply = first_sentence, **settings: Any) -> tuple[Desk, FakeEngine]:
    loaded = load({"engine": "in-process", "store": str(folder), "chunk_tokens": 120, **settings})
    recipe = FakeRecipe(FakeEngine(reply, slots=2))
    work = replace(plan_work(loaded, foresee(loaded, MODEL, cores=1), here=False), engine=recipe)
    return Desk(work), recipe.engine


def summarize(desk: Desk, document: Document, source: Source | None = None) -> Summary:
    return asyncio.run(desk.summarize(document, source))


def test_a_document_is_generated_once(tmp_path: Path) -> None:
    first, engine = desk(tmp_path)
    made = summarize(first, Document(id="a", text=TEXT, title="T", metadata={"k": "v"}))
    again, second_engine = desk(tmp_path)
    reused = summarize(again, Document(id="b", text=TEXT, title="T", metadata={"k": "w"}), SOURCE)
    assert engine.texts
    assert second_engine.texts == []
    assert (made.reused, reused.reused) == (False, True)
    assert (reused.id, reused.source, reused.metadata, reused.tokens.prompt) == ("b", SOURCE, {"k": "w"}, 0)
    own = {"id", "source", "metadata", "tokens", "seconds", "produced_at", "reused"}
    assert reused.model_dump(exclude=own) == made.model_dump(exclude=own)


def test_another_title_or_another_setting_is_another_summary(tmp_path: Path) -> None:
    summarize(desk(tmp_path)[0], Document(text=TEXT, title="T"))
    for title, settings in (("U", {}), ("T", {"faithfulness": "off"}), ("T", {"store": "off"})):
        other, _ = desk(tmp_path, **settings)
        assert not summarize(other, Document(text=TEXT, title=title)).reused


def test_a_longer_version_of_a_book_generates_only_its_new_parts(tmp_path: Path) -> None:
    chapters = [f"Chapter {n} tells of the year {1900 + n}. {TEXT * 3}" for n in range(60)]
    first, engine = desk(tmp_path)
    summarize(first, Document(text="\n\n".join(chapters)))
    longer, second_engine = desk(tmp_path)
    summary = summarize(longer, Document(text="\n\n".join([*chapters, "A last chapter. " + TEXT])))
    assert not summary.reused
    assert 0 < len(second_engine.texts) < len(engine.texts) / 10


def test_a_failure_is_not_stored(tmp_path: Path) -> None:
    failing, _ = desk(tmp_path, (DocumentFailed("the engine crashed", type="EngineCrashed")))
    with pytest.raises(DocumentFailed):
        summarize(failing, Document(text=TEXT))
    healthy, _ = desk(tmp_path)
    assert not summarize(healthy, Document(text=TEXT)).reused


def test_entries_that_are_deleted_and_flipped_meanwhile_change_no_summary(tmp_path: Path) -> None:
    documents = [Document(id=str(n), text=f"Text {n} begins here. {TEXT}") for n in range(12)]
    first, _ = desk(tmp_path)
    made = [summarize(first, document).summary for document in documents]
    chance = random.Random(11)
    for file in sorted(tmp_path.rglob("*.json")):
        match chance.randrange(3):
            case 0:
                file.unlink()
            case 1:
                content = bytearray(file.read_bytes())
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
                file.write_bytes(content)
    again, engine = desk(tmp_path)
    assert [summarize(again, document).summary for document in documents] == made
    assert engine.texts


def test_a_store_that_cannot_be_used_costs_no_document(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    without, engine = desk(tmp_path / "file")
    assert not summarize(without, Document(text=TEXT)).reused
    assert engine.texts
