from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.errors import PySparkException

from streaming.errors import (
    BrokerAway,
    BrokerError,
    CheckpointError,
    EngineError,
    GistreamError,
    MachineError,
    ModelError,
    ProcessLost,
    QueryError,
    TopicError,
    UsageError,
)
from streaming.settings import Settings
from streaming.spark.checkpoint.checkpoint import Checkpoint
from streaming.spark.explain import explain, explained

HERE = Checkpoint("/data/checkpoints/gistream")
SPARK = """[STREAM_FAILED] Query [id = 7fdb, runId = 39] terminated with exception: Job aborted due to stage failure: \
Task 0 in stage 3.0 failed 4 times, most recent failure: Lost task 0.3 in stage 3.0 (TID 9) (host executor driver): \
{cause}
	at org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:581)
	at java.base/java.lang.Thread.run(Thread.java:840)

Driver stacktrace: SQLSTATE: XXKST
=== Streaming Query ===
Identifier: gistream [id = 7fdb, runId = 39a1]"""
PYTHON = """org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "/venv/pyspark/python/lib/pyspark.zip/pyspark/worker.py", line 3355, in main
    process()
  File "/venv/streaming/pipeline/task.py", line 141, in _emit_failures
    raise QueryError(
{last}
"""


def in_spark(cause: str) -> Exception:
    return Exception(SPARK.format(cause=cause))


def in_python(last: str) -> Exception:
    return in_spark(PYTHON.format(last=last))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, bootstrap_servers="kafka:9092")


@pytest.mark.parametrize("kind", [EngineError, QueryError, ModelError, MachineError])
def test_an_error_of_ours_inside_sparks_text_comes_back_as_it_was(settings: Settings, kind: type) -> None:
    sentence = "12 of 16 documents failed (the first: Timeout: it: took long); start again."
    error = explain(in_python(f"streaming.errors.{kind.__name__}: {sentence}"), settings, HERE)
    assert type(error) is kind
    assert str(error) == sentence


def test_an_error_of_ours_comes_back_whatever_else_the_text_says(settings: Settings) -> None:
    text = "streaming.errors.EngineError: llama.cpp crashed: OutOfMemoryError, No space left on device"
    assert type(explain(in_python(text), settings, HERE)) is EngineError


def test_of_two_errors_of_ours_the_one_that_was_raised_last_counts(settings: Settings) -> None:
    chained = (
        "streaming.errors.DeadlineExceeded: it took too long\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        "Traceback (most recent call last):\n  File \"x.py\", line 1, in y\n"
        "streaming.errors.EngineError: The engine is closed."
    )  # fmt: skip
    error = explain(in_python(chained), settings, HERE)
    assert (type(error), str(error)) == (EngineError, "The engine is closed.")


@pytest.mark.parametrize("name", ["DeadlineExceeded", "BadInput", "NoSuchError"])
def test_a_name_that_is_no_error_of_the_service_becomes_a_query_error(settings: Settings, name: str) -> None:
    error = explain(in_python(f"streaming.errors.{name}: What happened."), settings, HERE)
    assert (type(error), str(error)) == (QueryError, "What happened.")


def test_an_error_of_ours_that_is_not_inside_spark_is_itself(settings: Settings) -> None:
    error = TopicError("Topic 'a' is gone.")
    assert explain(error, settings, HERE) is error


DATA_LOSS = "[KAFKA_DATA_LOSS.START_OFFSET_DOES_NOT_EXIST] Some data may have been lost because they are not available"
CAUSES = [
    ("java.io.IOException: No space left on device", MachineError, "disk is full"),
    (
        "org.apache.kafka.common.KafkaException: Failed to construct kafka producer\nCaused by: "
        "org.apache.kafka.common.config.ConfigException: Invalid value foo.Bar for configuration partitioner.class: "
        "Class foo.Bar could not be found.",
        UsageError,
        "below [kafka]: Invalid value foo.Bar for configuration partitioner.class: Class foo.Bar could not be found.",
    ),
    ("java.io.IOException: Disk quota exceeded", MachineError, "disk is full"),
    ("org.apache.kafka.common.errors.RecordTooLargeException: The message is 9 bytes", TopicError, "max.message.bytes"),
    (
        "org.apache.kafka.common.errors.RecordTooLargeException: The message is 1580 bytes when serialized which is "
        "larger than 10, which is the value of the max.request.size configuration.",
        UsageError,
        "leave out the options 'max.request.size' and 'buffer.memory'",
    ),
    (
        "org.apache.kafka.common.KafkaException: Failed to construct kafka producer\nCaused by: "
        "org.apache.kafka.common.KafkaException: class java.lang.String is not an instance of "
        "org.apache.kafka.clients.producer.Partitioner",
        UsageError,
        "class java.lang.String is not an instance of org.apache.kafka.clients.producer.Partitioner",
    ),
    (
        "KafkaException: Failed to construct kafka consumer\nCaused by: java.lang.IllegalArgumentException: Heartbeat "
        "must be set lower than the session timeout\n\tat org.apache",
        UsageError,
        "option given as --kafka or below [kafka]: Heartbeat must be set lower than the session timeout",
    ),
    (
        "org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [documents]",
        TopicError,
        "the right Read on topic 'documents'",
    ),
    ("org.apache.kafka.common.errors.GroupAuthorizationException: Not authorized", TopicError, "administrator"),
    (DATA_LOSS, TopicError, "retention"),
    ("org.apache.kafka.clients.consumer.OffsetOutOfRangeException: Fetch position", TopicError, "--checkpoint"),
    ("Partition documents-0's offset was changed from 90 to 3, some data may have been missed", TopicError, "gone"),
    ("org.apache.kafka.common.errors.UnknownTopicOrPartitionException: This server", TopicError, "topics create"),
    ("org.apache.kafka.common.errors.TimeoutException: Topic summaries not present", BrokerAway, "kafka:9092"),
    ("java.util.concurrent.ExecutionException: DisconnectException", BrokerAway, "kafka:9092"),
    ("java.util.concurrent.TimeoutException: Cannot fetch record for offset 4 in 120000 ms", BrokerAway, "kafka:9092"),
    ("org.apache.kafka.common.errors.NotLeaderOrFollowerException: For requests", BrokerAway, "kafka:9092"),
    ("org.apache.kafka.common.errors.NotEnoughReplicasException: Messages are rejected", BrokerAway, "kafka:9092"),
    ("org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed", BrokerError, "the login"),
    (
        "ExecutorLostFailure (executor 1 exited caused by one of the running tasks)",
        ProcessLost,
        "executor of the cluster",
    ),
    ("java.lang.IllegalStateException: SparkContext has been shutdown", ProcessLost, "executor of the cluster"),
    ("java.lang.IllegalStateException: Incomplete log file in /data/offsets/5", CheckpointError, "--checkpoint"),
    ("java.lang.OutOfMemoryError: Java heap space", MachineError, "driver_memory"),
    ("results of 2 tasks (1030.0 MiB) is bigger than spark.driver.maxResultSize (1024.0 MiB)", MachineError, "lower"),
    ("org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)", ProcessLost, "--slots"),
]


