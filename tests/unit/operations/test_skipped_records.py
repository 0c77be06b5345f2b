"""What becomes of a record of a micro-batch that is given up."""

from __future__ import annotations

import pytest
from schema_registry import framed, schema_registry

from streaming.errors import RegistryAway
from streaming.messages import Record, Source
from streaming.operations.skip import skipped
from streaming.pipeline.decode import RecordFormat
from streaming.pipeline.results import Topics
from streaming.registry import client
from streaming.registry.access import RegistryAccess

TOPICS = Topics("summaries", 1_000_000, "dead-letters", 1_000_000)
KEY = {"type": "record", "name": "Key", "fields": [{"name": "id", "type": "string"}]}


def deletion(key: bytes) -> Record:
    return Record(key, None, [], Source(topic="documents", partition=0, offset=7, timestamp=0))


def test_a_deletion_whose_key_has_a_schema_deletes_what_the_query_would() -> None:
    with schema_registry() as registry:
        record_format = RecordFormat("avro", registry=RegistryAccess(registry.url))
        key = framed(registry.register(KEY), b"\x0cletter")
        result = skipped(deletion(key), 3, record_format, TOPICS)
    assert (result.topic, result.key, result.value) == ("summaries", b"letter", None)


def test_a_registry_that_is_away_is_no_fault_of_a_deletion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PAUSE", 0.01)
    with schema_registry(instead="busy", failures=99) as registry:
        record_format = RecordFormat("avro", registry=RegistryAccess(registry.url))
        with pytest.raises(RegistryAway):
            skipped(deletion(framed(1, b"\x0cletter")), 3, record_format, TOPICS)


def test_a_document_becomes_a_dead_letter_with_its_bytes() -> None:
    record = Record(b"a", b"\0\0\0\0\x01\xff", [], Source(topic="documents", partition=0, offset=7, timestamp=0))
    result = skipped(record, 3, RecordFormat(), TOPICS)
    assert (result.topic, result.key, result.value) == ("dead-letters", b"a", record.value)
    assert ("error.type", b"ProcessLost") in result.headers
