"""The text decides; what is only copied is mended, and the message says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from decoding import ONCE, decoded, read, refusal
from hypothesis import given
from hypothesis import strategies as st

NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "metadata": {"kernelspec": {"name": "python3"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# Mills\n", "\n", "The mill stopped."]},
            {"cell_type": "code", "source": "import mills\nmills.stop()", "outputs": [{"text": "stopped"}]},
            {"cell_type": "markdown", "source": "A beam cracked."},
            {"cell_type": "code", "source": "1 + 1", "outputs": []},
        ],
    }
)
MENDED: list[Any] = [
    pytest.param('{"text": "a \\ud83d"}', {"text": "a \ufffd"}, ["text: half a character"], id="half an emoji"),
    pytest.param('{"text": "a\\udc00b"}', {"text": "a\ufffdb"}, ["text: half a character"], id="its other half"),
    pytest.param('{"text": "a", "title": "\\ud83d"}', {"title": "\ufffd"}, ["title: half a character"], id="a title"),
    pytest.param('{"text": "a", "id": "\\ud83d"}', {"id": "\ufffd"}, ["id: half a character"], id="in the id"),
    pytest.param('{"text": "a\nb"}', {"text": "a\nb"}, ["value: a fault of its JSON"], id="a raw line break"),
    pytest.param('{"text": "a\x00b"}', {"text": "a\x00b"}, ["value: a fault of its JSON"], id="a raw NUL"),
    pytest.param('{"text": "a"}\0', {"text": "a"}, ["value: a fault of its JSON"], id="a NUL at the end"),
    pytest.param('{"text": "a", "title": "C:\\data"}', {"title": "C:\\data"}, ["value: a fault of its JSON"],
                 id="a stray backslash"),
    pytest.param('{"text": "a", "id": NaN}', {"id": "a"}, ["id: left out, because it names no document"],
                 id="NaN as id"),
    pytest.param('{"text": "a", "id": false}', {"id": "a"}, ["id: left out, because it names no document"],
                 id="false as id"),
    pytest.param('{"text": "a", "id": {}}', {"id": "a"}, ["id: left out, because it names no document"],
                 id="an empty id"),
    pytest.param('{"text": "a", "id": "\ufeff7"}', {"id": "7"},
                 ["id: its fraction or its byte order mark was left out"],
                 id="a byte order mark in an id"),
    pytest.param('{"\ufeffid": "7", "text": "a"}', {"id": "7"}, ["value: a byte order mark in the name of a field"],
                 id="a byte order mark in a name"),
    pytest.param('{"text": "a", "tags": ["b",], }', {"text": "a"}, ["value: a fault of its JSON"],
                 id="commas too many"),
    pytest.param('{"text": "a", "x": ' + "[" * 5000 + "]" * 5000 + ', "title": "T"}', {"text": "a", "title": "T"},
                 ["value: what is nested deeper than 150 levels was left out"], id="lists nested 5,000 deep"),
    pytest.param('{"x": ' + '{"a": ' * 5000 + '"}"' + "}" * 5000 + ', "text": "a"}', {"text": "a"},
                 ["value: what is nested deeper than 150 levels was left out"], id="objects nested 5,000 deep"),
    pytest.param('{"payload": {"text": "b", "id": 7}}', {"text": "b", "id": "7"}, [], id="Kafka Connect, no schema"),
    pytest.param('{"text": "a", "id": 4711.0}', {"id": "4711"}, ["id: a number became text"], id="an id with a .0"),
    pytest.param('{"text": "a", "id": 1.5}', {"id": "1.5"}, ["id: a number became text"], id="an id with a fraction"),
    pytest.param('{"text": "a", "id": {"$oid": "x"}}', {"id": '{"$oid":"x"}'}, ["id: an object became text"], id="oid"),
    pytest.param('{"text": "a", "title": 5}', {"title": "5"}, ["title: a number became text"], id="a number as title"),
    pytest.param('{"text": "a", "title": ["b", 1]}', {"title": '["b",1]'}, ["title: a list became text"], id="a list"),
    pytest.param('{"text": "a", "language": 5}', {"language": None}, ["language: left out, because it is no text"],
                 id="a number as language"),
    pytest.param('{"text": "a", "metadata": {"n": 3, "b": true, "s": "x", "l": null}}',
                 {"metadata": {"n": "3", "b": "true", "s": "x"}},
                 ["metadata.n: a number became text", "metadata.b: a boolean became text"], id="metadata"),
    pytest.param('{"text": "a", "metadata": [1]}', {"metadata": {"metadata": "[1]"}},
                 ["metadata.metadata: a list became text"], id="metadata that is a list"),
    pytest.param('{"text": "a", "score": NaN, "n": 1e400}', {"text": "a"}, [], id="numbers that JSON does not know"),
    pytest.param('{"text": "a", "n": ' + "1" * 5000 + "}", {"text": "a"}, ["value: a fault of its JSON"],
                 id="a number of 5,000 digits"),
    pytest.param('"{\\"text\\": \\"b\\", \\"id\\": \\"d\\"}"', {"text": "b", "id": "d"},
                 ["value: JSON inside a JSON string"], id="JSON in a string"),
    pytest.param('[{"text": "b"}]', {"text": "b"}, ["value: a list of one object"], id="a list of one"),
    pytest.param('["b"]', {"text": "b"}, ["value: a list of one string", "value: a JSON string"],
                 id="a list of a text"),
    pytest.param('[[{"text": "b"}]]', {"text": "b"}, ["value: a list of one list", "value: a list of one object"],
                 id="a list in a list"),
    pytest.param('["{\\"text\\": \\"b\\"}"]', {"text": "b"},
                 ["value: a list of one string", "value: JSON inside a JSON string"], id="JSON in a string in a list"),
    *(
        pytest.param(f'{before}{{"text": "b"}}{after}', {"text": "b"}, ["value: characters around its JSON"], id=name)
        for name, before, after in (
            ("a guard", ")]}'\n", ""), ("a guard with a comma", ")]}',", "\n"), ("a loop", "while(1);", ""),
            ("an endless loop", "for (;;);", ""), ("a call", "callback(", ");"), ("a call of a page", "/**/a.b(", ")"),
            ("a space without width", "\u200b", ""), ("a mark within", "\u200b\ufeff", ""),
            ("a text sequence", "\x1e", "\n"),
        )
    ),
    pytest.param(NOTEBOOK, {"text": "# Mills\n\nThe mill stopped.\n\nA beam cracked.", "title": "Mills"},
                 ["text: a Jupyter notebook (2 cells of prose, without 2 others)"], id="a notebook"),
    pytest.param('{"schema": {"type": "struct"}, "payload": {"text": "b"}}', {"text": "b"}, [], id="Kafka Connect"),
    pytest.param('{"schema": null, "payload": "{\\"text\\": \\"b\\"}"}', {"text": "b"},
                 ["value: JSON inside a JSON string"], id="Kafka Connect, of a string"),
    pytest.param('"He said \\"no\\".\\nThen he left."', {"text": 'He said "no".\nThen he left.'},
                 ["value: a JSON string"], id="a text as a JSON string"),
    pytest.param('"{not} JSON"', {"text": "{not} JSON"}, ["value: a JSON string"], id="a text with a brace"),
]  # fmt: skip


@pytest.mark.parametrize("format", ["auto", "json"])
@pytest.mark.parametrize(("value", "fields", "mended"), MENDED)
def test_small_faults_are_mended_and_said(value: str, fields: dict[str, Any], mended: list[str], format: str) -> None:
    result = decoded(value, format=format)
    assert {name: getattr(result.document, name) for name in fields} == fields
    assert result.mended == mended


@pytest.mark.parametrize("frame", [b"", b"\0\0\0\0\x07", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("value", "fields", "mended"),
    [
        ('{"text": "a", "title": "Grüße"}', {"title": "Gr\ufffd\ufffde"}, ["title: bytes that are not UTF-8"]),
        ('{"text": "a", "id": "Müller"}', {"id": "M\\xfcller"}, ["id: bytes that are not UTF-8"]),
        ('{"text": "a", "Größe": 1}', {"text": "a"}, ["value: a fault of its JSON"]),
        ('{"text": "a", "metadata": {"ä": "ö"}}', {"metadata": {"\ufffd": "\ufffd"}},
         ["metadata.\ufffd: bytes that are not UTF-8"]),
    ],
)  # fmt: skip
def test_a_byte_that_is_not_utf_8_costs_a_document_only_in_its_text(
    value: str, fields: dict[str, Any], mended: list[str], frame: bytes
) -> None:
    result = decoded(frame + value.encode("latin-1"))
    assert {name: getattr(result.document, name) for name in fields} == fields
    assert result.mended == mended


@pytest.mark.parametrize(
    "value", ['{"text": "Grüße", "title": "ä"}', '"Grüße"', '{"title": "Grüße", "text": ', '[{"text": "ü"}]']
)
def test_a_text_that_is_not_utf_8_is_refused_with_the_place(value: str) -> None:
    error = refusal(value.encode("latin-1"))
    assert error.type == "NotUtf8"
    assert "byte" in str(error)


def test_a_notebook_without_prose_and_several_texts_are_refused_by_name() -> None:
    cell = {"cell_type": "code", "source": "1 + 1"}
    error = refusal({"nbformat": 4, "cells": [cell]})
    assert (error.type, str(error)) == ("NoText", "a Jupyter notebook without a cell of Markdown: it has code alone")
    error = refusal('["a", "b"]')
    assert (error.type, str(error)) == (
        "InvalidJson",
        "the value is JSON, but a list of 2 values; send a record for each document",
    )


def test_a_document_whose_fields_look_like_a_notebooks_is_a_document() -> None:
    assert read({"text": ONCE, "nbformat": 4, "cells": [{"cell_type": "markdown", "source": "x"}]}).text == ONCE
    assert refusal({"nbformat": 4, "cells": [1]}).type == "NoText"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
def test_nothing_that_is_only_copied_costs_a_document(anything: Any) -> None:
    value = json.dumps({"text": ONCE, "title": anything, "metadata": anything, "language": anything, "x": anything})
    result = decoded(value, keep=("x",), field=(("metadata.y", "x"),))
    assert result.document.text == ONCE
    # It can leave as UTF-8.
    result.document.model_dump_json()


def test_fields_are_kept_under_their_names_and_others_under_new_ones() -> None:
    value = {
        "text": ONCE,
        "created": "2026-01-31",
        "tags": ["a", "ä"],
        "n": 2.0,
        "ok": True,
        "doc": {"by": "me"},
        "no": None,
    }
    result = decoded(
        json.dumps(value),
        keep=("created", "tags", "n", "ok", "doc.by", "no", "absent"),
        field=(("metadata.who", "doc"),),
    )
    assert result.document.metadata == {
        "created": "2026-01-31", "tags": '["a","ä"]', "n": "2", "ok": "true", "doc.by": "me", "who": '{"by":"me"}',
    }  # fmt: skip
    assert result.mended == []


def test_a_text_is_found_in_json_inside_a_json_string() -> None:
    value = json.dumps({"payload": json.dumps({"doc": {"body": ONCE}})})
    assert read(value, field=(("text", "payload.doc.body"),)).text == ONCE


def test_null_and_unknown_fields_are_ignored() -> None:
    decoded = read({"text": "a", "id": None, "title": None, "metadata": None, "price": 5})
    assert (decoded.id, decoded.title, decoded.metadata) == ("a", None, {})


def test_everything_a_document_may_have_is_kept() -> None:
    fields = {"text": "a", "id": "i", "title": "T", "language": "de", "prompt": "headline", "metadata": {"k": "v"}}
    assert read(fields).model_dump() == fields


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("body", {"body": ONCE}),
        ("doc.body", {"doc": {"body": ONCE}}),
        ("a.b.c", {"a": {"b": {"c": ONCE}}}),
        ("doc.body", {"doc.body": ONCE, "doc": {"body": "not this"}}),
        ("body", {"body": ONCE, "text": "not this"}),
        ("body", {"body": ONCE, "text": 5}),
    ],
)
def test_the_text_is_found_where_its_field_is_said_to_be(path: str, value: dict[str, Any]) -> None:
    assert read(value, field=(("text", path),)).text == ONCE


@pytest.mark.parametrize(
    "value", [{"text": "not this"}, {"doc": "text"}, {"doc": None}, {"doc": {}}, {"doc": {"body": None}}, {"doc": [1]}]
)
def test_a_mapped_text_that_is_not_there_is_named(value: dict[str, Any]) -> None:
    error = refusal(value, field=(("text", "doc.body"),))
    assert error.type == "NoText"
    assert "body" in str(error)


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ({"body": ONCE, "no": 1}, "bdy", "the JSON object has no 'bdy'; it has body, no"),
        ({"doc": {"body": ONCE}}, "doc.bdy", "the JSON object 'doc' has no 'bdy'; it has body"),
        ({"doc": "x"}, "doc.body", "the JSON object has no 'doc.body'; it has doc"),
        ({}, "text", "the JSON object has no 'text'; it is empty"),
        ({f"f{n:02}": 1 for n in range(30)}, "text", "f18, f19 and 10 more"),
    ],
)
def test_a_missing_text_is_answered_with_the_fields_that_are_there(value: Any, path: str, message: str) -> None:
    assert message in str(refusal(value, field=(("text", path),)))


def test_fields_may_change_places() -> None:
    decoded = read(
        {"text": "a title", "title": ONCE, "n": 5}, field=(("text", "title"), ("title", "text"), ("id", "n"))
    )
    assert (decoded.text, decoded.title, decoded.id) == (ONCE, "a title", "5")
