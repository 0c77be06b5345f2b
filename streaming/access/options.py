"""The options of kafka-python's clients: the user's, the servers, and the token that a login may need."""

from __future__ import annotations

from typing import Any

from streaming.access.check import check_access
from streaming.access.tokens import token_provider
from streaming.settings import Settings
from streaming.settings.kafka_options import for_python, uses_token


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the options of a client; raises `UsageError` for options that it cannot use."""
    options = for_python(settings.kafka)
    if uses_token(settings.kafka):
        options["sasl_oauth_token_provider"] = token_provider(settings.kafka)
    return options


def checked_options(settings: Settings) -> dict[str, Any]:
    """Return the options of a client, after a connection was tried; raises what `check_access` raises.

    The client itself repeats a login that is refused, until its time is over, and then says that Kafka did not answer.
    """
    check_access(settings)
    return client_options(settings)
