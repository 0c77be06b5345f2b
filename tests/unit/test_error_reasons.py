"""The text of a library's error reaches a message, and is never empty or "None"."""

from __future__ import annotations

import pytest
from kafka import errors as kafka_errors

from streaming.errors import reason


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (kafka_errors.KafkaTimeoutError(None), "no answer in time"),
        (kafka_errors.KafkaTimeoutError(), "no answer in time"),
        (TimeoutError(), "no answer in time"),
        (MemoryError(), "MemoryError"),
        (ValueError(None), "ValueError"),
        (ValueError("\n \n"), "ValueError"),
        (kafka_errors.KafkaConnectionError(None), "KafkaConnectionError"),
        (ValueError("x is None"), "x is None"),
        (OSError(2, "No such file", "a.toml"), "[Errno 2] No such file: 'a.toml'"),
        (RuntimeError("It failed.\nat line 5"), "It failed"),
        (kafka_errors.KafkaTimeoutError("Batch expired."), "KafkaTimeoutError: Batch expired"),
    ],
)
def test_an_error_says_something(error: Exception, says: str) -> None:
    assert reason(error) == says


def test_no_answer_of_a_broker_is_shown_as_none() -> None:
    kinds = [kind for kind in vars(kafka_errors).values() if isinstance(kind, type)]
    for kind in kinds:
        if issubclass(kind, kafka_errors.BrokerResponseError):
            # As the client raises what a broker answers.
            said = reason(kind(None))
            assert said.startswith((kind.__name__, "no answer in time"))
            assert "None" not in said
