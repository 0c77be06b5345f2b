"""Every setting, once: its name, unit, default, and the reason for the default. `sources` finds the values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from platformdirs import user_data_path
from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_settings import NoDecode

from streaming.errors import BrokerError
from streaming.settings.kafka_checks import check_options
from streaming.settings.kafka_options import flat
from streaming.settings.kafka_secrets import with_secrets
from streaming.settings.machine_folder import machine_folder
from streaming.settings.misplaced import refuse_settings
from streaming.settings.query_fields import QuerySettings
from streaming.settings.value_forms import check_addresses

MIB = 1024 * 1024
# The consumer groups of gistream's queries begin so.
GROUP_PREFIX = "gistream-"
_BEFORE_SINK = re.compile(r",(?=\s*(?:kafka\s*(?:,|$)|parquet=))")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")


class Settings(QuerySettings):
    """All settings of one gistream installation; immutable. Make one with `load`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("gistream"),
        description="Where gistream keeps everything of yours: the embedded broker's data, checkpoints, logs. "
        "Two data dirs are two independent installations.",
    )
    machine_dir: Path | None = Field(
        None,
        description="Where tunings are, and models in other representations than their file. They belong to this "
        "machine and to a model, so all your data dirs share them. Default: gistream's folder among this user's data, "
        "or the data dir where this user may not write there. With a cluster as master models are in the data dir, "
        "because its executors make the file at the same path.",
    )
    bootstrap_servers: str | None = Field(
        None, description="Kafka's address, host:port[,host:port]. Default: the embedded broker of the data dir."
    )
    kafka: dict[str, str] = Field(
        {},
        description="Any option of Kafka's clients, in Kafka's own names (security.protocol, sasl.mechanism, ...). "
        "As a flag: --kafka name=value, repeated; a secret is refused there: it stands in gistream.toml, in "
        "GISTREAM_KAFKA (JSON), or in a file that the value names (docs/security.md). Options that gistream "
        "or Spark decides, such as group.id and auto.offset.reset, are refused, and so are names and values that "
        "Kafka's clients do not know.",
    )

    input_topic: str = Field("documents", description="The topic of documents; separate several with commas.")
    input_pattern: str | None = Field(
        None,
        description="A regular expression: every topic whose whole name it matches is read, also topics that are "
        "created later. It replaces input_topic.",
    )
    output_topic: str = Field("summaries", description="The topic of summaries.")
    dead_letter_topic: str = Field("dead-letters", description="The topic of documents that could not be summarized.")
    partitions: int = Field(
        4,
        ge=1,
        # Kafka's own limit for one request.
        le=10_000,
        description="Partitions of a topic that gistream creates: the most executors that can share it.",
    )
    replication: int = Field(
        -1,
        ge=-1,
        # 16 bits in Kafka's protocol.
        le=2**15 - 1,
        description="Copies of each partition of a topic that gistream creates. -1: the broker's default.",
    )
    retention_hours: int = Field(
        168,
        ge=-1,
        # Kafka counts milliseconds in 64 bits.
        le=2**63 // 3_600_000,
        description="How long a topic that gistream creates keeps a record, in hours, so how far back a "
        "replay can reach. -1: for ever. Kafka's own default, a week.",
    )
    max_document_bytes: int = Field(
        8 * MIB,
        ge=1024,
        le=512 * MIB,
        description="The largest document `produce` sends, in bytes of its JSON. 8 MiB is twice War and "
        "Peace; more costs memory in the broker and in Spark.",
    )

    sink: Annotated[tuple[str, ...], NoDecode] = Field(
        ("kafka",),
        description="Where results go: kafka, parquet=PATH, or both (--sink kafka --sink parquet=PATH). PATH is a "
        "folder, or a URL such as s3://bucket/folder. With both, the Parquet files are written from the output "
        "topics, about a minute behind.",
    )

    @field_validator("bootstrap_servers")
    @classmethod
    def _addresses(cls, value: str | None) -> str | None:
        return None if value is None else check_addresses(value)

    @field_validator("machine_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("kafka", mode="before")
    @classmethod
    def _flatten(cls, value: Any) -> Any:
        return flat(value)

    @field_validator("kafka")
    @classmethod
    def _known_options(cls, value: dict[str, str]) -> dict[str, str]:
        refuse_settings(value, "kafka", cls.model_fields)
        check_options(with_secrets(value))
        return value

    @field_validator("sink", mode="before")
    @classmethod
    def _split_sinks(cls, value: Any) -> Any:
        # A path may have commas: one begins another sink where the name of a sink follows.
        return tuple(part.strip() for part in _BEFORE_SINK.split(value)) if isinstance(value, str) else value

    @field_validator("sink")
    @classmethod
    def _known_sinks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        kinds = [sink.partition("=")[0] for sink in value]
        for sink, kind in zip(value, kinds, strict=True):
            if kind not in ("kafka", "parquet") or (kind == "kafka") != (sink == "kafka") or sink == "parquet=":
                # Text in the wrong form may hold a login.
                name = f"'{kind}'" if kind.isidentifier() else "one of those given"
                raise ValueError(f"{name} is no sink; there are kafka and parquet=PATH")
        if len(set(kinds)) < len(kinds) or not kinds:
            raise ValueError("there is one sink of a kind: kafka, parquet=PATH, or both")
        return value

    @field_validator("input_topic", mode="before")
    @classmethod
    def _join_topics(cls, value: Any) -> Any:
        return ",".join(value) if isinstance(value, list | tuple) else value

    @field_validator("input_topic")
    @classmethod
    def _topic_names(cls, value: str) -> str:
        for name in value.split(","):
            if not _TOPIC.fullmatch(name):
                raise ValueError(
                    f"'{name}' is no topic's name, which is letters, digits, '.', '_' and '-'; several stand with "
                    "commas between them, a pattern is --input-pattern"
                )
        return value

    @field_validator("input_pattern")
    @classmethod
    def _check_pattern(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"'{value}' is no regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _check_combinations(self) -> Settings:
        if self.lanes is not None and self.slots is not None and self.lanes > self.slots:
            raise ValueError(f"lanes ({self.lanes}) cannot be more than slots ({self.slots}): each has at least one")
        # A query that reads its own results never ends.
        outputs = (self.output_topic, self.dead_letter_topic)
        if set(outputs) & set(self.input_topics) or len(set(outputs)) < 2:
            raise ValueError("input_topic, output_topic and dead_letter_topic must be different topics")
        if self.input_pattern is not None and (
            matches := [topic for topic in outputs if re.fullmatch(self.input_pattern, topic)]
        ):
            raise ValueError(f"input_pattern matches '{matches[0]}', to which the query writes")
        return self

    @property
    def input_topics(self) -> tuple[str, ...]:
        """The names of the input topics; empty when a pattern chooses them."""
        return () if self.input_pattern is not None else tuple(self.input_topic.split(","))

    def is_input(self, topic: str) -> bool:
        """Tell whether documents are read from a topic of this name."""
        if self.input_pattern is None:
            return topic in self.input_topics
        # Kafka's own topics begin with two underscores.
        return not topic.startswith("__") and re.fullmatch(self.input_pattern, topic) is not None

    @property
    def to_kafka(self) -> bool:
        """Whether results go to topics."""
        return "kafka" in self.sink

    @property
    def parquet(self) -> str | None:
        """The path or URL of the Parquet archive; None without one."""
        return next((sink.partition("=")[2] for sink in self.sink if sink != "kafka"), None)

    @property
    def broker_dir(self) -> Path:
        """The folder of the embedded broker."""
        return self.data_dir / "broker"

    @property
    def logs_dir(self) -> Path:
        """The folder of the logs."""
        return self.data_dir / "logs"

    @property
    def scratch_dir(self) -> Path:
        """The folder of Spark's scratch files, with a folder for each process."""
        return self.data_dir / "spark"

    @property
    def is_local(self) -> bool:
        """Whether Spark's master has every process on this machine."""
        return self.master.startswith("local")

    @property
    def shared_dir(self) -> Path:
        """The folder of this machine's tunings and models, which all data dirs of this user share."""
        return self.machine_dir or machine_folder(self.data_dir)

    @property
    def models_dir(self) -> Path:
        """The folder of models in other representations than their file."""
        return (self.shared_dir if self.is_local else self.data_dir) / "models"

    @property
    def checkpoint_location(self) -> str:
        """The path of the query's checkpoint."""
        if self.checkpoint is None:
            return str(self.data_dir / "checkpoints" / self.query)
        # A shell expands `--checkpoint ~/x`, and nobody a file's.
        return str(Path(self.checkpoint).expanduser()) if self.checkpoint.startswith("~") else self.checkpoint

    @property
    def group_id(self) -> str:
        """The consumer group to which the query commits its offsets, for lag tools to see."""
        return f"{GROUP_PREFIX}{self.query}"

    @property
    def max_result_bytes(self) -> int:
        """Size limit of the output topics: a dead letter is a whole document and its headers."""
        return self.max_document_bytes + MIB

    @property
    def servers(self) -> str:
        """Kafka's address; raises `BrokerError` when none is set and no embedded broker was ever started."""
        if self.bootstrap_servers is None:
            raise BrokerError(
                f"No Kafka is known: {self.data_dir} has no embedded broker yet; run `gistream broker start`, or name "
                "one with --bootstrap-servers."
            )
        return self.bootstrap_servers
