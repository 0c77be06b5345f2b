"""A token of an identity provider, and a client certificate: documents go through with either, with the least rights.

The secrets stand in files, so that Spark's own clients read them by Kafka's config providers.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from acls import documented_rights, grant
from pyspark.sql import SparkSession
from secure_broker import CLIENT_SECRET, KEY_PASSWORD, SECRETS, SecureBroker
from spark_queries import MakePlan, drain

from consumers.tail import Tail
from producers import Document, Publisher
from streaming.kafka.topics import Admin
from streaming.messages import Summary
from streaming.settings import Settings, changed
from streaming.settings.kafka_options import for_spark

ROLES = ("administrator", "producer", "query", "consumer")


def allow(broker: SecureBroker, user: str, settings: Settings) -> None:
    """Give a user the rights that docs/security.md lists, on the topics and the group of `settings`."""
    own = {
        "documents": settings.input_topic, "summaries": settings.output_topic,
        "dead-letters": settings.dead_letter_topic, "gistream-gistream": settings.group_id,
    }  # fmt: skip
    rights = [right for right in documented_rights() if right.user in ROLES]
    admin = broker.admin()
    grant(admin, {replace(right, user=user, name=own.get(right.name, right.name)) for right in rights})
    admin.close()


@pytest.mark.parametrize("way", ["token", "certificate"])
def test_documents_are_produced_summarized_and_read(
    way: str, secured: SecureBroker, settings: Settings, spark: SparkSession, plan: MakePlan, tmp_path: Path
) -> None:
    for name, secret in {"client": CLIENT_SECRET, "key": KEY_PASSWORD}.items():
        (tmp_path / name).write_text(secret)
    if way == "token":
        user, options = "robot", secured.token(secret=f"${{directory:{tmp_path}:client}}")
    else:
        file = secured.authority.sign("gistream", password=KEY_PASSWORD)
        user, options = "gistream", secured.certificate(file, f"${{directory:{tmp_path}:key}}")
    assert not [secret for secret in SECRETS if secret in str(for_spark(options))]
    servers = secured.servers("LOGIN" if way == "token" else "MTLS")
    settings = changed(settings, {"bootstrap_servers": servers, "kafka": options, "data_dir": tmp_path})
    allow(secured, user, settings)
    with Admin(settings) as admin:
        admin.ensure()
    with Publisher(settings) as publisher:
        for number in range(3):
            publisher.send(Document(id=f"d{number}", text=f"Text {number}. It is good."))
    assert publisher.report.acknowledged == 3
    batches = drain(spark, plan(bootstrap_servers=servers, kafka=options, data_dir=tmp_path))
    assert sum(batch.records for batch in batches) == 3
    tail = Tail(settings)
    tail.seek("earliest")
    ids = {result.id for result in tail.read(until_end=True) if isinstance(result, Summary)}
    tail.close()
    assert ids == {"d0", "d1", "d2"}
