"""What Kafka's clients or Spark would refuse later, or pass over in silence, is refused before anything starts."""

from __future__ import annotations

import pytest

from streaming.errors import UsageError
from streaming.settings.kafka_checks import check_options, check_sizes
from streaming.settings.kafka_client_options import NAMES, WHOLE_NUMBERS

LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="Xyzzy";'
SASL = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.jaas.config": LOGIN}


def refusal_of(options: dict[str, str]) -> str:
    with pytest.raises(ValueError, match=r"option|needs|used") as caught:
        check_options(options)
    assert "Xyzzy" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "what_to_do"),
    [
        ("auto.offset.reset", "a new query begins with the oldest record"),
        ("key.deserializer", "see `format`"), ("value.deserializer", "see `format`"),
        ("key.serializer", "see `format`"), ("value.serializer", "see `format`"),
        ("enable.auto.commit", "commits the offsets of each finished micro-batch"),
        ("interceptor.classes", "without interceptors"),
        ("bootstrap.servers", "--bootstrap-servers"), ("group.id", "--query"),
        ("group.instance.id", "leave it out"), ("partition.assignment.strategy", "leave it out"),
        ("isolation.level", "committed records alone"), ("transactional.id", "at least once"),
    ],
)  # fmt: skip
def test_what_gistream_decides_itself_is_refused_with_what_to_do(name: str, what_to_do: str) -> None:
    message = refusal_of({name: "earliest"})
    assert message.startswith(f"the option '{name}' is not yours to set: ")
    assert what_to_do in message


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("securty.protocol", "security.protocol"), ("security_protocol", "security.protocol"),
        ("Security.Protocol", "security.protocol"), ("sasl.mecanism", "sasl.mechanism"),
        ("request.timout.ms", "request.timeout.ms"), ("compresion.type", "compression.type"),
        ("max.poll.record", "max.poll.records"), ("client-id", "client.id"),
    ],
)  # fmt: skip
def test_a_misspelt_option_is_refused_with_the_one_that_is_meant(name: str, meant: str) -> None:
    assert refusal_of({name: "1"}) == f"Kafka's clients have no option '{name}' (did you mean '{meant}'?)"


@pytest.mark.parametrize("name", ["startingOffsets", "spring.kafka.topic", "topic", "anything.at.all"])
def test_an_option_that_kafka_would_pass_over_is_refused(name: str) -> None:
    assert refusal_of({name: "1"}) == f"Kafka's clients have no option '{name}'; leave it out"


def test_options_of_a_users_own_class_are_passed_on_and_misspelt_ones_of_kafka_are_not() -> None:
    own = {"metric.reporters": "com.example.Reporter", "example.reporter.interval": "5"}
    check_options(own)
    assert "did you mean 'linger.ms'" in refusal_of({**own, "lingr.ms": "5"})


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sasl.username", "sasl.jaas.config"), ("sasl_plain_password", "sasl.jaas.config"),
        ("sasl.mechanisms", "sasl.mechanism"), ("ssl.ca.location", "ssl.truststore.location"),
        ("ssl_certfile", "ssl.keystore.location"),
    ],
)  # fmt: skip
def test_the_names_of_other_clients_are_translated_in_the_refusal(name: str, says: str) -> None:
    assert says in refusal_of({name: "Xyzzy"})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("security.protocol", ("FOO", "", "TLS")), ("sasl.mechanism", ("FOO", "plain", "oauthbearer", "AWS_MSK_IAM")),
        ("request.timeout.ms", ("5 s", "5.0", "-1", "", "1_000", "2147483648")), ("acks", ("2", "ALL")),
        ("enable.idempotence", ("yes", "1", "")), ("compression.type", ("zst", "GZIP")),
        ("max.in.flight.requests.per.connection", ("0", "many")), ("sasl.login.refresh.window.factor", ("2", "x")),
        ("max.request.size", ("10", "1000000")), ("buffer.memory", ("100",)), ("max.block.ms", ("0", "10")),
        ("socket.connection.setup.timeout.ms", ("0", "-5")), ("receive.buffer.bytes", ("0",)),
        ("partitioner.class", ("", "foo bar", "foo.Bar;", "1.Bar")), ("security.providers", ("a b",)),
        ("ssl.protocol", ("SSLv2", "tls")), ("ssl.enabled.protocols", ("TLSv4", "")),
        ("ssl.endpoint.identification.algorithm", ("none",)), ("compression.lz4.level", ("18",)),
    ],
)  # fmt: skip
def test_a_value_that_kafkas_clients_refuse_is_named_with_those_they_take(name: str, values: tuple[str, ...]) -> None:
    for value in values:
        message = refusal_of({name: value})
        assert message.startswith(f"the option '{name}' takes ")
        assert message.endswith(f", not '{value}'")


