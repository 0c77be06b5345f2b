"""The errors of kafka-python that say that Kafka does not answer now, whatever was asked."""

from __future__ import annotations

from kafka.errors import KafkaConnectionError, KafkaTimeoutError, UnknownBrokerIdError

# While its only broker ends, a cluster has no controller, and the client looks for the broker -1.
UNANSWERED = (KafkaConnectionError, KafkaTimeoutError, UnknownBrokerIdError)
