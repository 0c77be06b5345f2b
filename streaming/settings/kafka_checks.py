"""Checks options of Kafka's clients before any client gets them: their names, their values, and what gistream decides.

Kafka's clients and Spark refuse wrong options only when a query has started, and pass over names that they do not know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from streaming.errors import UsageError
from streaming.settings.kafka_client_options import (
    BOOLEANS,
    CASELESS_CHOICES,
    CHOICES,
    CLASS_LISTS,
    CLASSES,
    DECIMALS,
    NAMES,
    WHOLE_NUMBERS,
)
from streaming.settings.kafka_options import ENDPOINT, LOGIN_HANDLER, login_of, uses_token
from streaming.settings.misplaced import guess

_BYTES = "gistream reads and writes records as bytes (see `format`); leave it out"
_NO_MEMBERS = "gistream's group has no members: Spark gives each executor its partitions; leave it out"
# What gistream or Spark decides for itself. Spark refuses the first seven after its start, and takes the others
# silently, or changes them.
_DECIDED: Mapping[str, str] = {
    "auto.offset.reset": "a new query begins with the oldest record, a later start where its checkpoint says; leave it "
    "out",
    "key.deserializer": _BYTES,
    "value.deserializer": _BYTES,
    "key.serializer": _BYTES,
    "value.serializer": _BYTES,
    "enable.auto.commit": "gistream commits the offsets of each finished micro-batch itself; leave it out",
    "interceptor.classes": "Spark reads without interceptors, which could change records; leave it out",
    "auto.commit.interval.ms": "gistream commits the offsets of each finished micro-batch itself; leave it out",
    "bootstrap.servers": "Kafka's address is the setting bootstrap_servers (--bootstrap-servers)",
    "bootstrap.controllers": "Kafka's address is the setting bootstrap_servers (--bootstrap-servers)",
    "group.id": "the consumer group is 'gistream-' and the query's name, which is the setting query (--query)",
    "group.instance.id": _NO_MEMBERS,
    "group.protocol": _NO_MEMBERS,
    "group.remote.assignor": _NO_MEMBERS,
    "partition.assignment.strategy": _NO_MEMBERS,
    "isolation.level": "gistream always reads committed records alone; leave it out",
    "transactional.id": "gistream's results are written at least once, without transactions; leave it out",
}
# The names of other clients (librdkafka, kafka-python), as Java's clients write them.
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(
        ("sasl.username", "sasl.password", "sasl.plain.username", "sasl.plain.password"),
        'Java\'s clients take a login as sasl.jaas.config = \'... required username="..." password="...";\'',
    ),
    "sasl.mechanisms": "Java's clients call it sasl.mechanism",
    **dict.fromkeys(
        ("ssl.ca.location", "ssl.cafile"),
        "Java's clients call it ssl.truststore.location, with ssl.truststore.type = PEM",
    ),
    **dict.fromkeys(
        ("ssl.certificate.location", "ssl.certfile", "ssl.key.location", "ssl.keyfile"),
        "Java's clients call it ssl.keystore.location, a file of certificate and key, with ssl.keystore.type = PEM",
    ),
    "compression.codec": "Java's clients call it compression.type",
}
# With one of these, other names may be options of the class that it names.
_OWN_CLASSES = ("metric.reporters", "security.providers")
# Those that gistream's Python client has, too, without a program of the user's.
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "GSSAPI")
_WITH_LOGIN = MECHANISMS[:4]


# Java's clients take these, and then cannot work: with less, no result, or no answer to a first question, would pass.
_LEAST: Mapping[str, int] = {
    # Kafka's own default of a message, which a summary with its metadata may take.
    "max.request.size": 2**20,
    "buffer.memory": 2**20,
    "max.block.ms": 1000,
    "socket.connection.setup.timeout.ms": 1000,
    "socket.connection.setup.timeout.max.ms": 1000,
}
# Java's sockets refuse 0; -1 is the system's own size.
_SOCKET_BUFFERS = ("receive.buffer.bytes", "send.buffer.bytes")
_TLS = ("TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1")
_CLASS = re.compile(r"(?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$][\w$]*", re.ASCII)
# `Module flag name="value" ...;`, as Java reads it.
_JAAS = re.compile(r"\s*(\S+)\s+(?:required|requisite|sufficient|optional)\s.*;\s*", re.IGNORECASE | re.DOTALL)
_LOGIN_MODULES = {
    "PLAIN": ".plain.PlainLoginModule",
    "SCRAM-SHA-256": ".scram.ScramLoginModule",
    "SCRAM-SHA-512": ".scram.ScramLoginModule",
    "OAUTHBEARER": ".oauthbearer.OAuthBearerLoginModule",
    "GSSAPI": ".Krb5LoginModule",
}
# What a login with a token needs in sasl.jaas.config.
_CREDENTIALS = ("clientId", "clientSecret")


def check_sizes(options: Mapping[str, str], largest: int) -> None:
    """Raise `UsageError` when a record of `largest` bytes, which a topic takes, would not fit Java's producer."""
    for name in ("max.request.size", "buffer.memory"):
        if name in options and int(options[name]) < largest:
            raise UsageError(
                f"The Kafka option '{name}' is {int(options[name]):,}, and a result may have {largest:,} bytes: its "
                "topic takes them (max.message.bytes); leave it out: gistream sets it as the topics need it."
            )


