"""Kafka client options: one set, in Kafka's own (Java) names, in the shape of each client that gistream uses.

Spark's connector takes them as they are. kafka-python has other names for the same things, and reads the login that
Java clients keep in `sasl.jaas.config` from two options of its own. What only Java's clients know goes to Spark alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from streaming.errors import UsageError

# kafka-python's names, where they are not Kafka's with the dots replaced.
_RENAMED = {
    "ssl.truststore.location": "ssl_cafile",
    "ssl.keystore.location": "ssl_certfile",
    "ssl.key.password": "ssl_password",
}
_SAME = {
    "security.protocol",
    "sasl.mechanism",
    "client.id",
    "request.timeout.ms",
    "retry.backoff.ms",
    "metadata.max.age.ms",
    "connections.max.idle.ms",
    "reconnect.backoff.ms",
    "reconnect.backoff.max.ms",
    "sasl.kerberos.service.name",
}
_LOGIN = re.compile(r'(username|password)\s*=\s*"((?:[^"\\]|\\.)*)"')
_SECRET = re.compile(r"password|secret|jaas|token|keystore\.key|private", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Tell whether the value of the option `name` must never be shown."""
    return _SECRET.search(name) is not None


def for_spark(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options as Spark's Kafka source and sink take them."""
    return {f"kafka.{name}": value for name, value in options.items()}


def for_python(options: Mapping[str, str]) -> dict[str, Any]:
    """Return the options as kafka-python takes them.

    Raises `UsageError` for a store that is no PEM file, or a value that is no whole number where Kafka
    wants one.
    """
    found: dict[str, Any] = {}
    for name, value in options.items():
        if name == "sasl.jaas.config":
            found.update(_login(value))
        elif name == "ssl.endpoint.identification.algorithm":
            found["ssl_check_hostname"] = bool(value)
        elif name in _RENAMED:
            kind = name.replace(".location", ".type")
            if kind != name and options.get(kind) != "PEM":
                raise UsageError(
                    f"The Kafka option '{name}' must name a PEM file, with '{kind}' set to PEM: Java's own stores "
                    "cannot be read by gistream's Python clients."
                )
            found[_RENAMED[name]] = value
        elif name in _SAME:
            found[name.replace(".", "_")] = _whole_number(name, value) if name.endswith(".ms") else value
    return found


def _whole_number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise UsageError(f"The Kafka option '{name}' takes a whole number of milliseconds, not '{value}'.") from error


def _login(jaas: str) -> dict[str, str]:
    login = {name: re.sub(r"\\(.)", r"\1", value) for name, value in _LOGIN.findall(jaas)}
    if set(login) != {"username", "password"}:
        raise UsageError('The Kafka option \'sasl.jaas.config\' must hold username="..." and password="...".')
    return {"sasl_plain_username": login["username"], "sasl_plain_password": login["password"]}


def flat(value: Any) -> Any:
    """Return Kafka options by their dotted names; a dotted name in TOML is a table in a table."""
    return dict(_dotted(value)) if isinstance(value, Mapping) else value


def _dotted(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            found += _dotted(inner, f"{prefix}{name}.")
        else:
            text = inner if isinstance(inner, str) else json.dumps(inner)
            found.append((f"{prefix}{name}".removeprefix("kafka."), text))
    return found
