"""The `gistream` command: reads flags, calls, prints. Nothing else happens here."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.cli import app as bench_app
from evaluation.cli import app as eval_app
from producers.cli import app as produce_app
from streaming import __version__
from streaming.cli.admin import broker_app, config_app, doctor, topics_app
from streaming.cli.engine import app as engine_app
from streaming.cli.model import model_app
from streaming.cli.offline import app as offline_app
from streaming.cli.prompts import prompts_app
from streaming.cli.tune import app as tune_app
from streaming.errors import run_command
from streaming.settings import load, pairs
from streaming.settings.flags import (
    DataDir,
    DeadLetterTopic,
    InputPattern,
    InputTopic,
    Json,
    Kafka,
    OutputTopic,
    PromptsDir,
    Servers,
    flag,
)

_HELP = """Summarize documents as they arrive: Kafka in, Spark and llama.cpp, Kafka out; on your own machines.

Start with `gistream demo`. On your own topic: `gistream broker start`, `gistream produce files PATHS`,
`gistream run --once`, `gistream tail --until-end`.
"""
app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help=_HELP, pretty_exceptions_enable=False)
app.add_typer(broker_app, name="broker")
app.add_typer(topics_app, name="topics")
app.add_typer(produce_app, name="produce")
app.add_typer(model_app, name="model")
app.add_typer(prompts_app, name="prompts")
app.add_typer(config_app, name="config")
app.add_typer(offline_app)
app.add_typer(engine_app)
app.add_typer(bench_app)
app.add_typer(eval_app)
app.add_typer(tune_app)
app.command()(doctor)

out = Console(highlight=False, soft_wrap=True)
note = Console(stderr=True, highlight=False, soft_wrap=True)

Model = Annotated[str | None, flag("model")]


def main() -> int:
    """Run the command line; the entry point of the installed command."""
    return run_command(app)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    # Typer shows the app's own help; this holds what it is asked before any command.
    if version:
        out.print(__version__)
        raise typer.Exit


@app.command()
def demo(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Your own text files or folders; default: samples.")
    ] = None,
    split: Annotated[
        str, typer.Option(help="'none', or a regular expression: a line that begins with it begins a new document.")
    ] = "none",
    limit: Annotated[int | None, typer.Option(min=1, help="Summarize no more than this many documents.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the broker and its topics there, to look at.")] = False,
    model: Model = None,
    data_dir: DataDir = None,
) -> None:
    """Show all of it at work: a broker, topics, the query, documents in, each summary as it comes out.

    Everything the demo makes lies in the folder `demo` of the data dir and goes away with it, unless you say --keep.

    Examples:
        gistream demo

        gistream demo war-and-peace.txt --split 'CHAPTER .+' --limit 12
    """
    from streaming.operations.demo import show

    settings = load({"data_dir": data_dir, "model": model})
    show(settings, paths or [], split=split, limit=limit, keep=keep, out=out)


@app.command()
def run(
    once: Annotated[bool, typer.Option("--once", help="Summarize what is there now, then end.")] = False,
    model: Model = None,
    representation: Annotated[str | None, flag("representation")] = None,
    master: Annotated[str | None, flag("master")] = None,
    bootstrap_servers: Servers = None,
    input_topic: InputTopic = None,
    input_pattern: InputPattern = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    sink: Annotated[list[str] | None, flag("sink")] = None,
    format: Annotated[str | None, flag("format")] = None,
    field: Annotated[list[str] | None, flag("field")] = None,
    id_from: Annotated[str | None, flag("id_from")] = None,
    prompt: Annotated[str | None, flag("prompt")] = None,
    prompts_dir: PromptsDir = None,
    strategy: Annotated[str | None, flag("strategy")] = None,
    prompt_style: Annotated[str | None, flag("prompt_style")] = None,
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
    grace: Annotated[float | None, flag("grace")] = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Summarize the input topic, until SIGTERM or Ctrl-C.

    A stop lets the running micro-batch end, for --grace seconds; a second Ctrl-C does not wait. What was not committed
    runs again at the next start.

    Examples:
        gistream run

        gistream run --once --model ~/models/qwen2.5-7b-instruct-q4_k_m.gguf

        gistream run --format json --field text=doc.body --id-from key

        gistream run --sink kafka --sink parquet=/srv/gistream/archive
    """
    from streaming.engine import open_model
    from streaming.spark.prepare import prepare
    from streaming.spark.query import run as run_query
    from streaming.spark.watch import StopRequest
    from streaming.terminal.run_lines import BatchLines, LoadingLines, plan_block

    settings = load(
        {
            "model": model,
            "representation": representation,
            "master": master,
            "bootstrap_servers": bootstrap_servers,
            "input_topic": input_topic,
            "input_pattern": input_pattern,
            "sink": sink,
            "output_topic": output_topic,
            "dead_letter_topic": dead_letter_topic,
            "format": format,
            "field": pairs(field, "--field"),
            "id_from": id_from,
            "prompt": prompt,
            "prompts_dir": prompts_dir,
            "strategy": strategy,
            "prompt_style": prompt_style,
            "query": query,
            "checkpoint": checkpoint,
            "slots": slots,
            "context": context,
            "threads": threads,
            "lanes": lanes,
            "ubatch": ubatch,
            "gpu_layers": gpu_layers,
            "engine": engine,
            "batch_documents": batch_documents,
            "grace": grace,
            "kafka": pairs(kafka, "--kafka"),
            "data_dir": data_dir,
        }
    )
    stop = StopRequest()
    plan = prepare(settings, open_model(settings.model, completion=settings.completion))
    note.print(plan_block(plan))
    note.print("starting Spark; a line follows for each micro-batch; Ctrl-C stops when the running one is done")
    lines, loads = BatchLines(), LoadingLines()

    def loading(share: float) -> None:
        if line := loads.line(share):
            note.print(line)

    run_query(plan, once=once, stop=stop, on_batch=lambda batch: note.print(lines.line(batch)), on_progress=loading)


