"""A text that is too large for a record goes into a folder, once, and the query reads it from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from object_store import object_store

from producers.records import ProducerRecord, Refusal
from producers.references import References
from streaming.storage import ContentFolder, Roots

TEXT = "The mill burned. Müller saw it first. " * 20


def sent(value: Any, root: Path | str, limit: int = 100, fields: Mapping[str, str] | None = None) -> Any:
    """Return the JSON that is sent in the place of `value`, or the reason of its refusal."""
    record = ProducerRecord("a.txt", b"a.txt", json.dumps(value).encode())
    [result] = References(ContentFolder(str(root)), limit, fields or {}).replaced([record])
    if isinstance(result, Refusal):
        return result.reason
    assert (result.name, result.key) == (record.name, record.key)
    return json.loads(result.value or b"")


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_large_text_goes_into_a_file_that_its_uri_names(tmp_path: Path) -> None:
    root = tmp_path / "a folder"
    value = sent({"text": TEXT, "id": "a", "title": "Mill"}, root)
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    assert value == {"id": "a", "title": "Mill", "sha256": sha256, "uri": value["uri"]}
    with Roots([str(root)]).open(value["uri"]) as file:
        assert file.read().decode() == TEXT
    assert files(root) == [root / sha256[:2] / f"{sha256}.txt"]


def test_a_text_is_written_once_and_a_changed_one_is_another_file(tmp_path: Path) -> None:
    first = sent({"text": TEXT, "id": "a"}, tmp_path)
    [file] = files(tmp_path)
    written = file.stat().st_mtime_ns, file.stat().st_ino
    assert sent({"text": TEXT, "id": "b"}, tmp_path)["uri"] == first["uri"]
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == written
    assert sent({"text": TEXT + "More.", "id": "a"}, tmp_path)["uri"] != first["uri"]
    assert len(files(tmp_path)) == 2


def test_what_is_left_of_a_killed_producer_is_written_again(tmp_path: Path) -> None:
    sent({"text": TEXT}, tmp_path)
    [file] = files(tmp_path)
    file.write_text(TEXT[:50])
    sent({"text": TEXT}, tmp_path)
    assert file.read_text() == TEXT


def test_a_small_record_keeps_its_text(tmp_path: Path) -> None:
    value = {"text": TEXT}
    assert sent(value, tmp_path, limit=len(json.dumps(value))) == value
    assert not files(tmp_path)


def test_a_text_in_any_field_goes_with_the_names_that_the_query_reads(tmp_path: Path) -> None:
    fields = {"text": "doc.body", "uri": "doc.file", "sha256": "hash"}
    value = sent({"doc": {"body": TEXT, "no": 7}}, tmp_path, fields=fields)
    assert value["doc"] == {"no": 7}
    assert value["doc.file"].startswith("file:///")
    assert value["hash"] == hashlib.sha256(TEXT.encode()).hexdigest()


def test_a_field_of_ones_own_is_not_overwritten(tmp_path: Path) -> None:
    assert "--field uri=NAME" in sent({"text": TEXT, "uri": "https://example.invalid/1"}, tmp_path)
    assert not files(tmp_path)


def test_what_has_no_text_stays_as_it_is(tmp_path: Path) -> None:
    value = {"body": TEXT}
    assert sent(value, tmp_path) == value


def test_an_object_store_gets_the_text_and_the_record_no_login() -> None:
    with object_store() as store:
        value = sent({"text": TEXT}, store.url("bucket/texts"))
        assert value["uri"].startswith("s3://bucket/texts/")
        with Roots([store.url("bucket/texts")]).open(value["uri"]) as file:
            assert file.read().decode() == TEXT
