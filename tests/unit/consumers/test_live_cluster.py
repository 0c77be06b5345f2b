"""A look at Kafka: what a user may not read is left out, and only a broker that does not answer is away."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, UnknownTopicOrPartitionError
from kafka.structs import OffsetAndMetadata

from consumers.live import cluster
from consumers.live.cluster import Look, Watch
from streaming.messages import Heartbeat
from streaming.settings import Settings, load

BEAT = Heartbeat(checkpoint="c", doing="idle", sent_at=9.0, started_at=1.0, progress_at=8.0, stuck_after=60.0)


class FakeAdmin:
    """Answers as Kafka does; `errors` are raised by the looks in turn, None for none."""

    def __init__(self, *errors: Exception | None, group: Exception | None = None) -> None:
        self._errors, self._group = list(errors), group

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        if self._errors and (error := self._errors.pop(0)):
            raise error
        return [
            {"name": name, "topic_id": f"id of {name}", "partitions": [0, 1], "error_code": 29 if "dead" in name else 0}
            for name in names
        ]

    def list_topics(self) -> list[str]:
        return ["mail-1", "mail-2", "mailing", "__mail-3"]

    def list_partition_offsets(self, specs: dict[TopicPartition, int], *_: int) -> dict[TopicPartition, Any]:
        return {partition: SimpleNamespace(offset=3 if spec == -2 else 9) for partition, spec in specs.items()}

    def list_group_offsets(self, names: list[str]) -> dict[str, dict[TopicPartition, OffsetAndMetadata]]:
        if self._group:
            raise self._group
        older = BEAT.model_copy(update={"sent_at": 2.0})
        notes = enumerate([older.to_text(), BEAT.to_text(), "another program's"])
        return {names[0]: {TopicPartition("documents", n): OffsetAndMetadata(7, note, -1) for n, note in notes}}

    def close(self) -> None:
        pass


def looks(monkeypatch: pytest.MonkeyPatch, admin: FakeAdmin, number: int = 1, **changes: Any) -> list[Look]:
    """Return the first looks of a watch."""
    stopped, seen = threading.Event(), []
    monkeypatch.setattr(cluster, "connect_admin", lambda _settings: admin)
    monkeypatch.setattr(cluster, "LOOK_SECONDS", 0)

    def on_look(_before: Look, look: Look) -> None:
        seen.append(look)
        if len(seen) == number:
            stopped.set()

    settings: Settings = load({"bootstrap_servers": "localhost:1", **changes})
    Watch(settings, ["summaries", "dead-letters"], on_look).run(stopped)
    return seen


def test_a_look_has_topics_offsets_and_the_last_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    [look] = looks(monkeypatch, FakeAdmin())
    assert (set(look.outputs), set(look.inputs)) == ({"summaries"}, {"documents"})
    assert look.bounds["documents", 1] == (3, 9)
    assert look.committed == {("documents", 0): 7, ("documents", 1): 7, ("documents", 2): 7}
    assert (look.beat, look.away_since) == (BEAT, None)


def test_without_the_right_to_read_the_group_the_rest_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    [look] = looks(monkeypatch, FakeAdmin(group=GroupAuthorizationFailedError()))
    assert (look.committed, look.beat, set(look.inputs)) == (None, None, {"documents"})
    assert look.away_since is None


def test_a_pattern_chooses_the_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    [look] = looks(monkeypatch, FakeAdmin(), input_pattern="mail-.*")
    assert set(look.inputs) == {"mail-1", "mail-2"}


def test_a_broker_that_does_not_answer_is_away_and_a_topic_that_is_being_deleted_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admin = FakeAdmin(None, UnknownTopicOrPartitionError(), KafkaConnectionError(), KafkaConnectionError(), None)
    seen = looks(monkeypatch, admin, 5)
    assert [look.away_since is not None for look in seen] == [False, False, True, True, False]
    assert seen[1] == seen[0]
    assert seen[3].away_since == seen[2].away_since
    assert seen[3].bounds == seen[0].bounds
