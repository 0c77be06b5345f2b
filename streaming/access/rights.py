"""A right that a user lacks, as one sentence: which right on which resource, and of which user."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from streaming.errors import TopicError
from streaming.settings import Settings
from streaming.settings.kafka_options import login_of

_WORDS = re.compile(r"TopicAuthorization|GroupAuthorization|TransactionalIdAuthorization|ClusterAuthorization")


def user_of(settings: Settings) -> str:
    """Return how a message names the user of the settings: Kafka knows the name of a client certificate alone."""
    login = login_of(settings.kafka)
    if name := login.get("username"):
        return f"user '{name}'"
    return f"the client '{login['clientId']}'" if "clientId" in login else "this user"


def missing_right(settings: Settings, right: str, resource: str, *, or_absent: bool = False) -> TopicError:
    """Return the error of a user who lacks a right; with `or_absent` the resource may not exist either."""
    absent = ", or it does not exist" if or_absent else ""
    return TopicError(
        f"Kafka on {settings.servers} does not grant {user_of(settings)} the right {right} on {resource}{absent}; have "
        "an administrator grant it (docs/security.md lists the rights of each command)."
    )


def absent_topic(settings: Settings, topic: str) -> TopicError:
    """Return the error for a topic that Kafka does not show: it is absent, or this user may not see it."""
    hidden = f", or {user_of(settings)} may not see it (the right Describe)" if settings.kafka else ""
    return TopicError(
        f"Topic '{topic}' does not exist on {settings.servers}{hidden}; create it with `gistream topics create`, or "
        "correct its name."
    )


def denied(error: BaseException, settings: Settings, right: str, topics: Iterable[str]) -> TopicError | None:
    """Return the error when Kafka's client was denied `right` on one of `topics`; None for any other failure.

    Kafka names the topics that it denied; the client repeats the names, not always.
    """
    text = str(error)
    if not _WORDS.search(text):
        return None
    names = [name for name in topics if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", text)] or list(topics)
    resource = f"group '{settings.group_id}'" if "GroupAuthorization" in text else topics_as_text(names)
    return missing_right(settings, right, resource)


def topics_as_text(names: Iterable[str]) -> str:
    """Return topics as a message names them: topic 'a', or topics 'a' and 'b'."""
    quoted = [f"'{name}'" for name in names]
    return f"topic {quoted[0]}" if len(quoted) == 1 else f"topics {' and '.join(quoted)}"


class Described(Protocol):
    """A topic, and the rights that a user has on it in Kafka's words; a Kafka before 2.3 names none."""

    @property
    def name(self) -> str:
        """The topic's name."""

    @property
    def rights(self) -> list[str]:
        """READ, WRITE, ..."""


def check_rights(settings: Settings, inputs: Iterable[Described], outputs: Iterable[Described]) -> None:
    """Raise `TopicError` for the first topic that a query may not read or write; Spark would say so later."""
    for right, topics in (("Read", inputs), ("Write", outputs)):
        for topic in topics:
            if topic.rights and right.upper() not in topic.rights:
                raise missing_right(settings, right, f"topic '{topic.name}'")
