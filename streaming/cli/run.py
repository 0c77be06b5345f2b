"""`gistream run`: the query, until it is told to stop."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from streaming.errors import GistreamError
from streaming.settings import load
from streaming.settings.flags import (
    DataDir,
    DeadLetterTopic,
    InputPattern,
    InputTopic,
    Kafka,
    OutputTopic,
    PromptsDir,
    Servers,
    command_flags,
    flag,
)
from streaming.terminal.consoles import notes
from streaming.terminal.progress import ProgressBar


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

        gistream run --sink kafka --sink parquet=/srv/gistream/archive

        gistream run --give-up-after 3600
    """
    from streaming.kafka.topics import Admin
    from streaming.spark.acceptance import accept_losses
    from streaming.spark.prepare import prepare
    from streaming.spark.run import run as run_query
    from streaming.spark.watch import StopRequest
    from streaming.terminal.run_lines import BatchLines, LoadingLines, plan_block
    from streaming.terminal.run_status import RunStatus

    # Kafka's client tells of each try to connect; the run itself says that Kafka is away.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    settings = load(command_flags(ctx))
    stop = StopRequest()
    with ProgressBar(notes) as bar:
        bar.begin("reading the model")
        plan = prepare(settings)
    notes.print(plan_block(plan))
    if plan.choice.advice is not None:
        notes.print(plan.choice.advice, markup=False)
    given_up = accept_losses(plan) if accept_loss else []
    if accept_loss and not given_up:
        notes.print("nothing is lost, so there is nothing to give up")
    for line in given_up:
        notes.print(line, markup=False)
    # Other outputs than those of the last start are then no oversight.
    for warning in () if given_up else plan.warnings:
        notes.print(warning, style="yellow", markup=False)
    notes.print("starting Spark; a line follows for each micro-batch; Ctrl-C stops when the running one is done")
    lines, loads = BatchLines(), LoadingLines()

    def on_progress(share: float) -> None:
        if line := loads.line(share):
            notes.print(line)

    try:
        with RunStatus(notes) as status:
            run_query(
                plan,
                once=once,
                stop=stop,
                on_batch=lambda batch: notes.print(lines.line(batch), markup=False),
                on_progress=on_progress,
                on_wait=lambda line: notes.print(line, markup=False),
                on_look=status.show,
                on_restart=lambda restart: notes.print(lines.restart_line(restart), markup=False),
            )
        uncommitted = 0
        if once and not stop.requested:
            with Admin(settings) as admin:
                uncommitted = admin.uncommitted(plan.inputs)
    except GistreamError:
        if lines.batches or lines.restarts:
            notes.print(lines.total(stopped=True))
        raise
    notes.print(lines.total(stopped=stop.requested, uncommitted=uncommitted))
