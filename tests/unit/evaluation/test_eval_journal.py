"""An interrupted evaluation is resumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from model_files import MODEL

from evaluation.stories import Story
from evaluation.summaries import SystemSummaries, read_summaries, summarize_stories, write_summary
from streaming.errors import EngineError, MachineError
from streaming.pipeline.desk import unload
from streaming.planning.engine_choice import foresee
from streaming.planning.work import Work, plan_work
from streaming.protocol import Engine
from streaming.settings import load
from streaming.terminal.journal import Journal

STORIES = [Story(str(n), f"Story {n} tells of a bridge that fell.", ("A bridge fell.",)) for n in range(6)]


@dataclass(frozen=True)
class Scripted:
    """Loads the engine that a test made."""

    engine: FakeEngine = field(hash=False, compare=False)

    def load(self, on_progress: object = None) -> Engine:
        return self.engine


@pytest.fixture(autouse=True)
def _no_engine_is_kept() -> Iterator[None]:
    yield
    unload()


def work(engine: FakeEngine) -> Work:
    unload()
    settings = load({"engine": "in-process"})
    planned = plan_work(settings, foresee(settings, MODEL, cores=1), here=False)
    return replace(planned, engine=Scripted(engine), in_flight=1)


def run(engine: FakeEngine, journal: Journal) -> tuple[SystemSummaries, list[int]]:
    resumed: list[int] = []
    summaries = summarize_stories(
        work(engine), STORIES, journal, on_progress=lambda share: None, on_resume=resumed.append, on_story=lambda: None
    )
    return summaries, resumed


def test_what_was_made_before_is_not_made_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "recipe")
    dies = FakeEngine(lambda text: EngineError("It broke.") if "Story 3" in text else "A bridge fell.")
    with pytest.raises(EngineError):
        run(dies, journal)
    mended = FakeEngine("A bridge fell.")
    summaries, resumed = run(mended, journal)
    assert resumed == [3]
    assert [text[:7] for text in mended.texts] == ["Story 3", "Story 4", "Story 5"]
    assert list(summaries.by_story) == [story.id for story in STORIES]
    assert all(timed.seconds > 0 for timed in summaries.by_story.values())


def test_a_summary_that_was_being_written_at_a_kill_is_made_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "recipe")
    run(FakeEngine("A bridge fell."), journal)
    [path] = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-40])
    engine = FakeEngine("A bridge fell.")
    summaries, resumed = run(engine, journal)
    assert resumed == [5]
    assert len(engine.texts) == 1
    assert len(summaries.by_story) == len(read_summaries(journal)) == 6


def test_another_recipe_has_another_journal(tmp_path: Path) -> None:
    run(FakeEngine("A bridge fell."), Journal(tmp_path, "recipe"))
    assert run(FakeEngine("A bridge fell."), Journal(tmp_path, "other"))[1] == [0]


def test_a_complete_evaluation_begins_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "recipe")
    run(FakeEngine("A bridge fell."), journal)
    journal.remove()
    assert run(FakeEngine("A bridge fell."), journal)[1] == [0]


def test_a_text_that_has_no_summary_is_named_and_tried_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "recipe")
    stories = [Story("long", "word " * 10, ("x",))]
    engine = FakeEngine(lambda text: KeyError("a bug"))
    summaries = summarize_stories(
        work(engine), stories, journal, on_progress=lambda share: None, on_resume=lambda n: None, on_story=lambda: None
    )
    assert summaries.failed == {"long": "Unexpected: an unexpected KeyError"}
    assert summaries.by_story == {}
    assert read_summaries(journal) == {}


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "recipe")
    run(FakeEngine("A bridge fell."), journal)
    [path] = tmp_path.iterdir()
    path.unlink()
    path.symlink_to("/dev/full")
    with pytest.raises(MachineError, match="journal of this command cannot be written"), journal.open() as file:
        write_summary(file, run(FakeEngine("A bridge fell."), Journal(tmp_path, "other"))[0].by_story["0"])