@app.command()
def tail(
    start: Annotated[str, typer.Option("--from", help="earliest, latest, or e.g. 2026-01-31T08:00.")] = "earliest",
    count: Annotated[int | None, typer.Option(min=1, help="End after this many.", show_default=False)] = None,
    until_end: Annotated[bool, typer.Option("--until-end", help="Print what is there, then end.")] = False,
    dead_letters: Annotated[bool, typer.Option("--dead-letters", help="Read the dead letters instead.")] = False,
    as_json: Json = False,
    bootstrap_servers: Servers = None,
    output_topic: OutputTopic = None,
    dead_letter_topic: DeadLetterTopic = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
) -> None:
    """Print summaries as they arrive, each result once.

    Examples:
        gistream tail --until-end

        gistream tail --from latest --json | jq .summary
    """
    from consumers.rendering import tail_block, tail_json
    from consumers.tail import Tail, Unreadable, parse_start

    settings = load(
        {
            "bootstrap_servers": bootstrap_servers,
            "output_topic": output_topic,
            "dead_letter_topic": dead_letter_topic,
            "kafka": pairs(kafka, "--kafka"),
            "data_dir": data_dir,
        }
    )
    place = parse_start(start)
    reader = Tail(settings, summaries=not dead_letters, dead_letters=dead_letters)
    try:
        reader.seek(place)
        printed = 0
        for read in reader.read(until_end=until_end):
            if read is None:
                continue
            if isinstance(read, Unreadable):
                note.print(f"offset {read.offset} of {read.topic}-{read.partition} is none of gistream's records")
                continue
            if as_json:
                sys.stdout.write(tail_json(read) + "\n")
            else:
                out.print(tail_block(read))
            sys.stdout.flush()
            printed += 1
            if count is not None and printed >= count:
                return
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:
        # Whoever read our output has had enough (`gistream tail --json | head`); Python would complain at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        reader.close()
