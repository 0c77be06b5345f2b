"""Sizes: what is at the limit passes, what is above it is named, and nothing ever fails a batch."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path

import pytest
from installation import Send, document, gistream, names, read_topic
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from streaming.kafka.topics import Admin
from streaming.messages import DeadLetter
from streaming.settings import Settings


def incompressible(size: int) -> str:
    """Return `size` characters that compression does not help with."""
    return base64.b85encode(random.Random(1).randbytes(size)).decode()[:size].replace('"', "x").replace("\\", "y")


def line(size: int) -> bytes:
    """Return a JSON document of `size` bytes."""
    empty = len(json.dumps({"text": ""}))
    return json.dumps({"text": incompressible(size - empty)}).encode()


@pytest.fixture(autouse=True)
def _topics(settings: Settings) -> None:
    with Admin(settings) as admin:
        admin.ensure()


def test_a_document_above_the_limit_is_refused_by_name_and_the_rest_goes_on(settings: Settings, tmp_path: Path) -> None:
    limit = settings.max_document_bytes
    file = tmp_path / "documents.jsonl"
    file.write_bytes(b"\n".join([line(limit), line(limit + 1), b'{"text": "Small."}']))
    process = gistream(
        "produce", "jsonl", str(file), "--json", "--input-topic", settings.input_topic, data_dir=settings.data_dir
    )
    report = json.loads(process.stdout)
    assert report["acknowledged"] == 2
    assert [refused["name"] for refused in report["refused"]] == [f"{file}:2"]
    assert "8,388,609 bytes" in report["refused"][0]["reason"]
    assert process.returncode == 10
    values = [record.value for record in read_topic(settings, settings.input_topic)]
    assert sorted(map(len, values)) == [18, limit]
    # The large one is too long for the model, and so a dead letter: whole, for it fits its topic.
    assert gistream("run", "--once", *names(settings), data_dir=settings.data_dir).returncode == 0
    [letter] = read_topic(settings, settings.dead_letter_topic)
    assert len(letter.value) == limit
    assert letter.value in values


def test_what_does_not_fit_a_topic_made_smaller_is_cut_and_says_so(settings: Settings, send: Send) -> None:
    client = KafkaAdminClient(bootstrap_servers=settings.servers)
    for topic in (settings.dead_letter_topic, settings.output_topic):
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "20000"})])
    client.close()
    broken = b'{"text": "' + incompressible(50_000).encode()
    large = document("A short text.", metadata={"large": incompressible(30_000)})
    send((b"broken", broken), (b"large", large), (b"fits", document("A short text. It fits.")))
    process = gistream("run", "--once", *names(settings), data_dir=settings.data_dir)
    assert process.returncode == 0, process.stderr
    records = read_topic(settings, settings.dead_letter_topic)
    letters = {r.key: DeadLetter.from_record(r.key, r.value, r.headers) for r in records}
    assert {key: letter.error.type for key, letter in letters.items()} == {
        b"broken": "InvalidJson",
        b"large": "ResultTooLarge",
    }
    assert letters[b"broken"].truncated == len(broken)
    assert broken.startswith(letters[b"broken"].value or b"?")
    assert letters[b"large"].truncated == len(large)
    assert [record.key for record in read_topic(settings, settings.output_topic)] == [b"fits"]
