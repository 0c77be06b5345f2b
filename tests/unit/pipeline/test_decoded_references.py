"""A record may refer to the file that holds its text, under whatever names its JSON has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from decoding import decoded, record, refusal

from streaming.messages import Document, DocumentReference
from streaming.pipeline.decode import RecordFormat
from streaming.pipeline.identity import IdRule
from streaming.pipeline.record_id import id_of, uri_of

SHA256 = "ab" * 32
URI = "file:///texts/a.txt"
REFERENCE = {"uri": URI, "sha256": SHA256}


def reference(value: dict[str, Any], key: bytes | None = b"a", **how: Any) -> DocumentReference:
    document = decoded(json.dumps(value), key, **how).document
    assert isinstance(document, DocumentReference)
    return document


def test_uri_and_sha256_stand_in_for_the_text() -> None:
    document = reference(REFERENCE | {"id": 7, "title": "Mill", "language": "en", "metadata": {"team": "x"}})
    assert document.model_dump() == REFERENCE | {
        "id": "7",
        "title": "Mill",
        "language": "en",
        "prompt": None,
        "metadata": {"team": "x"},
    }
    assert reference(REFERENCE | {"sha256": SHA256.upper()}).sha256 == SHA256


@pytest.mark.parametrize("empty", [{}, {"text": None}, {"text": ""}])
def test_a_text_that_is_not_there_is_no_text(empty: dict[str, Any]) -> None:
    assert reference(REFERENCE | empty).uri == URI


def test_a_text_that_is_there_comes_first() -> None:
    document = decoded(json.dumps(REFERENCE | {"text": "Once upon a time"})).document
    assert isinstance(document, Document)


def test_the_fields_may_have_any_names() -> None:
    value = {"doc": {"body": None, "file": URI}, "hash": SHA256}
    how = {"field": (("text", "doc.body"), ("uri", "doc.file"), ("sha256", "hash"))}
    assert reference(value, **how).uri == URI
    assert reference({"payload": REFERENCE}).uri == URI


def test_a_uri_without_a_hash_is_no_reference() -> None:
    assert refusal({"uri": URI}).type == "NoText"
    assert refusal({"uri": URI, "sha256": 5}).type == "NoText"
    assert refusal({"uri": URI, "sha256": "no hash"}).type == "InvalidDocument"


@pytest.mark.parametrize(
    ("rule", "id"),
    [("auto", "key"), ("key", "key"), ("sha256", SHA256), ("offset", "documents-3-7")],
)
def test_each_rule_names_a_document_whose_text_is_not_there(rule: IdRule, id: str) -> None:
    assert reference(REFERENCE, b"key", id_from=rule).id == id
    assert id_of(record(json.dumps(REFERENCE), b"key"), RecordFormat(id_from=rule)) == id


def test_without_id_and_key_the_hash_of_the_file_is_the_id() -> None:
    assert reference(REFERENCE, None).id == SHA256


def test_the_file_of_a_record_is_named_for_its_owner() -> None:
    assert uri_of(record(json.dumps(REFERENCE)), RecordFormat()) == URI
    assert uri_of(record("Once upon a time"), RecordFormat()) is None
    assert uri_of(record(None), RecordFormat()) is None
