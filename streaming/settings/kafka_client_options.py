"""The options of Kafka's Java clients (consumer, producer, admin) and the values that they take.

As of kafka-clients 3.9.2, which Spark's connector brings: tests/spark compares this table with it.
"""

from __future__ import annotations

from collections.abc import Mapping

_INT, _LONG = 2**31 - 1, 2**63 - 1

# The least and the largest value of whole numbers.
WHOLE_NUMBERS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(
        (
            *("auto.commit.interval.ms", "batch.size", "default.api.timeout.ms", "delivery.timeout.ms"),
            *("fetch.max.bytes", "fetch.max.wait.ms", "fetch.min.bytes", "max.partition.fetch.bytes"),
            *("max.request.size", "request.timeout.ms", "retries"),
        ),
        (0, _INT),
    ),
    **dict.fromkeys(
        (
            *("max.in.flight.requests.per.connection", "max.poll.interval.ms", "max.poll.records"),
            "metrics.num.samples",
        ),
        (1, _INT),
    ),
    **dict.fromkeys(("receive.buffer.bytes", "send.buffer.bytes"), (-1, _INT)),
    **dict.fromkeys(
        (
            *("heartbeat.interval.ms", "sasl.login.connect.timeout.ms", "sasl.login.read.timeout.ms"),
            *("sasl.oauthbearer.clock.skew.seconds", "session.timeout.ms", "transaction.timeout.ms"),
        ),
        (-_INT - 1, _INT),
    ),
    **dict.fromkeys(
        (
            *("buffer.memory", "linger.ms", "max.block.ms", "metadata.max.age.ms", "metrics.sample.window.ms"),
            *("partitioner.availability.timeout.ms", "reconnect.backoff.max.ms", "reconnect.backoff.ms"),
            *("retry.backoff.max.ms", "retry.backoff.ms"),
        ),
        (0, _LONG),
    ),
    **dict.fromkeys(
        (
            *("connections.max.idle.ms", "sasl.kerberos.min.time.before.relogin", "sasl.login.retry.backoff.max.ms"),
            *("sasl.login.retry.backoff.ms", "sasl.oauthbearer.jwks.endpoint.refresh.ms"),
            "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
            "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms",
            *("socket.connection.setup.timeout.max.ms", "socket.connection.setup.timeout.ms"),
        ),
        (-_LONG - 1, _LONG),
    ),
    # -1 is the library's own level; Kafka refuses 0.
    "compression.gzip.level": (-1, 9),
    "compression.lz4.level": (1, 17),
    "compression.zstd.level": (-131072, 22),
    "metadata.max.idle.ms": (5000, _LONG),
    "sasl.login.refresh.buffer.seconds": (0, 3600),
    "sasl.login.refresh.min.period.seconds": (0, 900),
}
# The least and the largest value of decimal numbers; None is no limit.
DECIMALS: Mapping[str, tuple[float | None, float | None]] = {
    "sasl.kerberos.ticket.renew.jitter": (None, None),
    "sasl.kerberos.ticket.renew.window.factor": (None, None),
    "sasl.login.refresh.window.factor": (0.5, 1.0),
    "sasl.login.refresh.window.jitter": (0.0, 0.25),
}
BOOLEANS = frozenset(
    {
        *("allow.auto.create.topics", "auto.include.jmx.reporter", "check.crcs", "enable.auto.commit"),
        *("enable.idempotence", "enable.metrics.push", "exclude.internal.topics"),
        *("partitioner.adaptive.partitioning.enable", "partitioner.ignore.keys"),
        "sasl.oauthbearer.header.urlencode",
    }
)
# Words in their own case.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "acks": ("all", "-1", "0", "1"),
    "auto.offset.reset": ("latest", "earliest", "none"),
    "client.dns.lookup": ("use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"),
    "compression.type": ("none", "gzip", "snappy", "lz4", "zstd"),
    "isolation.level": ("read_committed", "read_uncommitted"),
    "metrics.recording.level": ("INFO", "DEBUG", "TRACE"),
}
# Words in any case.
CASELESS_CHOICES: Mapping[str, tuple[str, ...]] = {
    "group.protocol": ("CONSUMER", "CLASSIC"),
    "metadata.recovery.strategy": ("REBOOTSTRAP", "NONE"),
    "security.protocol": ("SASL_SSL", "PLAINTEXT", "SSL", "SASL_PLAINTEXT"),
}
# Names of Java classes, one or several.
CLASS_LISTS = frozenset({"metric.reporters", "security.providers"})
CLASSES = CLASS_LISTS | {
    *("partitioner.class", "sasl.client.callback.handler.class", "sasl.login.callback.handler.class"),
    *("sasl.login.class", "ssl.engine.factory.class"),
}
# Text, lists and names of classes, which only Kafka itself can judge.
TEXTS = frozenset(
    {
        *("bootstrap.controllers", "bootstrap.servers", "client.id", "client.rack", "group.id", "group.instance.id"),
        *("group.remote.assignor", "interceptor.classes", "key.deserializer", "key.serializer", "metric.reporters"),
        *("partition.assignment.strategy", "partitioner.class", "sasl.client.callback.handler.class"),
        *("sasl.jaas.config", "sasl.kerberos.kinit.cmd", "sasl.kerberos.service.name"),
        *("sasl.login.callback.handler.class", "sasl.login.class", "sasl.mechanism"),
        *("sasl.oauthbearer.expected.audience", "sasl.oauthbearer.expected.issuer"),
        *("sasl.oauthbearer.jwks.endpoint.url", "sasl.oauthbearer.scope.claim.name"),
        *("sasl.oauthbearer.sub.claim.name", "sasl.oauthbearer.token.endpoint.url", "security.providers"),
        *("ssl.cipher.suites", "ssl.enabled.protocols", "ssl.endpoint.identification.algorithm"),
        *("ssl.engine.factory.class", "ssl.key.password", "ssl.keymanager.algorithm"),
        *("ssl.keystore.certificate.chain", "ssl.keystore.key", "ssl.keystore.location", "ssl.keystore.password"),
        *("ssl.keystore.type", "ssl.protocol", "ssl.provider", "ssl.secure.random.implementation"),
        *("ssl.trustmanager.algorithm", "ssl.truststore.certificates", "ssl.truststore.location"),
        *("ssl.truststore.password", "ssl.truststore.type", "transactional.id", "value.deserializer"),
        "value.serializer",
    }
)
NAMES = frozenset({*WHOLE_NUMBERS, *DECIMALS, *BOOLEANS, *CHOICES, *CASELESS_CHOICES, *TEXTS})
