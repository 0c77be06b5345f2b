"""The name of an embedded cluster, which is an argument of Kafka's own tool."""

from __future__ import annotations

import uuid

import pytest

from streaming.kafka.broker import new_cluster_id


def test_a_cluster_id_is_never_taken_for_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    # 62 in the first six bits is the dash.
    uuids = iter([uuid.UUID(bytes=bytes([62 << 2]) + bytes(15)), uuid.UUID(bytes=bytes(range(16)))])
    monkeypatch.setattr(uuid, "uuid4", lambda: next(uuids))
    assert new_cluster_id() == "AAECAwQFBgcICQoLDA0ODw"
