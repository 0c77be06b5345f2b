"""Spark masks each option of Kafka's clients that gistream masks: in its plans, its log and its web page."""

from __future__ import annotations

import re

from streaming.settings.kafka_client_options import NAMES
from streaming.settings.kafka_secrets import is_secret
from streaming.spark.jvm.session import REDACTED


def test_spark_masks_every_option_that_holds_a_secret() -> None:
    secrets = {f"kafka.{name}" for name in NAMES if is_secret(name)}
    assert "kafka.sasl.jaas.config" in secrets
    assert {name for name in secrets if not re.search(REDACTED, name)} == set()
