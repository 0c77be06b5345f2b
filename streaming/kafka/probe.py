"""Whether Kafka answers, asked again and again while a query runs.

Spark asks Kafka only between micro-batches, and its clients retry in silence for minutes. So a broker that is lost
while the model works would be noticed when the batch is over.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from types import TracebackType

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streaming.access import client_options
from streaming.settings import Settings

_PERIOD_SECONDS = 2.0
# A broker on the same network answers in milliseconds; the end of a run waits as long for the last question.
_ANSWER_MS = 3000


class KafkaProbe:
    """Asks Kafka for its brokers every two seconds, in a thread that lasts as long as the context."""

    def __init__(self, settings: Settings) -> None:
        self._options = {
            **client_options(settings),
            "bootstrap_servers": settings.servers.split(","),
            "bootstrap_timeout_ms": _ANSWER_MS,
            "request_timeout_ms": _ANSWER_MS,
        }
        self._answered = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="kafka-probe", daemon=True)

    def __enter__(self) -> KafkaProbe:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def silence(self) -> float:
        """Return the seconds since Kafka's last answer."""
        return time.monotonic() - self._answered

    def _ask(self) -> None:
        client: KafkaAdminClient | None = None
        while not self._ended.wait(_PERIOD_SECONDS):
            # Silence is what the probe reports.
            with suppress(KafkaError):
                client = client or KafkaAdminClient(**self._options)
                client.describe_cluster()
                self._answered = time.monotonic()
        if client is not None:
            client.close()
