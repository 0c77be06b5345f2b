"""Explains a failed query in one sentence: turns the exceptions of Java and Spark into gistream's errors.

An error that gistream raised in an executor comes back inside Spark's report, as its class and its sentence. Java's
errors are explained when a user can do something about them.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import PySparkException

from streaming import errors
from streaming.access import access_problem, missing_right, topics_as_text
from streaming.errors import (
    CheckpointError,
    GistreamError,
    MachineError,
    ProcessLost,
    QueryError,
    TopicError,
    UsageError,
)
from streaming.kafka.topic import result_topics
from streaming.settings import Settings
from streaming.settings.kafka_options import uses_token
from streaming.spark.checkpoint.checkpoint import Checkpoint
from streaming.spark.checkpoint.positions import name_planned
from streaming.spark.jvm.session import JVM_GONE

_NO_RIGHT = r"(?:Topic|Group|Cluster)AuthorizationException"
# What Java's clients raise when Kafka, or the identity provider, does not let them in.
_REFUSED = (
    rf"{_NO_RIGHT}|SaslAuthenticationException|SslAuthenticationException|LoginException|SSLHandshakeException|"
    r"IllegalSaslStateException|UnsupportedSaslMechanismException"
)
# `streaming.errors.EngineError: The model ...`, as Python prints an exception, possibly after Spark's own words.
_OURS = re.compile(r"streaming\.errors\.(\w+): (.+)")


@contextmanager
def explained(settings: Settings, checkpoint: Checkpoint) -> Iterator[None]:
    """Raise an error of the service for each error that Spark raises about the query of `checkpoint`."""
    try:
        yield
    except PySparkException as error:
        raise _with_batch(explain(error, settings, checkpoint), checkpoint) from error
    except JVM_GONE as error:
        raise ProcessLost(
            "Spark's JVM ended before the query did: it was killed, or the machine ran out of memory; nothing of the "
            f"running batch was committed (see {settings.logs_dir / 'spark.log'})."
        ) from error


def explain(error: BaseException, settings: Settings, checkpoint: Checkpoint) -> GistreamError:
    """Return the service's error for `error`, which Spark raised about the query of `checkpoint`."""
    if isinstance(error, GistreamError):
        return error
    report = str(error)
    if ours := _OURS.findall(report):
        # The last exception of a chain was raised; the others are its causes.
        name, sentence = ours[-1]
        kind = getattr(errors, name, QueryError)
        return kind(sentence.strip()) if issubclass(kind, GistreamError) else QueryError(sentence.strip())
    if re.search(_REFUSED, report):
        return access_problem(settings) or _refused_to_spark(report, settings)
    for pattern, kind, sentence in (
        (
            r"No space left on device|Disk quota exceeded",
            MachineError,
            f"The disk is full: {settings.data_dir} or the checkpoint's; nothing of the running batch was committed; "
            "free some space and start again.",
        ),
        (
            r"kafka\S*ConfigException|Kafka option '.*' is not supported|is not an instance of org\.apache\.kafka|"
            r"InvalidConfigurationException|Failed to construct [Kk]afka|Failed to create new KafkaAdminClient",
            UsageError,
            f"Kafka's clients refuse an option given as --kafka or below [kafka]: {_config_problem(report)}.",
        ),
        (
            # Java's producer refuses the record itself.
            r"value of the (?:max\.request\.size|buffer\.memory) configuration|memory buffer you have configured with",
            UsageError,
            "A result does not fit Java's producer: leave out the options 'max.request.size' and 'buffer.memory' "
            "(--kafka, [kafka]), which gistream sets as the topics need them.",
        ),
        (
            r"RecordTooLargeException|MESSAGE_TOO_LARGE|Message.*too large",
            TopicError,
            "A topic's max.message.bytes was lowered while the query ran, and a result does not fit any more; start "
            "again: gistream reads the limits at its start, and a result that does not fit becomes a dead letter.",
        ),
        (
            r"KAFKA_DATA_LOSS|OffsetOutOfRangeException|data may have been lost|Cannot find earliest offset|"
            r"Partition.*offset was changed",
            TopicError,
            "Records that the query had not read yet are gone from the topic: retention deleted them, or the topic was "
            f"truncated; give the topic a longer retention. The checkpoint cannot go on: {checkpoint.remedy}.",
        ),
        (
            r"UnknownTopicOrPartitionException",
            TopicError,
            "A topic is gone; create it again with `gistream topics create`. The checkpoint cannot go on: "
            f"{checkpoint.remedy}.",
        ),
        (
            # Also a partition without a leader, and one whose leader has moved for longer than the clients try.
            r"kafka\S*TimeoutException|Cannot fetch record for offset \d+ in|DisconnectException|Bootstrap broker|"
            r"Connection to node|NotLeaderOrFollower|LeaderNotAvailable|NotEnoughReplicas|CoordinatorNotAvailable|"
            r"kafka\S*NetworkException",
            errors.BrokerAway,
            f"{errors.no_answer(settings.bootstrap_servers)} Nothing of the running batch was committed.",
        ),
        (
            r"(?i)malformed log file|incomplete log file|checkpoint.*(corrupt|incompatible)|OFFSET_LOG",
            CheckpointError,
            f"The checkpoint at {checkpoint.location} cannot be read; restore it from a copy, or {checkpoint.remedy}.",
        ),
        (
            r"bigger than spark\.driver\.maxResultSize",
            MachineError,
            "The results of a micro-batch, dead letters among them, are more than the driver collects (1 GiB) to write "
            "them as Parquet; lower batch_documents.",
        ),
        (
            r"OutOfMemoryError|Java heap space",
            MachineError,
            f"Spark's JVM ran out of memory ({settings.driver_memory}); raise driver_memory, or lower batch_documents.",
        ),
        (
            r"ExecutorLostFailure|Executor heartbeat timed out|SparkContext (was|has been) shut ?down|"
            r"stopped SparkContext|MasterDisconnected|Remote RPC client disassociated",
            ProcessLost,
            "An executor of the cluster was lost: its machine or its process ended, or the cluster took it away (see "
            "the workers' own logs).",
        ),
        (
            r"Python worker exited unexpectedly|crashed",
            ProcessLost,
            "The Python worker died, twice on the same batch: something killed it, or the machine has too little "
            "memory; lower --slots or --context, or take a smaller model. With --engine in-process it may be a crash "
            "of llama.cpp, which costs one document with --engine process.",
        ),
    ):
        if re.search(pattern, report):
            # Java's clients say of a token that they did not get: "Failed to create", and nothing else.
            unclear = kind in (errors.BrokerAway, UsageError)
            return (access_problem(settings) if unclear else None) or kind(sentence)
    return QueryError(f"A micro-batch failed: {_cause(report, 'Exception')} (see {settings.logs_dir / 'spark.log'}).")


