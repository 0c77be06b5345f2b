"""`gistream replay`: a range of the input again, with other settings, to a topic of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from streaming.errors import Abandoned, GistreamError, UsageError
from streaming.settings import Settings, load
from streaming.settings.flags import (
    DataDir,
    InputPattern,
    InputTopic,
    Json,
    Kafka,
    PromptsDir,
    RangeEnd,
    RangeStart,
    SchemaRegistry,
    SchemaRegistryCa,
    Servers,
    command_flags,
    flag,
)
from streaming.terminal.consoles import notes, out, print_table, write_json
from streaming.terminal.progress import ProgressBar
from streaming.wording import counted

if TYPE_CHECKING:
    # It imports Spark, which takes a second.
    from streaming.kafka.records import Ranges
    from streaming.operations.replay.estimate import Estimate
    from streaming.operations.replay.replay import Replay

Id = Annotated[str, typer.Argument(help="The replay's id, as `gistream replay list` shows it.", show_default=False)]


def replay(
    ctx: typer.Context,
    start: RangeStart = "",
    end: RangeEnd = "latest",
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            help="Only these documents: id=VALUE or metadata.NAME=VALUE. Repeated: any of the values of one name, and "
            "all names.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would cost, and neither summarize nor create anything.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the estimate of --dry-run as JSON.")] = False,
    model: Annotated[str | None, flag("model")] = None,
    representation: Annotated[str | None, flag("representation")] = None,
    prompt: Annotated[str | None, flag("prompt")] = None,
    prompts_dir: PromptsDir = None,
    strategy: Annotated[str | None, flag("strategy")] = None,
    prompt_style: Annotated[str | None, flag("prompt_style")] = None,
    faithfulness: Annotated[str | None, flag("faithfulness")] = None,
    least_support: Annotated[float | None, flag("least_support")] = None,
    output_topic: Annotated[
        str | None,
        typer.Option(
            help="The topic of the summaries. Default: a new one, the settings' output topic with the replay's id "
            "behind it, so that no reader of yours sees them.",
            show_default=False,
        ),
    ] = None,
    dead_letter_topic: Annotated[
        str | None,
        typer.Option(
            help="The topic of documents that could not be summarized. Default: that of the settings when the "
            "summaries go to the settings' topic, else OUTPUT-TOPIC-dead-letters.",
            show_default=False,
        ),
    ] = None,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    format: Annotated[str | None, flag("format")] = None,
    field: Annotated[list[str] | None, flag("field")] = None,
    keep: Annotated[list[str] | None, flag("keep")] = None,
    id_from: Annotated[str | None, flag("id_from")] = None,
    uri_roots: Annotated[list[str] | None, flag("uri_roots")] = None,
    schema_registry: SchemaRegistry = None,
    schema_registry_ca: SchemaRegistryCa = None,
    skip_unreadable: Annotated[bool | None, flag("skip_unreadable")] = None,
    store: Annotated[str | None, flag("store")] = None,
    master: Annotated[str | None, flag("master")] = None,
    executors: Annotated[int | None, flag("executors")] = None,
    executor_cores: Annotated[int | None, flag("executor_cores")] = None,
    slots: Annotated[int | None, flag("slots")] = None,
    threads: Annotated[int | None, flag("threads")] = None,
    batch_documents: Annotated[int | None, flag("batch_documents")] = None,
    grace: Annotated[float | None, flag("grace")] = None,
    query: Annotated[str | None, flag("query")] = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Summarize a range of the input again, for example with another prompt, while the query runs.

    The range is fixed when the replay begins, and its results go to a topic of their own. An interrupted replay is
    resumed by its id. Its model has the representation of the query that --query names.

    Examples:

        gistream replay --from -1d --prompt headline --dry-run

        gistream replay --from -1d --prompt headline --output-topic shadow

        gistream replay --from 0=1200,1=1180 --to 0=1300,1=1280 --filter id=b-17 --filter id=b-18
    """
    if ctx.invoked_subcommand is not None:
        return
    from streaming.operations.offset_range import parse_bounds
    from streaming.operations.replay.filter import ReplayFilter
    from streaming.operations.replay.replay import begin, find_ranges
    from streaming.pipeline.decode import record_format

    if not start:
        raise UsageError("Say where the replay begins: --from -1d, --from 2026-01-31T08:00, --from earliest.")
    if as_json and not dry_run:
        raise UsageError("--json prints the estimate of --dry-run; say --dry-run, too.")
    flags = command_flags(ctx)
    # Before Kafka is asked: these do not depend on it.
    ReplayFilter(filters or [], record_format(load(flags)))
    bounds = parse_bounds(start, end)
    outputs = {name: flags.pop(name, None) for name in ("output_topic", "dead_letter_topic")}
    settings = load(flags)
    ranges = find_ranges(settings, bounds)
    if not ranges:
        notes.print("nothing to replay: the range has no record")
        return
    if dry_run:
        _estimate(settings, ranges, filters or [], as_json=as_json)
        return
    with ProgressBar(notes) as bar:
        bar.begin("reading the model")
        replay = begin(settings, ranges, bounds=(start, end), filters=filters or [], **outputs)
    _run(replay)


