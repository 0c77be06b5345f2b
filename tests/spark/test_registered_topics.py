"""Topics of records whose schema is in a registry, through Kafka and Spark."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import pytest
from installation import Send, read_topic
from pyspark.sql import SparkSession
from schema_registry import framed, schema_registry
from spark_queries import MakePlan, drain

from streaming.errors import RegistryAway
from streaming.messages import DeadLetter, Summary
from streaming.settings import Settings

FIRST = {
    "type": "record",
    "name": "Ticket",
    "fields": [{"name": "number", "type": "long"}, {"name": "body", "type": "string"}],
}
SECOND = {**FIRST, "fields": [{"name": "subject", "type": ["null", "string"], "default": None}, *FIRST["fields"]]}
PLACES = {"format": "avro", "field": {"text": "body", "id": "number", "title": "subject"}}


def avro(schema: Any, schema_id: int, **value: Any) -> bytes:
    file = io.BytesIO()
    fastavro.schemaless_writer(file, fastavro.parse_schema(schema), value)
    return framed(schema_id, file.getvalue())


def summaries(settings: Settings) -> dict[str, Summary]:
    found = [Summary.model_validate_json(record.value or b"") for record in read_topic(settings, settings.output_topic)]
    return {summary.id: summary for summary in found}


def letters(settings: Settings) -> list[DeadLetter]:
    records = read_topic(settings, settings.dead_letter_topic)
    return [DeadLetter.from_record(record.key, record.value, record.headers) for record in records]


def test_a_hundred_avro_records_are_summaries_with_the_registry_and_dead_letters_without_it(
    spark: SparkSession, plan: MakePlan, send: Send
) -> None:
    with schema_registry(login="gistream:mill-Zq7wX") as registry:
        old, new = registry.register(FIRST), registry.register(SECOND)
        without = plan(skip_unreadable=True, query="without")
        send(
            *[(None, avro(FIRST, old, number=number, body=f"Mill {number} burned.")) for number in range(50)],
            *[
                (None, avro(SECOND, new, number=number, body=f"Mill {number} burned.", subject=f"Mill {number}"))
                for number in range(50, 100)
            ],
        )
        drain(spark, without)
        dead = letters(without.settings)
        assert len(dead) == 100
        assert {letter.error.type for letter in dead} == {"Framed"}
        for schema_id in (old, new):
            said = [letter for letter in dead if f"(schema id {schema_id})" in letter.error.message]
            assert len(said) == 50
            assert all("--schema-registry URL" in letter.error.message for letter in said)
        assert summaries(without.settings) == {}

        access = {"schema_registry": registry.url, "schema_registry_login": "gistream:mill-Zq7wX"}
        ready = plan(**PLACES, **access, query="with")
        drain(spark, ready)
        made = summaries(ready.settings)
        assert sorted(made, key=int) == [str(number) for number in range(100)]
        assert [made["7"].title, made["77"].title] == [None, "Mill 77"]
        assert all(summary.mended == [] for summary in made.values())
        assert len(letters(ready.settings)) == 100
        assert "mill-Zq7wX" not in "".join(map(str, spark.sparkContext.getConf().getAll()))

    # The registry is away now, and the schemas of these are known.
    send((None, avro(FIRST, old, number=100, body="Mill 100 burned.")))
    drain(spark, ready)
    assert "100" in summaries(ready.settings)
    send((None, avro(FIRST, 77, number=101, body="Mill 101 burned.")))
    with pytest.raises(RegistryAway, match="does not answer"):
        drain(spark, ready)
    assert len(letters(ready.settings)) == 100
