"""The table of Kafka's client options is that of the clients that Spark's connector brings."""

from __future__ import annotations

import re
from typing import Any

from py4j.java_gateway import get_field
from pyspark.sql import SparkSession

from streaming.settings.kafka_client_options import (
    BOOLEANS,
    CASELESS_CHOICES,
    CHOICES,
    DECIMALS,
    NAMES,
    WHOLE_NUMBERS,
)

CLIENTS = ("consumer.ConsumerConfig", "producer.ProducerConfig", "admin.AdminClientConfig")
LIMITS = {"INT": (-(2**31), 2**31 - 1), "SHORT": (-(2**15), 2**15 - 1), "LONG": (-(2**63), 2**63 - 1)}


def definitions(spark: SparkSession) -> dict[str, tuple[str, str]]:
    """Return type and validator of each option, as Kafka prints them."""
    clients: Any = spark._jvm.org.apache.kafka.clients  # type: ignore[union-attr]
    options = {}
    for client in CLIENTS:
        package, name = client.split(".")
        keys = getattr(getattr(clients, package), name).configDef().configKeys()
        for option in keys:
            options[option] = (str(get_field(keys[option], "type")), str(get_field(keys[option], "validator")))
    return {name: facts for name, facts in options.items() if not name.startswith("internal.")}


def test_names_types_and_values_of_all_options_are_those_of_the_java_clients(spark: SparkSession) -> None:
    options = definitions(spark)
    assert set(options) == NAMES
    by_type = {kind: {name for name, (its, _) in options.items() if its == kind} for kind, _ in options.values()}
    assert by_type["INT"] | by_type["LONG"] | by_type["SHORT"] == set(WHOLE_NUMBERS)
    assert by_type["DOUBLE"] == set(DECIMALS)
    assert by_type["BOOLEAN"] == BOOLEANS
    for name, (kind, validator) in options.items():
        if name in WHOLE_NUMBERS and name != "compression.gzip.level":
            limits = re.fullmatch(r"\[(-?\d+),\.\.\.(?:,(-?\d+))?\]", validator)
            least, most = LIMITS[kind]
            expected = (int(limits[1]), int(limits[2] or most)) if limits else (least, most)
            assert WHOLE_NUMBERS[name] == expected, name
        words = re.fullmatch(r"(\(case insensitive\) )?\[([A-Za-z].*)\]", validator)
        if words:
            choices = CASELESS_CHOICES if words[1] else CHOICES
            assert set(choices[name]) == set(words[2].split(", ")), name
