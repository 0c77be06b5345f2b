from __future__ import annotations

import json
from pathlib import Path

import pytest

from streaming.messages import DeadLetter, Document, Failure, Source, schemas

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"


@pytest.mark.parametrize("name", schemas())
def test_a_schema_in_docs_is_that_of_the_code(name: str) -> None:
    hint = "run `python -m streaming.messages docs/schemas`"
    assert (FOLDER / name).read_text(encoding="utf-8") == schemas()[name], hint


def test_docs_hold_no_schema_of_a_message_that_is_gone() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(schemas())


def test_a_documents_schema_asks_for_its_text_alone() -> None:
    schema = json.loads(schemas()["document.json"])
    assert schema["required"] == ["text"]
    assert set(schema["properties"]) == set(Document.model_fields)


def test_a_summarys_schema_names_the_copy_signal_as_json_does() -> None:
    schema = json.loads(schemas()["summary.json"])
    assert "copy" in schema["$defs"]["Signals"]["properties"]
    assert schema["properties"]["schema_version"]["const"] == 1


def test_a_dead_letters_schema_has_text_where_its_json_has_base64() -> None:
    properties = json.loads(schemas()["dead-letter.json"])["properties"]
    assert properties["value"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    source = Source(topic="t", partition=0, offset=0, timestamp=0)
    letter = DeadLetter(key=b"", value=b"", error=Failure(stage="decode", type="a", message="b"), source=source)
    assert set(json.loads(letter.model_dump_json())) == set(properties)