def resume(
    ctx: typer.Context,
    replay_id: Id,
    slots: Annotated[int | None, flag("slots")] = None,
    threads: Annotated[int | None, flag("threads")] = None,
    batch_documents: Annotated[int | None, flag("batch_documents")] = None,
    grace: Annotated[float | None, flag("grace")] = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Do the rest of an interrupted replay, with the range, filter, prompt and model with which it began.

    Example:

        gistream replay resume 20260131-0800-7f3a
    """
    from streaming.operations.replay.replay import reopen

    settings = load(command_flags(ctx))
    with ProgressBar(notes) as bar:
        bar.begin("reading the model")
        replay = reopen(settings, replay_id)
    _run(replay)


def list_replays(ctx: typer.Context, as_json: Json = False, data_dir: DataDir = None) -> None:
    """List the replays of the data dir, the oldest first.

    Example:

        gistream replay list
    """
    from streaming.operations.replay.record import all_replays, listed
    from streaming.terminal.replay_lines import replay_table

    replays = [listed(folder) for folder in all_replays(load(command_flags(ctx)))]
    if as_json:
        for record in replays:
            write_json(json.dumps(record))
    elif replays:
        print_table(replay_table(replays))
    else:
        notes.print("there was no replay yet")


def cancel(ctx: typer.Context, replay_id: Id, data_dir: DataDir = None) -> None:
    """Cancel a replay for good; what it made stays in its topic. A running one stops after its micro-batch.

    Example:

        gistream replay cancel 20260131-0800-7f3a
    """
    from streaming.operations.replay.record import ReplayFolder

    folder = ReplayFolder(load(command_flags(ctx)), replay_id)
    record, progress = folder.read()
    if progress.done:
        out.print(f"replay {replay_id} is done; there is nothing to cancel")
        return
    running = folder.state(progress) == "running"
    folder.cancel()
    when = "it stops when its running micro-batch is done" if running else "it will not be resumed"
    out.print(f"replay {replay_id} is cancelled: {when}; its results stay in topic {record.output_topic}")


def _estimate(settings: Settings, ranges: Ranges, filters: Sequence[str], *, as_json: bool) -> None:
    from streaming.operations.replay.estimate import estimate

    with ProgressBar(notes) as bar:
        bar.begin("records", sum(end - start for start, end in ranges.values()))
        found = estimate(settings, ranges, filters, bar.advance)
    if as_json:
        both = {"completion_tokens": found.completion_tokens, "seconds": found.seconds}
        write_json(json.dumps(asdict(found) | both))
    else:
        out.print(_estimate_lines(found))


def _estimate_lines(estimate: Estimate) -> str:
    """Return what a replay would do and cost, a line for each figure."""
    from streaming.terminal.replay_lines import between

    found = [f"{estimate.documents:,}"]
    for number, what in (
        (estimate.deletions, "and {} deletions"),
        (estimate.unreadable, "and {} records that would be dead letters"),
        (estimate.skipped, "({} left out by the filter)"),
    ):
        if number:
            found.append(what.format(f"{number:,}"))
    lines = {"recipe": estimate.recipe, "documents": " ".join(found), "in the store": f"{estimate.stored:,}"}
    tokens, seconds, pace = estimate.completion_tokens, estimate.seconds, estimate.pace
    if estimate.prompts:
        lines["prompts"] = counted(estimate.prompts, "first try", "first tries")
        lines["prompt tokens"] = f"{estimate.prompt_tokens:,} in these, exactly; twice that if all are tried again"
        lines["completion tokens"] = f"{tokens[0]:,} to {tokens[1]:,}" if pace is not None else f"up to {tokens[1]:,}"
    if pace is not None and seconds is not None:
        lines["time"] = f"{between(*seconds)} beside no other work, as measured by {pace.measured}"
    elif estimate.prompts:
        lines["time"] = "unknown: neither a query nor `gistream tune` has measured this model here"
    else:
        lines["time"] = "that of reading and writing: nothing is to be generated"
    return "\n".join(f"{name:<19}{value}" for name, value in lines.items())


def _run(replay: Replay) -> None:
    from streaming.operations.replay.run import run
    from streaming.spark.watch import Batch, StopRequest
    from streaming.terminal.replay_lines import RemainingTime, remaining, results
    from streaming.terminal.run_lines import BatchLines, LoadingLines, plan_block
    from streaming.terminal.run_status import RunStatus

    record, plan = replay.record, replay.plan
    notes.print(plan_block(plan))
    for topic, partition, first, last in ((r.topic, r.partition, r.start, r.end) for r in record.ranges):
        notes.print(f"range       {topic}:{partition} from offset {first} to before {last}")
    resume_line = f"`gistream replay resume {record.id}`"
    notes.print(f"replay {record.id}; if it is interrupted, {resume_line} does the rest")
    lines, loads, rest = BatchLines(), LoadingLines(), RemainingTime()
    reached = replay.read_offsets

    def on_batch(batch: Batch) -> None:
        nonlocal reached
        rest.add(replay.read_offsets - reached, batch.seconds)
        reached = replay.read_offsets
        left = remaining(reached, replay.offsets, rest.seconds(replay.offsets - reached))
        notes.print(f"{lines.line(batch)}; {left}", markup=False)

    def on_progress(share: float) -> None:
        if line := loads.line(share):
            notes.print(line)

    try:
        with RunStatus(notes) as status:
            run(
                replay,
                stop=StopRequest(),
                on_batch=on_batch,
                on_look=status.show,
                on_progress=on_progress,
                on_wait=lambda line: notes.print(line, markup=False),
                on_restart=lambda restart: notes.print(lines.restart_line(restart), markup=False),
            )
    except GistreamError as error:
        left = remaining(replay.read_offsets, replay.offsets, None)
        if replay.folder.cancelled:
            raise Abandoned(
                f"Replay {record.id} was cancelled after {left}; its results stay in topic {record.output_topic}."
            ) from error
        after = "" if isinstance(error, Abandoned) else "when the cause is removed, "
        raise type(error)(f"{error} Replay {record.id} has done {left}; {after}{resume_line} does the rest.") from error
    notes.print(f"done: {results(replay.progress.model_dump())}, in topic {record.output_topic}", markup=False)
