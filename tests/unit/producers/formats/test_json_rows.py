"""JSON as a file: a document for each object, its fields found as a query finds them."""

import json
from pathlib import Path

import pytest
from parts import parts

from producers.formats.part import Part, PartRefusal
from streaming.errors import BadInput


def put(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_each_line_is_a_document_with_its_fields_and_metadata(tmp_path: Path) -> None:
    lines = [
        {"doc": {"body": "The mill stopped.", "nr": 7}, "head": "Mill", "lang": "en", "tags": ["a"]},
        {"doc": {"body": "The beam broke."}, "metadata": {"by": "Ines"}},
    ]
    path = put(tmp_path / "a.jsonl", "\ufeff" + "\n\n".join(map(json.dumps, lines)))
    field = {"text": "doc.body", "id": "doc.nr", "title": "head", "language": "lang", "metadata.labels": "tags"}
    assert parts(path, keep=("head",), **field) == [
        Part("The mill stopped.", "Mill", "1", "7", "en", metadata={"labels": '["a"]', "head": "Mill"}),
        Part("The beam broke.", None, "3", metadata={"by": "Ines"}),
    ]


def test_a_broken_line_is_refused_by_its_number_and_the_others_are_read(tmp_path: Path) -> None:
    path = put(
        tmp_path / "a.jsonl", '{"text": "One"}\n{"text": \n[1]\n{"body": "x", "nr": 1}\n{"text": " "}\n{"text": "Six"}'
    )
    found = parts(path)
    assert [(part.name, part.text) for part in found if isinstance(part, Part)] == [("1", "One"), ("6", "Six")]
    refused = [(part.name, part.reason) for part in found if isinstance(part, PartRefusal)]
    assert [name for name, _ in refused] == ["2", "3", "4", "5"]
    assert refused[0][1].startswith("not JSON: ")
    assert [reason for _, reason in refused[1:]] == [
        "JSON, but no object",
        "the JSON object has no 'text'; it has body, nr. Name the field of the text: --field text=NAME",
        "its text is empty",
    ]


def test_an_object_is_a_document_and_a_list_of_objects_one_for_each(tmp_path: Path) -> None:
    one = {"id": "a", "text": "The mill stopped."}
    assert parts(put(tmp_path / "a.json", json.dumps(one, indent=2))) == [Part("The mill stopped.", id="a")]
    found = parts(put(tmp_path / "b.json", json.dumps([one, {"nr": 1}, {"text": "B"}], indent=2)))
    assert [(part.name, isinstance(part, Part)) for part in found] == [("1", True), ("2", False), ("3", True)]
    lines = "\n".join([json.dumps(one), '{"text": "Two"}', "broken"])
    assert [part.name for part in parts(put(tmp_path / "c.json", lines))] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("a.json", '{"name": "x"}', "the JSON object has no 'text'; it has name"),
        ("a.json", "[]", "without a row"),
        ("a.json", "no json\nat all", "no JSON: "),
        ("a.json", "[" * 200_000, "no JSON: "),
        ("a.json", "5", "no object"),
        ("a.jsonl", "\n\n", "without a row"),
        ("a.jsonl", b"\x1f\x00\x8b\x08\x00\xff\x00\x01" * 9, "binary|control"),
    ],
)
def test_what_holds_no_document_is_refused_by_name(tmp_path: Path, name: str, raw: str | bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        parts(put(tmp_path / name, raw))
