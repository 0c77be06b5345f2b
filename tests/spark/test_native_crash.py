"""Spark, a broker and the real model in its own process, and a document on which llama.cpp crashes."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from installation import Send, document, read_topic
from native_hooks import CRASHES, TrappedRecipe
from pyspark.sql import SparkSession
from spark_queries import MakePlan

from streaming.engine import LlamaRecipe, open_model
from streaming.engine.process.recipe import ProcessRecipe
from streaming.messages import DeadLetter, Summary
from streaming.spark.pace import pace_of
from streaming.spark.prepare import Plan
from streaming.spark.query import hold_checkpoint, running
from streaming.spark.watch import Batch, StopRequest, watch

DOCUMENTS = 32
STORY = "The mill burned on Tuesday. Anna saw the smoke and rang the bell."


def with_trapped_engine(plan: Plan, log: Path) -> Plan:
    inner = LlamaRecipe(open_model("sample"), slots=4, lanes=2, context=1024, threads=2)
    recipe = ProcessRecipe(TrappedRecipe(inner, str(log)), stall=60, memory=None)
    work = plan.task_plan.work
    work = replace(work, engine=recipe, recipe=replace(work.recipe, max_tokens=16, chunk_tokens=400))
    return replace(plan, task_plan=replace(plan.task_plan, work=work))


def test_a_native_crash_costs_one_document_and_no_task(
    spark: SparkSession, plan: MakePlan, send: Send, log: Path
) -> None:
    ready = with_trapped_engine(plan(batch_documents=DOCUMENTS), log)
    texts = [f"{STORY} It was number {number}." for number in range(DOCUMENTS)]
    texts[20] += f" She played the {CRASHES}."
    send(*[(f"d{number}".encode(), document(text)) for number, text in enumerate(texts)])
    batches: list[Batch] = []
    with ExitStack() as stack:
        checkpoint_id = stack.enter_context(hold_checkpoint(ready))
        query = stack.enter_context(running(spark, ready, pace_of(ready), checkpoint_id=checkpoint_id, once=True))
        watch(query, stop=StopRequest(), grace=0, on_batch=batches.append)
        tracker = spark.sparkContext.statusTracker()
        jobs = [tracker.getJobInfo(number) for number in tracker.getJobIdsForGroup(str(query.runId))]
        stages = [tracker.getStageInfo(number) for job in jobs if job is not None for number in job.stageIds]
    summaries = [Summary.model_validate_json(r.value) for r in read_topic(ready.settings, ready.settings.output_topic)]
    letters = [
        DeadLetter.from_record(r.key, r.value, r.headers)
        for r in read_topic(ready.settings, ready.settings.dead_letter_topic)
    ]
    assert {summary.id for summary in summaries} == {f"d{n}" for n in range(DOCUMENTS)} - {"d20"}
    assert len(summaries) == DOCUMENTS - 1
    assert [(letter.key, letter.error.type) for letter in letters] == [(b"d20", "EngineCrashed")]
    assert [(batch.records, batch.dead_letters) for batch in batches] == [(DOCUMENTS, 1)]
    assert stages
    assert not any(stage.numFailedTasks for stage in stages if stage is not None)
    # At first, after the crash, and after the one that showed whose it was.
    assert len(log.read_text().split()) == 3
