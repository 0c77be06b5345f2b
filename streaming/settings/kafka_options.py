"""Kafka client options: one set in Kafka's own (Java) names, translated for each client that gistream uses.

Spark's connector takes them as they are. kafka-python has other names for the same options, and two options for the
login that Java clients keep in `sasl.jaas.config`. Options that only Java's clients know go to Spark alone. References
to secrets (`kafka_secrets`) go to Java's clients as they are; Python's get what they name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from streaming.errors import UsageError
from streaming.settings.kafka_secrets import is_secret, provider_options, with_secrets
from streaming.settings.pem_files import KEYSTORE, TRUSTSTORE, check_pem

ENDPOINT = "sasl.oauthbearer.token.endpoint.url"
# Kafka's own class, which gets a token for client credentials; by default Java's clients would make an unsigned one.
LOGIN_HANDLER = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler"
_HANDLER_OPTION = "sasl.login.callback.handler.class"

# kafka-python's names that differ by more than the dots.
_RENAMED = {
    TRUSTSTORE: "ssl_cafile",
    KEYSTORE: "ssl_certfile",
    "ssl.key.password": "ssl_password",
}
# Java's clients take the text of a PEM file, too.
_AS_TEXT = {
    "ssl.truststore.certificates": TRUSTSTORE,
    "ssl.keystore.certificate.chain": KEYSTORE,
    "ssl.keystore.key": KEYSTORE,
}
_SAME = {
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
_LOGIN = re.compile(r'([\w.]+)\s*=\s*"((?:[^"\\]|\\.)*)"')


def for_spark(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options as Spark's Kafka source and sink take them."""
    java = {**provider_options(options), **options}
    if uses_token(options):
        java.setdefault(_HANDLER_OPTION, LOGIN_HANDLER)
    return {f"kafka.{name}": value for name, value in java.items()}


def uses_token(options: Mapping[str, str]) -> bool:
    """Tell whether a client logs in with a token of an identity provider."""
    return options.get("sasl.mechanism", "").strip() == "OAUTHBEARER"


def login_of(options: Mapping[str, str]) -> dict[str, str]:
    """Return the names and values of `sasl.jaas.config`, references to secrets replaced; empty without one."""
    jaas = with_secrets({"sasl.jaas.config": options.get("sasl.jaas.config", "")})["sasl.jaas.config"]
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in _LOGIN.findall(jaas)}


def for_python(options: Mapping[str, str]) -> dict[str, Any]:
    """Return the options as kafka-python takes them.

    The token of OAUTHBEARER is not among them: `access.options` has it.

    Raises `UsageError` for a store that is missing, damaged or no PEM file, for milliseconds that are no number, and
    for a reference to a secret that is not there.
    """
    translated: dict[str, Any] = {}
    options = with_secrets(options)
    for name, text in options.items():
        # Java's clients ignore blanks around a value, except in a password.
        value = text if is_secret(name) else text.strip()
        if name == "sasl.jaas.config":
            translated.update({} if uses_token(options) else _login(options))
        elif name == "ssl.endpoint.identification.algorithm":
            translated["ssl_check_hostname"] = bool(value)
        elif name in _AS_TEXT:
            raise UsageError(
                f"The Kafka option '{name}' holds PEM text, which gistream's Python clients cannot use; write it into "
                f"a file, and name that with '{_AS_TEXT[name]}'."
            )
        elif name in (TRUSTSTORE, KEYSTORE):
            kind = name.replace(".location", ".type")
            if options.get(kind, "").strip() != "PEM":
                raise UsageError(
                    f"The Kafka option '{name}' must name a PEM file, with '{kind}' set to PEM: Java's own stores "
                    "cannot be read by gistream's Python clients."
                )
            check_pem(name, value, options)
            translated[_RENAMED[name]] = value
        elif name in _RENAMED:
            translated[_RENAMED[name]] = value
        elif name == "security.protocol":
            translated["security_protocol"] = value.upper()
        elif name in _SAME:
            translated[name.replace(".", "_")] = _whole_number(name, value) if name.endswith(".ms") else value
    return translated


def _whole_number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise UsageError(f"The Kafka option '{name}' takes a whole number of milliseconds, not '{value}'.") from error


def _login(options: Mapping[str, str]) -> dict[str, str]:
    login = login_of(options)
    if not {"username", "password"} <= set(login):
        raise UsageError('The Kafka option \'sasl.jaas.config\' must hold username="..." and password="...".')
    return {"sasl_plain_username": login["username"], "sasl_plain_password": login["password"]}


def flat(value: Any) -> Any:
    """Return Kafka options by their dotted names: in TOML a dotted name is a table in a table."""
    return dict(_dotted(value)) if isinstance(value, Mapping) else value


def _dotted(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    options: list[tuple[str, str]] = []
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            options += _dotted(inner, f"{prefix}{name}.")
        else:
            # Kafka's lists are names with commas between them.
            items = inner if isinstance(inner, list) else [inner]
            text = ",".join(
                item if isinstance(item, str) else json.dumps(item, default=str).strip('"') for item in items
            )
            options.append((f"{prefix}{name}".removeprefix("kafka."), text))
    return options