def check_options(options: Mapping[str, str]) -> None:
    """Raise `ValueError` for the first option with a wrong name or value, or for options that contradict each other."""
    for name, value in options.items():
        _check_name(name, options)
        _check_value(name, value.strip())
    _check_login(options)
    _check_stores(options)
    _check_together({name: value.strip() for name, value in options.items()})


def _check_name(name: str, options: Mapping[str, str]) -> None:
    if name in _DECIDED:
        raise ValueError(f"the option '{name}' is not yours to set: {_DECIDED[name]}")
    if name in NAMES:
        return
    # kafka-python has underscores.
    plain = name.casefold().replace("_", ".").replace("-", ".")
    if plain in _ELSEWHERE:
        raise ValueError(f"Kafka's clients have no option '{name}': {_ELSEWHERE[plain]}")
    alike = guess(plain, NAMES)
    if alike or not any(option.endswith((".class", *_OWN_CLASSES)) for option in options):
        raise ValueError(f"Kafka's clients have no option '{name}'{alike or '; leave it out'}")


def _check_value(name: str, value: str) -> None:
    """Raise `ValueError` for a value that Kafka's clients refuse. None of these options holds a secret."""
    if name in WHOLE_NUMBERS:
        least, most = WHOLE_NUMBERS[name]
        least = max(least, _LEAST.get(name, least))
        if not _is_whole(value) or not least <= int(value) <= most or (name in _SOCKET_BUFFERS and int(value) == 0):
            unit = " of milliseconds" if name.endswith(".ms") else " of bytes" if name.endswith(".bytes") else ""
            raise ValueError(f"the option '{name}' takes a whole number{unit} from {least} to {most}, not '{value}'")
    elif name in CLASSES:
        for name_of_class in value.split(",") if name in CLASS_LISTS else (value,):
            if not _CLASS.fullmatch(name_of_class.strip()):
                raise ValueError(f"the option '{name}' takes the name of a Java class, not '{name_of_class.strip()}'")
    elif name == "ssl.protocol":
        _check_choice(name, value, ("TLS", *_TLS), value)
    elif name == "ssl.enabled.protocols":
        for protocol in value.split(","):
            _check_choice(name, protocol.strip(), _TLS, protocol.strip())
    elif name in DECIMALS:
        lowest, highest = DECIMALS[name]
        if not _is_decimal(value, lowest, highest):
            limits = "" if lowest is None else f" from {lowest} to {highest}"
            raise ValueError(f"the option '{name}' takes a number{limits}, not '{value}'")
    elif name in BOOLEANS:
        _check_choice(name, value.casefold(), ("true", "false"), value)
    elif name in CHOICES:
        _check_choice(name, value, CHOICES[name], value)
    elif name in CASELESS_CHOICES:
        _check_choice(name, value.upper(), CASELESS_CHOICES[name], value)
    elif name == "sasl.mechanism":
        _check_choice(name, value, MECHANISMS, value)
    elif name == "ssl.endpoint.identification.algorithm":
        _check_choice(name, value.casefold(), ("https", ""), value)


def _check_choice(name: str, value: str, choices: tuple[str, ...], shown: str) -> None:
    if value not in choices:
        raise ValueError(
            f"the option '{name}' takes {' or '.join(choice or 'an empty text' for choice in choices)}, not '{shown}'"
        )


def _check_login(options: Mapping[str, str]) -> None:
    protocol = options.get("security.protocol", "PLAINTEXT").strip().upper()
    mechanism = options.get("sasl.mechanism", "").strip()
    if protocol.startswith("SASL_"):
        if not mechanism:
            raise ValueError(f"security.protocol {protocol} needs the option sasl.mechanism: {', '.join(MECHANISMS)}")
        if mechanism in _WITH_LOGIN and "sasl.jaas.config" not in options:
            raise ValueError(f"sasl.mechanism {mechanism} needs a login, the option sasl.jaas.config")
        _check_jaas(options.get("sasl.jaas.config"), mechanism)
        if uses_token(options):
            _check_token(options)
    elif "sasl.jaas.config" in options:
        raise ValueError(
            f"the login in sasl.jaas.config would not be used, because security.protocol is {protocol}; set it to "
            "SASL_SSL, or to SASL_PLAINTEXT"
        )


