"""Connects to Kafka once, to learn whether it lets this user in, and why not.

kafka-python repeats a connection that is refused until its time is over, and then says that nobody answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kafka.errors import KafkaError
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from streaming.access.refusals import Refused, explain
from streaming.access.tokens import token_provider
from streaming.errors import GistreamError
from streaming.settings import Settings
from streaming.settings.kafka_options import for_python, uses_token

# A broker on the same network answers in milliseconds; one that does not answer is left to the client itself.
_ANSWER_MS = 3000
# A refused login may end as a broken connection, which may also have another cause: it is tried again.
_TRIES = 2


def check_access(settings: Settings) -> None:
    """Raise the error of a user whom Kafka does not let in; does nothing when it does, or when it does not answer.

    Raises `BrokerError` for a refusal, `BrokerAway` for an identity provider that does not answer, and `UsageError` for
    options that the client cannot use.
    """
    if problem := access_problem(settings):
        raise problem


def access_problem(settings: Settings) -> GistreamError | None:
    """Return the error that `check_access` raises, except that of wrong options."""
    options = for_python(settings.kafka)
    if uses_token(settings.kafka):
        provider = token_provider(settings.kafka)
        try:
            provider.token()
        except GistreamError as error:
            return error
        options["sasl_oauth_token_provider"] = provider
    for server in settings.servers.split(","):
        for attempt in range(_TRIES):
            refused = _connect(server, options)
            if refused is None:
                return None
            if refused.is_broken_handshake:
                plain = _connect(server, {})
                refused = replace(refused, speaks_plain=plain is None or plain.answered)
            if problem := explain(refused, settings, server, last=attempt == _TRIES - 1):
                return problem
            if not refused.answered:
                break
    return None


def _connect(server: str, options: Mapping[str, Any]) -> Refused | None:
    """Connect to one server, ask it for its topics, and return what failed."""
    net = NetworkSelector()
    own = {"bootstrap_servers": [server], "request_timeout_ms": _ANSWER_MS}
    manager = KafkaConnectionManager(net, **{**options, **own})
    [node] = manager.cluster.bootstrap_brokers()
    connection, ready = None, False

    async def ask() -> None:
        nonlocal connection, ready
        connection = manager.get_connection(
            node.node_id, timeout_ms=_ANSWER_MS, pop_on_close=False, refresh_metadata_on_err=False
        )
        await connection
        ready = True
        await manager.cluster.refresh_metadata(node.node_id)

    try:
        net.run(ask)
    # Also what a library raises of a wrong answer.
    except (KafkaError, OSError, ValueError, RuntimeError) as error:
        answered = connection is not None and connection.broker_version is not None
        return Refused(error, answered=answered, logged_in=ready, address=(node.host, node.port))
    finally:
        manager.close()
        net.close()
    return None
