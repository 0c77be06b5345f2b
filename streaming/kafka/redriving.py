"""Sends dead letters back to their topic, each once, also when two machines or a crash come in between.

Item: one dead letter. Unit: a transaction of several. Guarantee: a letter is in the topic exactly once when `send`
returns, and not at all when it raises. All senders of a topic share one transactional id, so a sender that starts
ends the transactions of every other one: what it then reads in the topic is all that was sent before it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaProducer
from kafka.errors import (
    InvalidProducerEpochError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    ProducerFencedError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)

from streaming.errors import BrokerError, TopicError, no_answer, reason
from streaming.messages import DeadLetter, redriven_headers
from streaming.settings import Settings
from streaming.settings.kafka_options import for_python

_CONNECT_MS = 10_000
# A letter was in the topic before, so the topic's own limit decides.
_MOST_BYTES = 2**30
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
_FENCED = (ProducerFencedError, InvalidProducerEpochError)


class Redriver:
    """A connection that sends letters back to one topic; make one with `open_redriver`."""

    def __init__(self, producer: KafkaProducer, topic: str) -> None:
        self._producer, self._topic = producer, topic

    def send(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Send letters in one transaction, each to its partition, and return those that the topic refused as too large.

        Raises `BrokerError` and `TopicError`; then none of them is in the topic.
        """
        if not letters or self._send_all(letters):
            return []
        if len(letters) == 1:
            return list(letters)
        # One of them is too large: each alone.
        return [letter for letter in letters if not self._send_all([letter])]

    def _send_all(self, letters: Sequence[DeadLetter]) -> bool:
        """Send all letters or none; returns whether they fit."""
        self._producer.begin_transaction()
        try:
            futures = [self._start(letter) for letter in letters]
            self._producer.flush()
            # The others of a transaction fail, too, with an error that says nothing.
            errors = [future.exception for future in futures if future.failed()]
            if errors:
                raise next((error for error in errors if isinstance(error, _TOO_LARGE)), errors[0])
            self._producer.commit_transaction()
        except _TOO_LARGE:
            self._producer.abort_transaction()
            return False
        except _FENCED:
            # Its transaction is over already.
            raise
        except BaseException:
            self._producer.abort_transaction()
            raise
        return True

    def _start(self, letter: DeadLetter) -> Any:
        return self._producer.send(
            self._topic,
            key=letter.key,
            value=letter.value,
            # The client knows no header without a value; such a header becomes an empty one.
            headers=[(name, raw or b"") for name, raw in redriven_headers(letter)],
            # The same partition, so that the offsets of an id compare.
            partition=letter.source.partition,
            # When it was sent back.
            timestamp_ms=int(time.time() * 1000),
        )


@contextmanager
def open_redriver(settings: Settings, topic: str) -> Iterator[Redriver]:
    """Connect for as long as the context lasts, and end the transactions of all other redrivers of the topic.

    Raises `BrokerError`, and `TopicError` when this user may not write or may not use the transactional id.
    """
    servers, name = settings.servers, f"gistream-redrive-{topic}"
    producer = None
    try:
        producer = KafkaProducer(
            bootstrap_servers=servers.split(","),
            **{
                "client_id": "gistream-redrive",
                "acks": "all",
                "allow_auto_create_topics": False,
                "enable_idempotence": True,
                "compression_type": "gzip",
                "bootstrap_timeout_ms": _CONNECT_MS,
                "max_block_ms": _CONNECT_MS,
                "max_request_size": _MOST_BYTES,
                **for_python(settings.kafka),
                "transactional_id": name,
            },
        )
        producer.init_transactions()
        yield Redriver(producer, topic)
    except _FENCED as error:
        raise BrokerError(
            f"Another `gistream redrive` to topic '{topic}' has started; this one stopped. `gistream dead-letters "
            "list` shows what was sent."
        ) from error
    except TransactionalIdAuthorizationFailedError as error:
        raise TopicError(
            f"This user may not send in a transaction; have an administrator allow Write and Describe on the "
            f"transactional id '{name}'."
        ) from error
    except TopicAuthorizationFailedError as error:
        raise TopicError(f"This user may not write to topic '{topic}' on {servers}; have it allowed.") from error
    except (KafkaConnectionError, KafkaTimeoutError) as error:
        raise no_answer(servers) from error
    except KafkaError as error:
        raise BrokerError(f"Kafka on {servers} did not take the dead letters: {reason(error)}.") from error
    finally:
        if producer is not None:
            producer.close(timeout=10)
