"""`gistream run`: the query, until it is told to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from streaming.settings import load
from streaming.settings.flags import (
    DataDir,
    DeadLetterTopic,
    InputPattern,
    InputTopic,
    Kafka,
    OutputTopic,
    PromptsDir,
    SchemaRegistry,
    SchemaRegistryCa,
    Servers,
    command_flags,
    flag,
)


def run(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Summarize what is there now, then end.")] = False,
    model: Annotated[str | None, flag("model")] = None,
    representation: Annotated[str | None, flag("representation")] = None,
    master: Annotated[str | None, flag("master")] = None,
    executors: Annotated[int | None, flag("executors")] = None,
    executor_cores: Annotated[int | None, flag("executor_cores")] = None,
    bootstrap_servers: Servers = None,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    sink: Annotated[list[str] | None, flag("sink")] = None,
    format: Annotated[str | None, flag("format")] = None,
    field: Annotated[list[str] | None, flag("field")] = None,
    keep: Annotated[list[str] | None, flag("keep")] = None,
    id_from: Annotated[str | None, flag("id_from")] = None,
    uri_roots: Annotated[list[str] | None, flag("uri_roots")] = None,
    schema_registry: SchemaRegistry = None,
    schema_registry_ca: SchemaRegistryCa = None,
    skip_unreadable: Annotated[bool | None, flag("skip_unreadable")] = None,
    prompt: Annotated[str | None, flag("prompt")] = None,
    prompts_dir: PromptsDir = None,
    strategy: Annotated[str | None, flag("strategy")] = None,
    prompt_style: Annotated[str | None, flag("prompt_style")] = None,
    faithfulness: Annotated[str | None, flag("faithfulness")] = None,
    least_support: Annotated[float | None, flag("least_support")] = None,
    store: Annotated[str | None, flag("store")] = None,
    query: Annotated[str | None, flag("query")] = None,
    checkpoint: Annotated[str | None, flag("checkpoint")] = None,
    slots: Annotated[int | None, flag("slots")] = None,
    context: Annotated[int | None, flag("context")] = None,
    threads: Annotated[int | None, flag("threads")] = None,
    lanes: Annotated[int | None, flag("lanes")] = None,
    ubatch: Annotated[int | None, flag("ubatch")] = None,
    gpu_layers: Annotated[int | None, flag("gpu_layers")] = None,
    engine: Annotated[str | None, flag("engine")] = None,
    batch_documents: Annotated[int | None, flag("batch_documents")] = None,
    max_failed_share: Annotated[float | None, flag("max_failed_share")] = None,
    grace: Annotated[float | None, flag("grace")] = None,
    give_up_after: Annotated[float | None, flag("give_up_after")] = None,
    stuck_after: Annotated[float | None, flag("stuck_after")] = None,
    metrics_port: Annotated[int | None, flag("metrics_port")] = None,
    metrics_host: Annotated[str | None, flag("metrics_host")] = None,
    log_format: Annotated[str | None, flag("log_format")] = None,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="Give up records that are lost (deleted by retention, or with their topic), say which, and go on "
            "behind them. For one start, not for a service's command line: it would hide the next loss.",
        ),
    ] = False,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Summarize the input topic, until SIGTERM or Ctrl-C.

    A stop lets the running micro-batch end, for --grace seconds; a second Ctrl-C does not wait. What was not committed
    runs again at the next start. A failure that may be over by itself, such as Kafka away, does not end the run before
    --give-up-after.

    Examples:

        gistream run

        gistream run --once --model ~/models/qwen2.5-7b-instruct-q4_k_m.gguf

        gistream run --format json --field text=doc.body --keep created,tags --id-from key

        gistream run --uri-roots /srv/texts

        gistream run --sink kafka --sink parquet=/srv/gistream/archive

        gistream run --give-up-after 3600

        gistream run --metrics-port 9464
    """
    # It imports Spark, which takes a second that `--help` need not wait.
    from streaming.operations.run import run as run_and_tell

    run_and_tell(load(command_flags(ctx)), once=once, accept_loss=accept_loss)
