"""A Kafka that is not there now may come back, however the client says so."""

from __future__ import annotations

from typing import Any

import pytest
from kafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    UnknownBrokerIdError,
    UnsupportedVersionError,
)

from streaming.errors import BrokerAway, BrokerError
from streaming.kafka import topics
from streaming.kafka.topics import Admin
from streaming.settings import load


def raised(monkeypatch: pytest.MonkeyPatch, error: KafkaError) -> BrokerError:
    def connect(**_: Any) -> None:
        raise error

    monkeypatch.setattr(topics, "KafkaAdminClient", connect)
    monkeypatch.setattr(topics, "checked_options", lambda _: {})
    with pytest.raises(BrokerError) as caught:
        Admin(load({"bootstrap_servers": "localhost:1"}))
    return caught.value


@pytest.mark.parametrize("error", [KafkaConnectionError(), KafkaTimeoutError(), UnknownBrokerIdError(-1)])
def test_a_kafka_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch, error: KafkaError) -> None:
    assert isinstance(raised(monkeypatch, error), BrokerAway)


def test_an_answer_that_is_a_refusal_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not isinstance(raised(monkeypatch, UnsupportedVersionError()), BrokerAway)
