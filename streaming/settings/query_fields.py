"""The settings of a query: where Spark runs it, its name and progress, its micro-batches, and when it ends."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from streaming.settings.monitoring_fields import MonitoringSettings
from streaming.settings.value_forms import check_java_memory

# As many CPUs as Linux can have. Spark counts cores in 32 bits, so there is a limit to executors, too.
MOST_CORES, MOST_EXECUTORS = 8192, 10_000
# At least one character that is no dot: a folder is called after it.
_QUERY = re.compile(r"\.*[A-Za-z0-9_-][A-Za-z0-9._-]*")


class QuerySettings(MonitoringSettings):
    """The settings of a query, and those of its monitoring, its records and its model."""

    master: str = Field("local[*]", description="Spark's master: local[N], spark://host:port, ...")
    executors: int | None = Field(
        None,
        ge=1,
        le=MOST_EXECUTORS,
        description="Executors, each with one model. Default: one, or the N of local-cluster[N,...].",
    )
    executor_cores: int | None = Field(
        None,
        ge=1,
        le=MOST_CORES,
        description="Cores of an executor. Default: the master's number, else the cores of this machine.",
    )
    driver_memory: str = Field(
        "2g",
        description="Memory of Spark's JVM, such as 2g or 1500m, at least 512m. 2g holds a batch of 8 MiB documents "
        "several times over.",
    )
    query: str = Field(
        "gistream",
        description="The query's name: of its checkpoint, and of the consumer group whose lag shows its progress.",
    )
    checkpoint: str | None = Field(
        None, description="Where the query keeps its progress. Default: in the data dir, under the query's name."
    )
    batch_documents: int | None = Field(
        None,
        ge=1,
        # Spark counts the records of all executors in 64 bits.
        le=2**31 - 1,
        description="Documents of one micro-batch, for each executor. Default: less than a minute of work, measured "
        "while the query runs; the first two have 8 for every 9 slots, and the smallest after them twice that if it is "
        "at most 32, all at least 16; the largest of a query has 1000. Larger ones leave slots idle less often, but a "
        "stop waits longer, and a crash repeats more.",
    )
    max_failed_share: float = Field(
        0.2,
        gt=0,
        le=1,
        description="When at least ten documents of a task (an executor's part of a batch), and more than this share "
        "of them, fail for a reason that is not theirs, the query stops instead of filling the dead-letter topic.",
    )
    max_attempts: int = Field(
        3,
        ge=1,
        description="How often a document may fail: once it did, `redrive` leaves it among the dead letters. 3 are the "
        "first attempt, one after the cause was thought to be gone, and one after it was.",
    )
    grace: float = Field(
        60,
        ge=0,
        description="Seconds that a stop waits for the running micro-batch to end. A batch that takes longer "
        "is abandoned and replays.",
    )
    give_up_after: float = Field(
        600,
        ge=0,
        description="Seconds without progress after which a query that Kafka, a worker, an executor or Spark's JVM has "
        "left is given up; until then `run` starts it again and again. Ten minutes are longer than a broker's restart, "
        "a rolling upgrade of three, or the move of a container to another machine, and short enough for a service "
        "manager to raise an alarm. 0: never start again.",
    )
    stuck_after: float = Field(
        300,
        gt=0,
        description="Seconds without progress after which a query that has work to do counts as stuck in `gistream "
        "status` and for alarms; it runs on. Progress is the result of one more document. Five minutes are several "
        "times the minute that a micro-batch takes, and half of `give_up_after`. A large model on few cores begins as "
        "many documents as it has slots and may take longer for its first result: raise it to twice that time.",
    )

    @field_validator("driver_memory")
    @classmethod
    def _memory_of_java(cls, value: str) -> str:
        return check_java_memory(value)

    @field_validator("query")
    @classmethod
    def _name_of_a_query(cls, value: str) -> str:
        if not _QUERY.fullmatch(value):
            raise ValueError(f"'{value}' is no name of a query, which is letters, digits, '.', '_' and '-'")
        return value
