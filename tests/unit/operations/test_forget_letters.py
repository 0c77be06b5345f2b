"""A forgotten document does not come back by a redrive of its dead letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.kafka.sending import KafkaRecord
from streaming.kafka.topics import Topic
from streaming.messages import Source, read_source
from streaming.operations.forget.forget import tombstones
from streaming.operations.forget.places import DocumentPlaces, Places, TopicRecord
from streaming.settings import Settings, load

TOPICS = {
    name: Topic(name, "id", 4, {0: (0, 9)}, 9, 9, 9, 9, "delete", [])
    for name in ("summaries", "dead-letters", "shadow-dead-letters")
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"data_dir": tmp_path})


def record(topic: str, offset: int, *, is_deletion: bool = False) -> TopicRecord:
    place = Source(topic=topic, partition=2, offset=7, timestamp=0)
    return TopicRecord(place, b"mill", Source(topic="documents", partition=1, offset=offset, timestamp=0), is_deletion)


def sent(settings: Settings, results: list[TopicRecord], letters: list[TopicRecord]) -> list[KafkaRecord]:
    mill = DocumentPlaces("mill", results=results, dead_letters=letters)
    return list(tombstones(Places({"mill": mill}, topics=TOPICS), settings))


def offsets(tombstones: list[KafkaRecord]) -> list[int]:
    return [source.offset for t in tombstones if (source := read_source(t.headers)) is not None]


def test_a_dead_letter_without_a_later_result_gets_a_deletion_at_its_position(settings: Settings) -> None:
    [tombstone] = sent(settings, [], [record("dead-letters", 3), record("dead-letters", 5), record("dead-letters", 4)])
    assert (tombstone.topic, tombstone.partition, tombstone.key) == ("summaries", None, b"mill")
    assert offsets([tombstone]) == [5]


def test_a_dead_letter_behind_a_summary_is_deleted_beside_it(settings: Settings) -> None:
    assert offsets(sent(settings, [record("summaries", 3)], [record("dead-letters", 5)])) == [3, 5]


@pytest.mark.parametrize("is_deletion", [True, False])
def test_a_dead_letter_with_a_later_result_is_superseded_already(settings: Settings, is_deletion: bool) -> None:
    result = record("summaries", 5, is_deletion=is_deletion)
    assert offsets(sent(settings, [result], [record("dead-letters", 5)])) == ([] if is_deletion else [5])


def test_the_dead_letters_of_a_replay_delete_nothing_among_the_summaries(settings: Settings) -> None:
    assert sent(settings, [], [record("shadow-dead-letters", 5)]) == []