@pytest.mark.parametrize(
    "options",
    [
        {}, SASL, {"security.protocol": "ssl"}, {"security.protocol": " PLAINTEXT "}, {"acks": "all"}, {"acks": "-1"},
        {"enable.idempotence": "TRUE"}, {"enable.idempotence": "false", "retries": "0"}, {"retries": "+5"},
        {"request.timeout.ms": "200000", "linger.ms": "5"}, {"ssl.endpoint.identification.algorithm": ""},
        {"compression.type": "zstd"}, {"receive.buffer.bytes": "-1"}, {"sasl.login.refresh.window.factor": "0.8"},
        {"client.id": "anything; at = all"}, {"max.poll.records": "500", "session.timeout.ms": "45000"},
    ],
)  # fmt: skip
def test_what_kafkas_clients_take_is_taken(options: dict[str, str]) -> None:
    check_options(options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"security.protocol": "SASL_SSL"}, "needs the option sasl.mechanism"),
        ({"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"}, "needs a login"),
        ({"sasl.jaas.config": LOGIN, "sasl.mechanism": "PLAIN"}, "security.protocol is PLAINTEXT"),
        ({"acks": "1"}, "results could be lost"),
        ({"retries": "0"}, "results could be lost"),
        ({"max.in.flight.requests.per.connection": "6"}, "could change their order"),
        ({"delivery.timeout.ms": "1000"}, "must be at least linger.ms and request.timeout.ms together, 30000"),
        ({"request.timeout.ms": "600000"}, "must be less than connections.max.idle.ms"),
        ({"default.api.timeout.ms": "1000"}, "must be at least request.timeout.ms, 30000"),
        ({"default.api.timeout.ms": "7000", "request.timeout.ms": "8000"}, "must be at least request.timeout.ms, 8000"),
        ({"session.timeout.ms": "10"}, "must be less than session.timeout.ms"),
        ({"heartbeat.interval.ms": "45000"}, "must be less than session.timeout.ms"),
        ({"heartbeat.interval.ms": "-1"}, "must be less than session.timeout.ms"),
        ({"batch.size": "100000000"}, "must not be more than buffer.memory"),
        ({"security.protocol": "SSL", "ssl.truststore.password": "Xyzzy"}, "'ssl.truststore.location' is not"),
        ({"request.timeout.ms": "500"}, "must be more than fetch.max.wait.ms"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(options: dict[str, str], words: str) -> None:
    assert words in refusal_of(options)


@pytest.mark.parametrize(
    "jaas",
    [
        'username="u" password="Xyzzy"',
        LOGIN[:-1],
        LOGIN.replace(" required", ""),
        LOGIN.replace("plain.Plain", "scram.Scram"),
        'PlainLoginModule required username="u" password="Xyzzy";',
    ],
)
def test_a_login_that_java_cannot_read_is_refused_and_not_repeated(jaas: str) -> None:
    assert "PACKAGE.plain.PlainLoginModule required" in refusal_of({**SASL, "sasl.jaas.config": jaas})


def test_sizes_below_what_a_topic_takes_are_refused() -> None:
    check_sizes({"max.request.size": "2000000"}, 2_000_000)
    check_sizes({}, 2_000_000)
    for name in ("max.request.size", "buffer.memory"):
        with pytest.raises(UsageError, match=f"'{name}' is 1,999,999, and a result may have 2,000,000 bytes"):
            check_sizes({name: "1999999"}, 2_000_000)


def test_every_number_of_milliseconds_is_checked() -> None:
    decided = {"auto.commit.interval.ms", "sasl.kerberos.min.time.before.relogin"}
    assert {name for name in NAMES if name.endswith(".ms")} - decided <= set(WHOLE_NUMBERS)
