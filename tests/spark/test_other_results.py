"""A start says which other queries write the same results, and which results it no longer writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from streaming.engine import ModelFile
from streaming.kafka.group_offsets import GroupOffsets
from streaming.messages import Heartbeat, Writer
from streaming.settings import Settings
from streaming.spark.heartbeats import heartbeats_of
from streaming.spark.prepare import Plan, prepare
from streaming.spark.query import hold_checkpoint
from streaming.spark.watch import StopRequest


def begin(
    settings: Settings,
    model: ModelFile,
    *,
    batch: bool = False,
    note: Callable[[Heartbeat], str] = Heartbeat.to_text,
) -> Plan:
    """Plan a query and let it begin; with `batch` it commits a micro-batch, with a `note` of its heartbeat."""
    plan = prepare(settings, model)
    with hold_checkpoint(plan) as checkpoint_id:
        if batch:
            beats = heartbeats_of(plan, checkpoint_id, stop=StopRequest())
            with closing(GroupOffsets(settings)) as group:
                group.commit({(settings.input_topic, 0): 7}, note(beats.current))
    return plan


def changed(settings: Settings, **changes: object) -> Settings:
    return settings.model_copy(update=changes)


def test_a_second_query_on_the_same_output_topic_is_said_with_its_name(settings: Settings, model: ModelFile) -> None:
    assert begin(settings, model).warnings == ()
    second = changed(settings, query=f"{settings.query}-again")
    [warning] = begin(second, model).warnings
    assert warning == (
        f"Query '{settings.query}' of this data dir writes summaries of {settings.input_topic} to topic "
        f"{settings.output_topic}, too, so a document will have a result of each; give this query a --output-topic of "
        f"its own, or go on with --query {settings.query}."
    )
    # Each says it of the other, also once both have committed.
    [warning] = begin(settings, model, batch=True).warnings
    assert f"--query {second.query}" in warning
    assert len(begin(second, model, batch=True).warnings) == 1


def test_a_query_with_documents_or_results_of_its_own_is_no_second_one(settings: Settings, model: ModelFile) -> None:
    begin(settings, model, batch=True)
    own_topic = changed(settings, query=f"{settings.query}-b", output_topic=f"{settings.output_topic}-b")
    assert begin(own_topic, model).warnings == ()
    own_documents = changed(settings, query=f"{settings.query}-c", input_topic=f"{settings.input_topic}-c")
    assert begin(own_documents, model).warnings == ()


def note_of_version_0_1(beat: Heartbeat) -> str:
    """Return what gistream noted before it had heartbeats."""
    return json.dumps({"checkpoint": beat.checkpoint, "outputs": list(beat.outputs)})


@pytest.mark.parametrize("note", [Heartbeat.to_text, note_of_version_0_1])
@pytest.mark.parametrize("name", ["another", None])
def test_a_query_of_another_data_dir_is_said_once_it_has_committed_a_batch(
    settings: Settings, model: ModelFile, name: str | None, note: Callable[[Heartbeat], str], tmp_path: Path
) -> None:
    # All data dirs begin with the same name of a query, so names do not tell them apart.
    theirs = changed(settings, data_dir=tmp_path, query=f"{settings.query}-{name}" if name else settings.query)
    begin(theirs, model, batch=True, note=note)
    [warning] = begin(settings, model, batch=name is None).warnings
    assert warning.startswith(f"Query '{theirs.query}' with another checkpoint (of another data dir, or one that was ")
    if name is None:
        # Whoever commits last is seen: a name has one group.
        assert len(begin(theirs, model).warnings) == 1


def test_a_query_that_goes_on_as_before_says_nothing(settings: Settings, model: ModelFile) -> None:
    same = f"{settings.data_dir}/checkpoints/../checkpoints/{settings.query}"
    for checkpoint in (None, None, same):
        assert begin(changed(settings, checkpoint=checkpoint), model, batch=True).warnings == ()


def test_results_that_are_left_out_are_said_once(settings: Settings, model: ModelFile, tmp_path: Path) -> None:
    archive = f"parquet={tmp_path / 'archive'}"
    assert begin(changed(settings, sink=("kafka", archive)), model).warnings == ()
    [warning] = begin(settings, model).warnings
    assert warning == (
        f"The last start of query '{settings.query}' also wrote to {archive}, which gets no more results from now on; "
        f"to go on with it, stop and start with --sink {archive} as well."
    )
    assert begin(settings, model).warnings == ()
    [warning] = begin(changed(settings, sink=(archive,)), model).warnings
    assert f"with --sink kafka --output-topic {settings.output_topic} as well" in warning


def test_a_path_is_told_to_nobody_else(settings: Settings, model: ModelFile, tmp_path: Path) -> None:
    plan = prepare(changed(settings, sink=("kafka", f"parquet={tmp_path / 'ours'}")), model)
    text = heartbeats_of(plan, "ab", stop=StopRequest()).current.to_text()
    assert "ours" not in text
    assert Writer.from_text(text) == Writer(checkpoint="ab", outputs=(f"topic {settings.output_topic}",))
    for foreign in ("", "{", "[]", "null", '{"checkpoint": 1}', "metadata of a stranger"):
        assert Writer.from_text(foreign) is None
