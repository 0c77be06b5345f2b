"""Fixtures of the suite."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from installation import SummarizeAll
from pages import ROOT, STORY
from remembering_engine import RememberingEngine

from streaming.engine import open_model
from streaming.kafka.topics import Admin
from streaming.planning.engine_choice import choose
from streaming.planning.work import plan_work
from streaming.settings import Settings, load
from streaming.summarizer import Recipe, Summarizer, SummaryRequest, SummaryResult


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where an engine of `hazards` says what it does."""
    path = tmp_path / "log"
    path.touch()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reader's folder: the examples, some notes, and a book in the dress of Project Gutenberg."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    chapters = "".join(f"CHAPTER {n}\n\n{STORY}\n" for n in ("I", "II", "III"))
    (tmp_path / "my-book.txt").write_text(
        f"Title: The Mill\n\n*** START OF THE PROJECT GUTENBERG EBOOK THE MILL ***\n\n{chapters}\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK THE MILL ***\n"
    )
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mill.txt").write_text(STORY)
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": STORY, "references": ["Anna saw the mill burn down."]}))
    return tmp_path


@pytest.fixture(scope="module")
def summarize_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SummarizeAll]:
    """Summarize texts side by side, with the real model and nearly the default settings: BF16 and shorter, for time."""
    folder = tmp_path_factory.mktemp("models")
    settings = load(
        {"engine": "in-process", "slots": 16, "representation": "BF16", "data_dir": folder, "max_tokens": 64}
    )
    model = open_model("sample")
    work = plan_work(settings, choose(settings, model, cores=2), here=True)
    engine = RememberingEngine(work.engine.load())

    async def every(texts: Sequence[str], prompt: str, recipe: Recipe) -> list[SummaryResult]:
        summarizer, profile = Summarizer(engine, recipe), work.profiles[prompt]
        return await asyncio.gather(*(summarizer.summarize(SummaryRequest(text, profile)) for text in texts))

    yield lambda texts, prompt="default", **other: asyncio.run(every(texts, prompt, replace(work.recipe, **other)))
    engine.close()


@pytest.fixture
def topics(settings: Settings) -> Settings:
    """Settings whose topics exist."""
    with Admin(settings) as admin:
        admin.ensure()
    return settings
