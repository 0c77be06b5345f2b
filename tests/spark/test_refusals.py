"""Who is not let in by Kafka reads one sentence that says why, at once: from gistream's own clients and from Spark's.

The broker is real, and so are its certificates, logins and tokens.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from acls import Right, grant
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from secure_broker import SecureBroker

from consumers.tail import Tail
from streaming.access import check_access
from streaming.errors import BrokerAway, BrokerError, GistreamError, TopicError
from streaming.kafka.topics import Admin
from streaming.settings import Settings, load
from streaming.spark.checkpoint.checkpoint import Checkpoint
from streaming.spark.explain import explain
from streaming.spark.source import read_documents

# Spark tells at once of a login; of a port that says nothing only after these, in milliseconds.
PATIENCE = {"request.timeout.ms": "1000", "default.api.timeout.ms": "1000"}
# Java's clients ask for a token again for ten seconds.
IMPATIENT = {"sasl.login.retry.backoff.max.ms": "200", "sasl.login.retry.backoff.ms": "100"}


def cases(kafka: SecureBroker) -> dict[str, tuple[dict[str, str], str, str]]:
    """Return options, listener and sentence of each way to be refused."""
    login, own = kafka.login("query"), kafka.authority
    unknown = {**kafka.tls, "ssl.truststore.location": str(kafka.other_authority.file)}
    refused = r"refuses the login of user '\w+' with {}: there is no such user, or the password is wrong"
    scram, plain = refused.format("SCRAM-SHA-512"), refused.format("PLAIN")
    away = kafka.token(url="http://127.0.0.1:1/token")
    return {
        "wrong password": (kafka.login("query", password="wrong-Zq7wX"), "LOGIN", scram),
        "unknown user": (kafka.login("stranger"), "LOGIN", scram),
        "wrong plain password": (kafka.login("stranger", "PLAIN"), "LOGIN", plain),
        "expired server": (kafka.tls, "EXPIRED", r"The certificate of Kafka on \S+ has expired; have"),
        "wrong host name": (kafka.tls, "OTHERNAME", r"The certificate of Kafka on \S+ is for another host name"),
        "unknown authority": (unknown, "MTLS", r"is signed by none of the authorities in \S+other-authority.pem"),
        "no client certificate": (kafka.tls, "MTLS", "wants a certificate of its clients; name a PEM file"),
        "expired client": (
            kafka.certificate(own.sign("late", days=-1)), "MTLS", r"client certificate in \S+late.pem: it has expired",
        ),
        "foreign client": (
            kafka.certificate(kafka.other_authority.sign("foreign")), "MTLS", "signed by no authority that this Kafka",
        ),
        "plain client": (PATIENCE, "LOGIN", "speaks TLS on this port, and security.protocol is PLAINTEXT"),
        "TLS to a plain port": ({**kafka.tls, **PATIENCE}, "INTERNAL", "does not speak TLS on this port"),
        "no login": ({**kafka.tls, **PATIENCE}, "LOGIN", "a port does that wants a login"),
        "login where none is": (
            {**login, **{n: v for n, v in kafka.certificate(own.sign("double")).items() if "keystore" in n}}, "MTLS",
            "takes no login on this port, and security.protocol is SASL_SSL; set it to SSL",
        ),
        "client refused": (
            {**kafka.token("stranger"), **IMPATIENT}, "LOGIN", r"the client 'stranger' no token: .* \(invalid_client\)",
        ),
        "token endpoint away": (
            {**away, **IMPATIENT}, "LOGIN", "gives no token for the login to Kafka: it cannot be reached",
        ),
    }  # fmt: skip


def settings_of(kafka: SecureBroker, options: Mapping[str, str], listener: str, data_dir: Path) -> Settings:
    """Return the settings of a client."""
    return load({"bootstrap_servers": kafka.servers(listener), "kafka": dict(options), "data_dir": data_dir})


def check(error: GistreamError, sentence: str, *, away: bool) -> None:
    """Check an error's sentence, and that only what may be over by itself is tried again."""
    assert re.search(sentence, str(error)), str(error)
    assert (error.exit_code, error.transient) == (4, away)
    assert "Zq7wX" not in str(error)


def test_gistreams_own_clients_say_why_they_are_refused(secured: SecureBroker, tmp_path: Path) -> None:
    for name, (options, listener, sentence) in cases(secured).items():
        began = time.monotonic()
        with pytest.raises(BrokerError) as caught:
            check_access(settings_of(secured, options, listener, tmp_path))
        check(caught.value, sentence, away=name == "token endpoint away")
        # Kafka holds back its answer to a wrong login a little; nobody waits for a time-out.
        assert time.monotonic() - began < 10, name
    with pytest.raises(BrokerError, match="refuses the login"):
        Tail(settings_of(secured, secured.login("stranger"), "LOGIN", tmp_path))


def test_spark_says_the_same(secured: SecureBroker, spark: SparkSession, tmp_path: Path) -> None:
    started = {}
    for name, (options, listener, sentence) in cases(secured).items():
        settings = settings_of(secured, options, listener, tmp_path)
        stream = read_documents(spark, settings, most=1).writeStream.format("noop")
        query = stream.option("checkpointLocation", str(tmp_path / name)).start()
        started[name] = (query, settings, sentence)
    for name, (query, settings, sentence) in started.items():
        with pytest.raises(PySparkException) as caught:
            query.awaitTermination(60)
        error = explain(caught.value, settings, Checkpoint(str(tmp_path / name)))
        check(error, sentence, away=name == "token endpoint away")


def test_a_missing_right_is_named_with_its_resource_and_its_user(
    secured: SecureBroker, spark: SparkSession, tmp_path: Path
) -> None:
    settings = settings_of(secured, secured.login("nobody"), "LOGIN", tmp_path)
    with (
        pytest.raises(TopicError, match=r"not grant user 'nobody' the right Describe on topic 'documents'"),
        Admin(settings) as admin,
    ):
        admin.describe(["documents"])
    admin_client = secured.admin()
    grant(admin_client, [Right("nobody", "topic", "documents", "Describe")])
    with pytest.raises(TopicError, match=r"the right DescribeConfigs on topic 'documents'"), Admin(settings) as admin:
        admin.describe(["documents"])
    admin_client.close()
    query = read_documents(spark, settings, most=1).writeStream.format("noop").start()
    with pytest.raises(PySparkException) as caught:
        query.awaitTermination(60)
    error = explain(caught.value, settings, Checkpoint(str(tmp_path / "none")))
    assert isinstance(error, TopicError)
    assert "does not grant user 'nobody' the right Read on topic 'documents'" in str(error)


def test_a_running_query_gets_over_an_identity_provider_that_was_away(secured: SecureBroker, tmp_path: Path) -> None:
    settings = settings_of(secured, secured.token(), "LOGIN", tmp_path)
    expired = 'org.apache.kafka.common.errors.SaslAuthenticationException: {"status":"invalid_token"}'
    error = explain(RuntimeError(expired), settings, Checkpoint(str(tmp_path)))
    assert isinstance(error, BrokerAway)