@pytest.mark.parametrize(
    ("cause", "kind", "sentence"), CAUSES, ids=[cause.rsplit(".", 1)[-1][:40] for cause, *_ in CAUSES]
)
def test_what_a_user_can_do_something_about_is_told_as_such(
    settings: Settings, cause: str, kind: type, sentence: str
) -> None:
    error = explain(in_spark(cause), settings, HERE)
    assert type(error) is kind
    assert sentence in str(error)
    assert "\n" not in str(error)


def test_only_what_may_be_over_by_itself_is_transient() -> None:
    transient = {kind for _, kind, _ in CAUSES if kind.transient}
    assert transient == {BrokerAway, ProcessLost}


def test_a_micro_batch_that_fails_for_ever_is_named_by_its_offsets(settings: Settings, tmp_path: Path) -> None:
    for log, number, text in (
        ("sources/0", 0, '\0v1\n{"documents":{"0":3,"1":0}}'), ("offsets", 0, 'v1\n{}\n{"documents":{"0":8,"1":1}}'),
    ):  # fmt: skip
        (tmp_path / log).mkdir(parents=True)
        (tmp_path / log / str(number)).write_text(text)
    offsets = r"documents-0 offsets 3 to 7, documents-1 offset 0\.$"
    with (
        pytest.raises(QueryError, match=rf"12 of 16 .* The micro-batch has {offsets}"),
        explained(settings, Checkpoint(str(tmp_path))),
    ):
        raise PySparkException(str(in_python("streaming.errors.QueryError: 12 of 16 documents failed.")))


def test_a_full_disk_names_the_data_dir_and_an_unreadable_checkpoint_its_place(settings: Settings) -> None:
    assert str(settings.data_dir) in str(explain(in_spark("No space left on device"), settings, HERE))
    assert HERE.location in str(explain(in_spark("Malformed log file"), settings, HERE))


def test_a_stranger_is_one_line_and_points_to_the_log(settings: Settings) -> None:
    error = explain(in_spark("java.lang.IllegalArgumentException: " + "x" * 9_000), settings, HERE)
    assert type(error) is QueryError
    assert "IllegalArgumentException" in str(error)
    assert str(settings.logs_dir / "spark.log") in str(error)
    assert len(str(error)) < 600
    assert "\n" not in str(error)


def test_a_wait_of_sparks_own_is_not_blamed_on_kafka(settings: Settings) -> None:
    error = explain(
        in_spark("java.util.concurrent.TimeoutException: Futures timed out after [300 seconds]"), settings, HERE
    )
    assert not isinstance(error, BrokerError)


@pytest.mark.parametrize("error", [Exception(), AssertionError(""), RuntimeError("\n \n")])
def test_an_error_without_words_is_still_an_error_of_the_service(settings: Settings, error: Exception) -> None:
    explained = explain(error, settings, HERE)
    assert isinstance(explained, GistreamError)
    assert str(explained)


def test_what_ends_the_archives_query_has_the_archives_own_remedy(settings: Settings) -> None:
    archive = Checkpoint("/data/checkpoints/a-archive-1", remedy="remove the folder /data/checkpoints/a-archive-1")
    for cause in (DATA_LOSS, "UnknownTopicOrPartitionException: This server", "Incomplete log file in /x"):
        sentence = str(explain(in_spark(cause), settings, archive))
        assert "remove the folder /data/checkpoints/a-archive-1" in sentence
        assert "--checkpoint" not in sentence
