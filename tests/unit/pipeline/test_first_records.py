"""A task of the first micro-batch gives out no dead letter before it knows that its records are read rightly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fake_engine import FakeEngine, FakeRecipe
from model_files import MODEL

from streaming.errors import UsageError
from streaming.pipeline.decode import RecordFormat
from streaming.pipeline.results import Topics
from streaming.pipeline.task import TaskPlan, summarize
from streaming.planning.engine_choice import foresee
from streaming.planning.work import plan_work
from streaming.settings import load

PLAIN = b"The mill burned on Tuesday. Anna saw the smoke first and rang the bell."
OTHER_FIELD = json.dumps({"body": PLAIN.decode(), "no": 5}).encode()
LIMIT = 2**20


def topics_of(values: Sequence[bytes], folder: Path, *, unproven: bool = True) -> list[str]:
    """Return the topics of the results of `values`."""
    settings = load({"engine": "in-process", "store": str(folder), "chunk_tokens": 120})
    recipe = FakeRecipe(FakeEngine(lambda text: text.split(". ")[0] + ".", slots=2))
    work = replace(plan_work(settings, foresee(settings, MODEL, cores=1), here=False), engine=recipe)
    task_plan = TaskPlan(work, RecordFormat(), Topics("out", LIMIT, "dead", LIMIT), max_failed_share=0.2)
    columns = ["key", "value", "headers", "topic", "partition", "offset", "timestamp"]
    rows = [(b"%d" % n, value, None, "in", 0, n, 1_700_000_000_000) for n, value in enumerate(values)]
    frames = summarize(task_plan, lambda: unproven)(iter([pd.DataFrame(rows, columns=columns)]))
    return [topic for frame in frames for topic in frame["topic"]]


@pytest.mark.parametrize("place", [0, 3, 6])
def test_one_plain_text_among_records_with_another_field_lets_no_query_go_on(place: int, tmp_path: Path) -> None:
    values = [OTHER_FIELD] * 6
    values.insert(place, PLAIN)
    with pytest.raises(
        UsageError, match=r"Only 1 of the first 7 records can be read; most often NoText: .*it has body"
    ):
        topics_of(values, tmp_path)


def test_one_record_with_another_field_among_plain_texts_is_a_dead_letter(tmp_path: Path) -> None:
    assert sorted(topics_of([PLAIN] * 6 + [OTHER_FIELD], tmp_path)) == ["dead"] + ["out"] * 6


def test_a_later_batch_may_be_of_nothing_but_dead_letters(tmp_path: Path) -> None:
    assert topics_of([OTHER_FIELD] * 6, tmp_path, unproven=False) == ["dead"] * 6
