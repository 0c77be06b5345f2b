"""`summarize_frame`: the same `mapInPandas` over any DataFrame, without Kafka; a streaming one may be written anywhere.

Writes the columns of the contract, and `error`: where `error` is not null, the row could not be summarized, and
`summary` is null. A row followed through it:

    in   id="a"  text="Once upon ..."
    out  id="a"  summary="A king ..."  status="ok"  model={...}  recipe="..."  ...  source=null  error=null

Item: one row with an `id` and a `text`; `title`, `language`, `prompt` and `metadata` are used when they are there.
Unit of parallelism: a partition of the DataFrame; all tasks of an executor share its engine.
Guarantee: one row out for each row in. Nothing is kept: a task that runs again summarizes its rows again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa
from pydantic import ValidationError
from pyspark.sql import DataFrame
from pyspark.sql.functions import col
from pyspark.sql.pandas.types import from_arrow_schema

from streaming.archive import SUMMARY, columns
from streaming.engine import open_model
from streaming.errors import BadInput, DocumentError, UsageError
from streaming.messages import Document, Failure, Summary
from streaming.pipeline.desk import Desk
from streaming.pipeline.document_text import with_text_read
from streaming.pipeline.in_flight import in_flight
from streaming.planning.engine_choice import choose
from streaming.planning.layout import plan_layout
from streaming.planning.work import Work, check_prompt, plan_work
from streaming.settings import load
from streaming.spark.answers import answer_columns

_REQUIRED = ("id", "text")
# An id may be a number as well.
_TYPES = dict.fromkeys(("text", "title", "language", "prompt"), "string") | {"metadata": "map<string,string>"}
_ERROR = pa.field("error", pa.struct(columns(Failure)))


def summarize_frame(documents: DataFrame, **settings: Any) -> DataFrame:
    """Return a DataFrame with a summary for each row of `documents`, by the settings, which `settings` override.

    It runs in the DataFrame's own Spark session, a task for each of its partitions. The tasks of an executor share one
    engine, which has `executor_cores` threads, or as many as the master names, and lives as long as the executor. With
    `engine="in-process"` there are as many tasks as `executors` says (1 on one machine), each with a model of its own;
    then set `spark.task.cpus` to the cores of an executor, so that no two share one. Like every DataFrame it is
    computed again by every action, so write it somewhere before you use it twice. Raises `UsageError` for a column that
    is missing or of another type and for a wrong setting, `ModelError`, and `MachineError` for too little memory.
    """
    if missing := [name for name in _REQUIRED if name not in documents.columns]:
        raise UsageError(f"The DataFrame has no column '{missing[0]}'; it needs 'id' and 'text'.")
    for name, expected in _TYPES.items():
        if name in documents.columns and (actual := documents.schema[name].dataType.simpleString()) != expected:
            raise UsageError(f"The column '{name}' is of type {actual}, and must be {expected}.")
    session = documents.sparkSession
    all_settings = load({"master": session.conf.get("spark.master"), **settings})
    layout = plan_layout(all_settings)
    check_prompt(all_settings)
    model = open_model(all_settings.model, completion=all_settings.completion)
    choice = choose(all_settings, model, cores=layout.cores)
    work = plan_work(all_settings, choice, here=layout.local, command="summarize_frame")
    columns_used = [name for name in Document.model_fields if name in documents.columns]
    # Cast here: pandas would turn whole numbers beside a null into floats.
    rows = documents.select(*columns_used).withColumn("id", col("id").cast("string"))
    if all_settings.engine == "in-process":
        # One task an executor, so one model, and no task idles while another has documents left.
        rows = rows.coalesce(layout.executors)
    return rows.mapInPandas(_summarize(work), from_arrow_schema(_schema(work)))


def _schema(work: Work) -> pa.Schema:
    return pa.schema([*SUMMARY, *(answer.field for answer in answer_columns(work)), _ERROR])


def _summarize(work: Work) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    def task(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        desk, names, answers = Desk(work), _schema(work).names, answer_columns(work)
        rows = (row for frame in frames for row in frame.to_dict("records"))
        for outcomes in in_flight(rows, partial(_row, desk), most=work.in_flight):
            # As objects, so that a missing value is None; pandas would make it NaN, which is no map and no text.
            rows_out = [row | {answer.name: answer.value(row) for answer in answers} for row in outcomes]
            cells = [[row.get(name) for name in names] for row in rows_out]
            yield pd.DataFrame(cells, columns=names, dtype=object)

    return task


async def _row(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    try:
        document, mended = with_text_read(_document(row))
    except BadInput as error:
        return _failed(row, "decode", error)
    outcome = await desk.attempt(document)
    if not isinstance(outcome, Summary):
        return _failed(row, "summarize", outcome)
    return outcome.model_copy(update={"mended": mended}).model_dump(by_alias=True)


def _failed(row: dict[str, Any], stage: str, error: DocumentError) -> dict[str, Any]:
    failure = Failure.model_validate({"stage": stage, "type": error.type, "message": str(error)})
    return {"id": row["id"], "error": failure.model_dump()}


def _document(row: dict[str, Any]) -> Document:
    # A missing value is None in one column of a pandas frame and NaN in the next.
    values = {name: value for name, value in row.items() if isinstance(value, str | int | dict) or not pd.isna(value)}
    if not values.get("id"):
        raise BadInput("its id is null or empty", type="NoId")
    try:
        document = Document.model_validate(values)
    except ValidationError as error:
        fields = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors()}))
        raise BadInput(f"these columns are null or of a wrong type: {fields}", type="InvalidDocument") from error
    return document