def _check_token(options: Mapping[str, str]) -> None:
    """Check a login with a token: both kinds of client get it from the endpoint, for client credentials."""
    if not re.match(r"https?://[^\s,@\"'\\]+$", options.get(ENDPOINT, "").strip()):
        raise ValueError(
            f"sasl.mechanism OAUTHBEARER needs the option {ENDPOINT}, the http(s) address at which the identity "
            "provider gives tokens, without a login in it"
        )
    if missing := [name for name in _CREDENTIALS if not login_of(options).get(name)]:
        raise ValueError(
            f'sasl.mechanism OAUTHBEARER needs {missing[0]}="..." in the option sasl.jaas.config, the credentials of a '
            "client of the identity provider"
        )
    handler = options.get("sasl.login.callback.handler.class", LOGIN_HANDLER).strip()
    if handler.rpartition(".")[2] != LOGIN_HANDLER.rpartition(".")[2]:
        raise ValueError(
            "the option 'sasl.login.callback.handler.class' names a class of your own, and gistream's Python clients "
            "cannot run it; leave it out"
        )


def _check_stores(options: Mapping[str, str]) -> None:
    if not options.get("security.protocol", "").strip().upper().endswith("SSL"):
        return
    for store in ("ssl.truststore", "ssl.keystore"):
        if f"{store}.password" in options and f"{store}.location" not in options:
            raise ValueError(
                f"the option '{store}.password' is set, and '{store}.location' is not, which Java's clients refuse; "
                "leave it out"
            )


def _check_jaas(jaas: str | None, mechanism: str) -> None:
    """Check the form of a login without repeating any of it."""
    if jaas is None:
        return
    match = _JAAS.fullmatch(jaas)
    if match is None or not match[1].endswith(_LOGIN_MODULES[mechanism]):
        raise ValueError(
            f"the option 'sasl.jaas.config' does not have the form that sasl.mechanism {mechanism} needs: "
            f"'PACKAGE{_LOGIN_MODULES[mechanism]} required name=\"value\" ...;', with the semicolon at its end"
        )


def _check_together(options: Mapping[str, str]) -> None:
    """Check what Java's clients check when they start: options that go together."""
    if options.get("acks", "all") not in ("all", "-1"):
        raise ValueError("with the option 'acks' below all, results could be lost when a broker fails; leave it out")
    if options.get("enable.idempotence", "true").casefold() == "true":
        if int(options.get("retries", 1)) == 0:
            raise ValueError("with the option 'retries' at 0, results could be lost; leave it out")
        if int(options.get("max.in.flight.requests.per.connection", 1)) > 5:
            raise ValueError(
                "with the option 'max.in.flight.requests.per.connection' above 5, results could change their order; "
                "lower it, or leave it out"
            )
    linger, request = int(options.get("linger.ms", 0)), int(options.get("request.timeout.ms", 30_000))
    if "delivery.timeout.ms" in options and int(options["delivery.timeout.ms"]) < linger + request:
        raise ValueError(
            "the option 'delivery.timeout.ms' must be at least linger.ms and request.timeout.ms together, "
            f"{linger + request}"
        )
    if "default.api.timeout.ms" in options and int(options["default.api.timeout.ms"]) < request:
        raise ValueError(f"the option 'default.api.timeout.ms' must be at least request.timeout.ms, {request}")
    heartbeat, session = int(options.get("heartbeat.interval.ms", 3000)), int(options.get("session.timeout.ms", 45_000))
    if not 0 <= heartbeat < session:
        raise ValueError(
            "the option 'heartbeat.interval.ms' (3000 when it is not set) must be less than session.timeout.ms (45000 "
            "when it is not set), and not less than 0"
        )
    batch, memory = int(options.get("batch.size", 16_384)), int(options.get("buffer.memory", 32 * 2**20))
    if batch > memory:
        raise ValueError(f"the option 'batch.size' must not be more than buffer.memory, {memory}")
    if request <= int(options.get("fetch.max.wait.ms", 500)):
        raise ValueError("the option 'request.timeout.ms' must be more than fetch.max.wait.ms (500 when it is not set)")
    if request >= int(options.get("connections.max.idle.ms", 540_000)) >= 0:
        raise ValueError(
            "the option 'request.timeout.ms' must be less than connections.max.idle.ms (540000 when it is not set)"
        )


def _is_whole(value: str) -> bool:
    # Of all that Python takes for a number, Java refuses underscores.
    try:
        return "_" not in value and int(value) is not None
    except ValueError:
        return False


def _is_decimal(value: str, lowest: float | None, highest: float | None) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    return (lowest is None or number >= lowest) and (highest is None or number <= highest)
