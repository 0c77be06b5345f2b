"""`summarize_frame` over DataFrames of a user's own, with the real model."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from pages import ROOT
from pyspark.sql import SparkSession

from streaming import summarize_frame
from streaming.errors import ModelError, UsageError
from streaming.messages import Summary

CHAPTER = "CHAPTER {n}. The mill burned on day {n}. Anna saw the smoke and rang the bell. By evening the roof was gone."
MOOD = """
system = "Say in JSON whether this is good or bad."
output = "json"
[schema]
type = "object"
required = ["mood"]
properties.mood.enum = ["good", "bad"]
"""
# Shorter than the defaults, for time.
SHORT = {"max_tokens": 16, "executor_cores": 2}


def test_twelve_chapters_give_the_fields_of_the_contract(spark: SparkSession) -> None:
    rows = [(n, CHAPTER.format(n=n), {"part": "one"}) for n in range(1, 13)]
    chapters = spark.createDataFrame(rows, "id int, text string, metadata map<string, string>").repartition(3)
    results = [row.asDict(recursive=True) for row in summarize_frame(chapters, **SHORT).collect()]
    assert sorted(int(row["id"]) for row in results) == list(range(1, 13))
    for row in results:
        assert row.pop("error") is None
        assert set(row) == {field.alias or name for name, field in Summary.model_fields.items()} - {"answer"}
        summary = Summary.model_validate(row)
        assert summary.summary
        assert summary.metadata == {"part": "one"}
    assert len({row["recipe"] for row in results}) == 1


def test_an_answer_in_json_is_a_struct_and_is_one_after_parquet(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "mood.toml").write_text(MOOD)
    rows = [("a", "mood", CHAPTER.format(n=1)), ("b", "default", CHAPTER.format(n=2))]
    documents = spark.createDataFrame(rows, "id string, prompt string, text string")
    summarize_frame(documents, **SHORT, prompts_dir=str(tmp_path)).write.parquet(str(tmp_path / "out"))
    summaries = spark.read.parquet(str(tmp_path / "out")).orderBy("id")
    [answered, told] = summaries.select("answer_mood", "answer_mood.mood", "error").collect()
    assert (answered.error, told.error, told.answer_mood) == (None, None, None)
    assert answered.mood == answered.answer_mood["mood"] in ("good", "bad")


def test_a_row_that_cannot_be_summarized_says_why(spark: SparkSession) -> None:
    rows = [("a", "The mill burned."), (None, "No id."), ("c", None), ("d", "  "), ("e", "VGhlIG1pbGwgYnVybmVkLg==")]
    summaries = summarize_frame(spark.createDataFrame(rows, "id string, text string"), **SHORT).collect()
    assert {row.id: row.error and row.error.type for row in summaries} == {
        "a": None, None: "NoId", "c": "InvalidDocument", "d": "EmptyText", "e": "Encoded",
    }  # fmt: skip
    assert [row.id for row in summaries if row.summary] == ["a"]


def test_what_is_wrong_is_said_before_any_job_starts(spark: SparkSession) -> None:
    with pytest.raises(UsageError, match="has no column 'text'"):
        summarize_frame(spark.createDataFrame([("a",)], "id string"))
    with pytest.raises(UsageError, match="'title' is of type array<string>, and must be string"):
        summarize_frame(spark.createDataFrame([("a", "x", ["t"])], "id string, text string, title array<string>"))
    good = spark.createDataFrame([("a", "A text.")], "id string, text string")
    with pytest.raises(ModelError, match="There is no model file"):
        summarize_frame(good, model="/nowhere.gguf")
    with pytest.raises(UsageError, match="there is no setting 'modle'"):
        summarize_frame(good, modle="x")


def test_a_stream_summarizes_each_file_of_a_folder_once(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SHORT.items():
        monkeypatch.setenv(f"GISTREAM_{name.upper()}", str(value))
    spec = importlib.util.spec_from_file_location("stream_job", ROOT / "examples" / "stream_job.py")
    assert spec is not None
    assert spec.loader is not None
    stream_job = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stream_job)
    notes, summaries = tmp_path / "notes", tmp_path / "summaries"
    notes.mkdir()
    (notes / "table.csv").write_text("a,b")
    for names in (["a.txt", "empty.txt"], ["b.txt"], []):
        for name in names:
            (notes / name).write_text(" " if name == "empty.txt" else CHAPTER.format(n=name))
        stream_job.start(spark, str(notes), str(summaries)).awaitTermination()
    rows = spark.read.parquet(str(summaries)).select("id", "summary", "error.type").collect()
    assert {row.id: row.type for row in rows} == {"a.txt": None, "b.txt": None, "empty.txt": "EmptyText"}
    assert len(rows) == 3
    assert all(row.summary for row in rows if row.type is None)
