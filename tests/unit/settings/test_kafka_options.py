from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from pem_texts import CERTIFICATE, ENCRYPTED_KEY

from streaming.errors import UsageError
from streaming.settings.kafka_options import for_python, for_spark, is_secret

JAAS = 'org.apache.kafka.common.security.{} required username="{}" password="{}";'
PLAIN = JAAS.format("plain.PlainLoginModule", "alice", "Xyzzy")
SASL = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.jaas.config": PLAIN}


@pytest.fixture
def pem(tmp_path: Path) -> dict[str, str]:
    """Options that name PEM files."""
    trust, key = tmp_path / "trust.pem", tmp_path / "key.pem"
    trust.write_text(CERTIFICATE)
    key.write_text(CERTIFICATE + ENCRYPTED_KEY)
    return {
        "security.protocol": "SSL",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(trust),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(key),
        "ssl.key.password": "Xyzzy",
    }


def test_spark_gets_every_option_as_it_is() -> None:
    assert for_spark({**SASL, "anything.at.all": "5"}) == {
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": "PLAIN",
        "kafka.sasl.jaas.config": PLAIN,
        "kafka.anything.at.all": "5",
    }


def test_python_reads_the_login_of_java() -> None:
    assert for_python(SASL) == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "alice",
        "sasl_plain_password": "Xyzzy",
    }


@pytest.mark.parametrize(
    ("jaas", "username", "password"),
    [
        (JAAS.format("scram.ScramLoginModule", "alice", "Xyzzy"), "alice", "Xyzzy"),
        ('x required\n  password = "p w;=" \n username = "ali ce";', "ali ce", "p w;="),
        ('x required username="a" password="quote \\" slash \\\\";', "a", 'quote " slash \\'),
        ('x required username="" password="";', "", ""),
    ],
)
def test_a_login_is_read_however_it_is_written(jaas: str, username: str, password: str) -> None:
    options = for_python({"sasl.jaas.config": jaas})
    assert options == {"sasl_plain_username": username, "sasl_plain_password": password}


@pytest.mark.parametrize("jaas", ["", "Xyzzy", 'x required username="Xyzzy";', 'x required password="Xyzzy";'])
def test_a_login_without_name_or_password_is_refused_and_not_repeated(jaas: str) -> None:
    with pytest.raises(UsageError, match=r"sasl\.jaas\.config") as caught:
        for_python({"sasl.jaas.config": jaas})
    assert "Xyzzy" not in str(caught.value)


def test_python_reads_the_pem_files_of_java(pem: dict[str, str]) -> None:
    assert for_python(pem) == {
        "security_protocol": "SSL",
        "ssl_cafile": pem["ssl.truststore.location"],
        "ssl_certfile": pem["ssl.keystore.location"],
        "ssl_password": "Xyzzy",
    }


@pytest.mark.parametrize(("value", "check"), [("", False), ("https", True)])
def test_an_empty_identification_algorithm_switches_the_hosts_check_off(value: str, check: bool) -> None:
    assert for_python({"ssl.endpoint.identification.algorithm": value}) == {"ssl_check_hostname": check}


def test_milliseconds_are_whole_numbers() -> None:
    assert for_python({"request.timeout.ms": "5000"}) == {"request_timeout_ms": 5000}
    with pytest.raises(UsageError, match=r"'request\.timeout\.ms'.*'5 s'"):
        for_python({"request.timeout.ms": "5 s"})


@pytest.mark.parametrize("name", ["max.poll.records", "compression.type", "ssl.truststore.password"])
def test_what_only_java_knows_goes_to_spark_alone(name: str) -> None:
    assert for_python({name: "1"}) == {}
    assert for_spark({name: "1"}) == {f"kafka.{name}": "1"}


@pytest.mark.parametrize("name", ["ssl.truststore.location", "ssl.keystore.location"])
def test_a_store_that_python_cannot_read_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=rf"'{name}' must name a PEM file"):
        for_python({name: "/etc/kafka/store.jks"})


# A private key as Java takes it: the PEM text itself, where kafka-python wants the name of a file.
@pytest.mark.parametrize("name", ["ssl.keystore.key", "ssl.keystore.certificate.chain", "ssl.truststore.certificates"])
def test_a_key_given_as_text_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(UsageError, match=rf"'{name}' holds PEM text.*name that with 'ssl\.") as caught:
        for_python({name: "-----BEGIN PRIVATE KEY-----\nXyzzy\n-----END PRIVATE KEY-----"})
    assert "Xyzzy" not in str(caught.value)


def test_a_protocol_in_small_letters_is_not_taken_for_plain_text() -> None:
    assert for_python({"security.protocol": " sasl_ssl "}) == {"security_protocol": "SASL_SSL"}


@pytest.mark.parametrize("client", [KafkaProducer, KafkaConsumer, KafkaAdminClient])
def test_kafka_python_has_every_option_we_translate_to(client: type, pem: dict[str, str]) -> None:
    numbers = dict.fromkeys(("request.timeout.ms", "retry.backoff.ms", "metadata.max.age.ms"), "5")
    more = {"connections.max.idle.ms": "5", "reconnect.backoff.ms": "5", "reconnect.backoff.max.ms": "5"}
    rest = {"client.id": "a", "sasl.kerberos.service.name": "kafka", "ssl.endpoint.identification.algorithm": ""}
    options = for_python({**SASL, **pem, **numbers, **more, **rest})
    assert set(options) <= set(client.DEFAULT_CONFIG), inspect.getfile(client)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("sasl.jaas.config", True), ("ssl.key.password", True), ("ssl.keystore.key", True), ("SSL.Key.Password", True),
        ("sasl.oauthbearer.client.secret", True), ("sasl.oauthbearer.token.endpoint.url", False),
        ("sasl.mechanism", False), ("ssl.keystore.location", False), ("security.protocol", False),
    ],
)  # fmt: skip
def test_what_may_hold_a_secret_is_known_by_its_name(name: str, secret: bool) -> None:
    assert is_secret(name) is secret
