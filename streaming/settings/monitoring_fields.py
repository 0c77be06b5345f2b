"""The settings of what a run tells about itself: its metrics, and its log."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from streaming.settings.record_fields import RecordSettings


class MonitoringSettings(RecordSettings):
    """The settings of a run's metrics and log, and those of its records and its model."""

    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="The port on which `run` answers /metrics (for Prometheus), /healthz and /readyz. 0: a free one, "
        "which a line names. Without it nothing listens.",
    )
    metrics_host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="The address of that port. 0.0.0.0 is every interface of this machine: whoever reaches it sees the "
        "names of topics, model and query, and counts, and nothing of a document.",
    )
    log_format: Literal["auto", "text", "json"] = Field(
        "auto",
        description="How `run` writes its lines: text, or json, an object a line. auto: text on a terminal, else json.",
    )
