"""A class of Kafka's options that no jar has is refused before Spark starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.errors import UsageError
from streaming.spark.jvm.client_classes import check_classes


@pytest.fixture(autouse=True)
def _conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    monkeypatch.delenv("PYSPARK_SUBMIT_ARGS", raising=False)


@pytest.mark.parametrize(
    ("option", "names"),
    [
        ("partitioner.class", "foo.Bar"),
        ("partitioner.class", "java.lang.String"),
        ("metric.reporters", "org.apache.kafka.common.metrics.JmxReporter, foo.Bar"),
        ("sasl.login.class", "foo.Bar"),
    ],
)
def test_a_class_that_no_jar_has_is_refused_by_its_option(option: str, names: str) -> None:
    with pytest.raises(UsageError, match=f"'{option}' names the class {names.split(', ')[-1]}, which is in no jar"):
        check_classes({option: names})


def test_kafkas_own_classes_are_taken() -> None:
    check_classes({"partitioner.class": "org.apache.kafka.clients.producer.RoundRobinPartitioner"})
    check_classes({"client.id": "foo.Bar"})


def test_a_user_with_jars_of_their_own_is_believed(tmp_path: Path) -> None:
    (tmp_path / "spark-defaults.conf").write_text("spark.driver.extraClassPath /srv/own.jar\n")
    check_classes({"partitioner.class": "foo.Bar"})
