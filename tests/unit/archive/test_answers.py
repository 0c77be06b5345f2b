"""Answers in JSON are typed columns, a column for each profile, that every reader reads in a mixed archive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from archives import DAY, offsets, summary
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate

from streaming.archive import SUMMARY, AnswerColumn, Archive, ArchiveLocation, compact
from streaming.archive.answers import typed
from streaming.errors import UsageError
from streaming.messages import PromptInfo, Summary

TASK = {"type": "object", "properties": {"who": {"type": "string"}, "hours": {"type": "integer"}}}
TASKS = {"type": "object", "properties": {"tasks": {"type": "array", "items": TASK}}}
MOOD = {"type": "object", "properties": {"mood": {"enum": ["good", "bad", None]}, "sure": {"type": "number"}}}
COLUMNS = [AnswerColumn("mood", "m1", MOOD), AnswerColumn("tasks", "t1", TASKS)]
ANNA = {"tasks": [{"who": "Anna", "hours": 3}, {"who": "Ben"}]}
GOOD = {"mood": "good", "sure": 1}


def answered(offset: int, profile: str, sha256: str, answer: Any) -> Summary:
    plain = summary(offset, text=json.dumps(answer, ensure_ascii=False), at=DAY)
    return plain.model_copy(update={"prompt": PromptInfo(name=profile, sha256=sha256), "answer": answer})


def mixed(folder: Path) -> None:
    """Write answers of two profiles and a text into two files."""
    archive = Archive(ArchiveLocation(str(folder)), COLUMNS)
    archive.write([answered(0, "tasks", "t1", ANNA), summary(1)], name="q-0")
    archive.write([answered(2, "mood", "m1", GOOD)], name="q-1")


def test_every_reader_reads_answers_of_several_profiles_as_structs(tmp_path: Path) -> None:
    mixed(tmp_path)
    assert offsets(tmp_path) == [0, 1, 2]
    where = tmp_path / "summaries"
    frame = pd.read_parquet(where).sort_values("id")
    assert [row["who"] for row in frame["answer_tasks"][0]["tasks"]] == ["Anna", "Ben"]
    rows = ds.dataset(where, partitioning="hive").to_table().sort_by("id").to_pylist()
    assert [row["answer_tasks"] for row in rows] == [
        {"tasks": [{"who": "Anna", "hours": 3}, {"who": "Ben", "hours": None}]},
        None,
        None,
    ]
    assert [row["answer_mood"] for row in rows] == [None, None, {"mood": "good", "sure": 1.0}]
    query = f"select answer_tasks.tasks[1].who, answer_mood.mood from '{where}/*/*.parquet' order by id"
    assert duckdb.sql(query).fetchall() == [("Anna", None), (None, None), (None, "good")]


def test_compacting_keeps_the_answers_and_merges_the_columns_of_several_queries(tmp_path: Path) -> None:
    mixed(tmp_path)
    Archive(ArchiveLocation(str(tmp_path))).write([summary(3)], name="r-0")
    wider = {"type": "object", "properties": {**TASKS["properties"], "until": {"type": "string"}}}
    later = Archive(ArchiveLocation(str(tmp_path)), [AnswerColumn("tasks", "t2", wider)])
    later.write([answered(4, "tasks", "t2", {"tasks": [], "until": "Friday"})], name="s-0")
    compact(ArchiveLocation(str(tmp_path)), lambda _: None)
    rows = pq.read_table(tmp_path / "summaries").sort_by("id").to_pylist()
    assert [row["answer_tasks"] and row["answer_tasks"]["until"] for row in rows] == [None, None, None, None, "Friday"]
    assert rows[0]["answer_tasks"]["tasks"][0]["who"] == "Anna"
    assert rows[2]["answer_mood"] == {"mood": "good", "sure": 1.0}


def test_compacting_refuses_a_profile_that_changed_a_type_and_leaves_the_day_as_it_was(tmp_path: Path) -> None:
    mixed(tmp_path)
    changed = AnswerColumn("mood", "m2", {"type": "object", "properties": {"mood": {"type": "integer"}}})
    Archive(ArchiveLocation(str(tmp_path)), [changed]).write([answered(3, "mood", "m2", {"mood": 5})], name="r-0")
    with pytest.raises(UsageError, match="needs a new name"):
        compact(ArchiveLocation(str(tmp_path)), lambda _: None)
    assert len(list(tmp_path.glob("summaries/*/*.parquet"))) == 3


def test_an_answer_of_another_version_of_the_profile_stays_as_text(tmp_path: Path) -> None:
    archive = Archive(ArchiveLocation(str(tmp_path)), COLUMNS)
    archive.write([answered(0, "mood", "older", {"mood": 5})], name="q-0")
    [row] = pq.read_table(tmp_path / "summaries").to_pylist()
    assert (row["answer_mood"], json.loads(row["summary"])) == (None, {"mood": 5})


def test_without_such_profiles_the_columns_are_those_of_the_contract(tmp_path: Path) -> None:
    Archive(ArchiveLocation(str(tmp_path))).write([answered(0, "tasks", "t1", ANNA)], name="q-0")
    [file] = tmp_path.glob("summaries/*/*.parquet")
    assert pq.read_schema(file).equals(SUMMARY)


@pytest.mark.parametrize(
    ("schema", "column", "value", "cell"),
    [
        ({"type": "string"}, pa.string(), "a", "a"),
        ({"type": ["string", "null"]}, pa.string(), None, None),
        ({"enum": ["a", "b", None]}, pa.string(), "b", "b"),
        ({"const": 3}, pa.int64(), 3, 3),
        ({"type": "integer"}, pa.int64(), 3.0, 3),
        ({"type": "integer"}, pa.int64(), 2**80, None),
        ({"type": ["integer", "number"]}, pa.float64(), 3, 3.0),
        ({"type": "number"}, pa.float64(), 10**400, None),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, pa.bool_(), True, True),
        ({"type": "array", "items": {"type": "string"}}, pa.list_(pa.string()), ["a"], ["a"]),
        ({"properties": {"a": {}}}, pa.struct([("a", pa.string())]), {"a": [1]}, {"a": "[1]"}),
        ({"type": ["string", "integer"]}, pa.string(), "a", '"a"'),
        ({"type": "object"}, pa.string(), {"a": 1}, '{"a": 1}'),
        ({"type": "object", "properties": {"a": True, "A": True}}, pa.string(), {"a": 1}, '{"a": 1}'),
        ({"type": "array"}, pa.string(), [1], "[1]"),
        (True, pa.string(), "ä", '"ä"'),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "integer"}}}, pa.int64(), 3, 3),
        ({"$ref": "#/nowhere"}, pa.string(), 3, "3"),
    ],
)
def test_a_column_has_the_type_of_the_schema_or_is_json_as_text(
    schema: Any, column: pa.DataType, value: Any, cell: Any
) -> None:
    assert typed(schema).type == column
    assert typed(schema).convert(value) == cell


def test_a_schema_that_refers_to_itself_is_text_where_it_does() -> None:
    node = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "left": {"$ref": "#"}, "right": {"$ref": "#/"}},
    }
    tree = {"$defs": {"node": {**node, "properties": {**node["properties"], "left": {"$ref": "#/$defs/node"}}}}}
    column = typed({**tree, "$ref": "#/$defs/node"}).type
    assert column.field("name").type == pa.string()
    assert column.field("left").type == column.field("right").type == pa.string()


LEAVES = st.sampled_from([{"type": name} for name in ("string", "integer", "number", "boolean")])
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(
            lambda fields: {"type": "object", "properties": fields, "additionalProperties": False},
            st.dictionaries(st.sampled_from("abcd"), inner, min_size=1, max_size=3),
        )
    ),
    max_leaves=6,
)


@given(SCHEMAS, st.data())
def test_any_value_of_a_schema_goes_into_its_column_and_comes_back(schema: dict[str, Any], data: st.DataObject) -> None:
    value = data.draw(values(schema))
    validate(value, schema)
    column = typed(schema)
    [back] = pa.array([column.convert(value)], column.type).to_pylist()
    assert without_nulls(back) == value


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema["type"]:
        case "array":
            return st.lists(values(schema["items"]), max_size=3)
        case "object":
            return st.fixed_dictionaries(
                {}, optional={name: values(kind) for name, kind in schema["properties"].items()}
            )
        case "string":
            return st.text(st.characters(codec="utf-8"), max_size=5)
        case "integer":
            return st.integers(-(2**63), 2**63 - 1)
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False)
    return st.booleans()


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value