def _refused_to_spark(report: str, settings: Settings) -> GistreamError:
    """Return the error of a right or a login that Kafka refused to Spark, while it lets gistream's own clients in."""
    if re.search(_NO_RIGHT, report):
        return _missing_right(report, settings)
    sentence = f"Kafka on {settings.bootstrap_servers} refuses the login: {_cause(report, 'Exception')}; "
    if uses_token(settings.kafka):
        # A token that expired while the identity provider was away: the next client gets another one.
        return errors.BrokerAway(f"{sentence}the next try has a new token.")
    return errors.BrokerError(f"{sentence}check the login options below [kafka].")


def _missing_right(report: str, settings: Settings) -> TopicError:
    if group := re.search(r"Not authorized to access group: (\S+)", report):
        return missing_right(settings, "Read", f"group '{group[1]}'")
    listed = re.search(r"Not authorized to access topics: \[([^\]]*)\]", report)
    names = listed[1].split(", ") if listed else list(result_topics(settings))
    is_output = set(names) & set(result_topics(settings)) and not re.search(r"OffsetReader|ConsumerRecord", report)
    return missing_right(settings, "Write" if is_output else "Read", topics_as_text(names))


def _with_batch(error: GistreamError, checkpoint: Checkpoint) -> GistreamError:
    """Return the error of a micro-batch that fails for ever, with the offsets of that micro-batch."""
    if not isinstance(error, QueryError) or error.transient or not (offsets := name_planned(checkpoint.location)):
        return error
    return type(error)(f"{error} The micro-batch has {offsets}.")


def _config_problem(report: str) -> str:
    """Return what Kafka's client says of an option; it never shows a secret's value."""
    problem = re.search(r"ConfigException: ([^\n]+)|(Kafka option '[^']*' is not supported)", report)
    if problem:
        return (problem[1] or problem[2]).rstrip(". ")
    # The last cause is the most exact one.
    causes = re.findall(r"Caused by: [\w.$]+: ([^\n]+)|(\S+ is not an instance of [\w.]+)", report)
    return "".join(causes[-1]).rstrip(". ") if causes else "see the log"


def _cause(report: str, word: str) -> str:
    """Return the line that most likely names the cause."""
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    matching = [line for line in lines if word in line and "StreamingQueryException" not in line]
    return textwrap.shorten([*matching, *lines, "no reason was given"][0], 300, placeholder=" ...")
