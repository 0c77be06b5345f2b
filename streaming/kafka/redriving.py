"""Sends dead letters back to their topic, each once, also when two machines or a crash come in between.

Item: one dead letter. Unit: a transaction of several. Guarantee: a letter is in the topic exactly once when `send`
returns, and not at all when it raises. All senders of a topic share one transactional id, so a sender that starts
ends the transactions of every other one: what it then reads in the topic is all that was sent before it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kafka import KafkaProducer
from kafka.errors import (
    InvalidProducerEpochError,
    KafkaError,
    ProducerFencedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)
from kafka.record.default_records import DefaultRecordBatchBuilder

from streaming.access import client_options, missing_right
from streaming.errors import BrokerError, no_answer, reason
from streaming.kafka.topic import Topic
from streaming.kafka.topics import Admin
from streaming.kafka.unanswered import UNANSWERED
from streaming.messages import DeadLetter, Header, redriven_headers
from streaming.settings import Settings

_CONNECT_MS = 10_000
# A letter was in the topic before, so the topic's own limit decides.
_MOST_BYTES = 2**30
# kafka-python's own size of a batch of small records.
_BATCH_BYTES = 16_384
_FENCED = (ProducerFencedError, InvalidProducerEpochError)


class Redriver:
    """A connection that sends letters back to one topic; make one with `open_redriver`."""

    def __init__(self, producer: KafkaProducer, topic: Topic) -> None:
        self._producer, self._topic = producer, topic

    def send(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Send letters in one transaction, each to its partition, and return those that are too large for the topic.

        Raises `BrokerError` and `TopicError`; then none of them is in the topic.
        """
        refused = [letter for letter in letters if not self._fits(letter)]
        fitting = [letter for letter in letters if letter not in refused]
        if not fitting:
            return refused
        self._producer.begin_transaction()
        try:
            futures = [self._start(letter) for letter in fitting]
            self._producer.flush()
            if errors := [future.exception for future in futures if future.failed()]:
                raise errors[0]
            self._producer.commit_transaction()
        except _FENCED:
            # Its transaction is over already.
            raise
        except BaseException:
            # A transaction that cannot be ended any more is ended by the broker, or by the next redriver.
            with suppress(KafkaError):
                self._producer.abort_transaction()
            raise
        return refused

    def _fits(self, letter: DeadLetter) -> bool:
        """Tell whether the broker will take a letter. A refusal in the middle of a transaction ends this client."""
        batch = DefaultRecordBatchBuilder(
            magic=2, compression_type=DefaultRecordBatchBuilder.CODEC_GZIP, is_transactional=1, producer_id=-1,
            producer_epoch=-1, base_sequence=-1, batch_size=_MOST_BYTES,
        )  # fmt: skip
        batch.append(0, timestamp=0, key=letter.key, value=letter.value, headers=_headers(letter))
        return len(batch.build()) <= self._topic.max_message_bytes

    def _start(self, letter: DeadLetter) -> Any:
        return self._producer.send(
            self._topic.name,
            key=letter.key,
            value=letter.value,
            headers=_headers(letter),
            # The same partition, so that the offsets of an id compare.
            partition=letter.source.partition,
            # When it was sent back.
            timestamp_ms=int(time.time() * 1000),
        )


def _headers(letter: DeadLetter) -> list[Header]:
    # The client knows no header without a value; such a header becomes an empty one.
    return [(name, raw or b"") for name, raw in redriven_headers(letter)]


@contextmanager
def open_redriver(settings: Settings, topic: str) -> Iterator[Redriver]:
    """Connect for as long as the context lasts, and end the transactions of all other redrivers of the topic.

    Raises `BrokerError`, and `TopicError` when this user may not write or may not use the transactional id.
    """
    servers, name = settings.servers, f"gistream-redrive-{topic}"
    with Admin(settings) as admin:
        [described] = admin.describe([topic])
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
                # Several records share a batch only where they fit together.
                "batch_size": min(_BATCH_BYTES, described.max_message_bytes),
                "bootstrap_timeout_ms": _CONNECT_MS,
                "max_block_ms": _CONNECT_MS,
                "max_request_size": _MOST_BYTES,
                **client_options(settings),
                "transactional_id": name,
            },
        )
        producer.init_transactions()
        yield Redriver(producer, described)
    except _FENCED as error:
        raise BrokerError(
            f"Another `gistream redrive` to topic '{topic}' has started; this one stopped. `gistream dead-letters "
            "list` shows what was sent."
        ) from error
    except TransactionalIdAuthorizationFailedError as error:
        raise missing_right(settings, "Write", f"the transactional id '{name}'") from error
    except TopicAuthorizationFailedError as error:
        raise missing_right(settings, "Write", f"topic '{topic}'") from error
    except UNANSWERED as error:
        raise no_answer(servers) from error
    except KafkaError as error:
        raise BrokerError(f"Kafka on {servers} did not take the dead letters: {reason(error)}.") from error
    finally:
        if producer is not None:
            producer.close(timeout=10)
