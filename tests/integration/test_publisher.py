"""The publisher on a real broker: what is acknowledged is there, and what is not is said."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest
from installation import read_topic

from producers import Document, Publisher
from producers.records import ProducerRecord, Refusal
from streaming.errors import TopicError, UsageError
from streaming.settings import Settings


def test_a_program_sends_documents_by_naming_a_broker_and_a_topic(topics: Settings) -> None:
    with Publisher(bootstrap_servers=topics.servers, input_topic=topics.input_topic) as publisher:
        publisher.send(Document(id="a", text="Anna saw the mill burn down.", title="Mill"))
    assert publisher.report.acknowledged == 1
    [record] = read_topic(topics, topics.input_topic)
    assert record.key == b"a"
    assert json.loads(record.value) == {"id": "a", "text": "Anna saw the mill burn down.", "title": "Mill"}


def test_a_document_without_an_id_has_the_same_id_wherever_it_is_sent_from(topics: Settings) -> None:
    for _ in range(2):
        with Publisher(topics) as publisher:
            publisher.send(Document(text="The mill burned."))
    expected = hashlib.sha256(b"The mill burned.").hexdigest()
    records = read_topic(topics, topics.input_topic)
    assert [(record.key.decode(), json.loads(record.value)["id"]) for record in records] == [(expected, expected)] * 2


def test_each_document_is_told_to_its_callback_once(topics: Settings) -> None:
    acknowledged: list[ProducerRecord] = []
    refused: list[Refusal] = []
    records = [ProducerRecord(f"file {n}", b"%d" % n, b"text") for n in range(500)]
    with Publisher(
        topics, max_document_bytes=1024, on_acknowledged=acknowledged.append, on_refused=refused.append
    ) as publisher:
        for record in records:
            publisher.send(record)
        publisher.send(ProducerRecord("large", b"large", b"x" * 2000))
        publisher.send(Document(id="blank", text=" \n"))
        publisher.send(Document(id="half", text="\ud800"))
    assert sorted(acknowledged, key=records.index) == records
    assert [refusal.name for refusal in refused] == ["large", "blank", "half"]
    assert refused == publisher.report.refusals


def test_a_tombstone_is_a_record_without_a_value(topics: Settings) -> None:
    with Publisher(topics) as publisher:
        publisher.send(ProducerRecord("a", b"a", None))
    assert [(record.key, record.value) for record in read_topic(topics, topics.input_topic)] == [(b"a", None)]


def test_a_full_room_is_waited_for_and_nothing_is_lost(topics: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.publisher._MOST_DOCUMENTS", 3)
    monkeypatch.setattr("producers.publisher._MOST_BYTES", 100)
    most = 0
    with Publisher(topics) as publisher:
        for number in range(60):
            publisher.send(ProducerRecord(str(number), b"key", b"%d" % number * (80 if number % 20 == 0 else 1)))
            most = max(most, publisher.in_flight)
    assert most <= 3
    assert publisher.report.acknowledged == 60
    values = [record.value for record in read_topic(topics, topics.input_topic)]
    assert values == [b"%d" % number * (80 if number % 20 == 0 else 1) for number in range(60)]


def test_what_a_callback_raises_ends_the_sending(topics: Settings) -> None:
    def fail(record: ProducerRecord) -> None:
        raise OSError(f"the disk is full at {record.name}")

    with pytest.raises(OSError, match="the disk is full at a"), Publisher(topics, on_acknowledged=fail) as publisher:
        publisher.send(Document(id="a", text="Anna saw the mill burn down."))


def test_a_topic_that_is_not_there_is_one_sentence(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.client._CONNECT_MS", 1000)
    with pytest.raises(TopicError, match="does not exist"), Publisher(settings) as publisher:
        publisher.send(Document(id="a", text="Anna saw the mill burn down."))


def test_one_topic_is_named() -> None:
    with pytest.raises(UsageError, match="sent to one topic"):
        Publisher(input_topic="a,b")


def test_importing_the_producers_loads_neither_kafka_nor_pydantic() -> None:
    code = "import producers, sys; print(sorted({'kafka', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
