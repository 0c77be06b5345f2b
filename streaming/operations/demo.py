"""The demo: every part of gistream at work, on one machine, from nothing to a table of summaries.

It is its own installation, in the folder `demo` of the data dir, with the same parts as any other. Its processes end
with it, however it ends, unless it is kept. Its files stay when it is kept and when it failed.
"""

from __future__ import annotations

import logging
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from consumers.rendering import tail_block
from producers.file_names import find_files
from producers.files import read_files
from producers.formats.options import ReadOptions
from producers.formats.split import Split
from producers.publisher import publish
from producers.records import ProducerRecord, Refusal
from producers.samples import sample_folder, sample_texts
from streaming.engine import ModelFile, open_model
from streaming.engine.tuning.tuning_file import save_tuning
from streaming.errors import BrokerError, EngineError, MachineError, NotAcknowledged
from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.machine.java import find_java
from streaming.messages import DeadLetter, Summary
from streaming.planning.engine_choice import Choice, choose
from streaming.planning.layout import plan_layout
from streaming.planning.tuning import kept_tuning, tuning_task
from streaming.planning.work import check_prompt
from streaming.settings import Settings
from streaming.spark.arrivals import summarize_backlog
from streaming.spark.engine_start import start_engine
from streaming.spark.jvm.session import spark_log, spark_session
from streaming.spark.prepare import Plan, prepare
from streaming.terminal.consoles import print_table
from streaming.terminal.run_lines import plan_block
from streaming.terminal.tuning_report import show_tuning, tuning_tables
from streaming.wording import counted

# The settings that the demo takes over from its user; all others belong to another installation.
_USER_SETTINGS = {
    *("model", "prompt", "prompts_dir", "strategy", "ladder", "threads", "slots", "context"),
    *("faithfulness", "least_support"),
    *("chunk_tokens", "max_tokens", "max_chunks", "temperature", "repeat_penalty", "driver_memory"),
}
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# The longest measurement of a first demo; a model of billions of parameters is then used as given.
_TUNING_SECONDS = 180


@dataclass(frozen=True)
class _Arrival:
    result: Summary | DeadLetter
    seconds: float


def show(
    settings: Settings,
    paths: list[Path],
    *,
    split: str,
    limit: int | None,
    keep: bool,
    dashboard: bool,
    out: Console,
) -> None:
    """Run the demo on the files that `paths` name, or on the samples; prints to `out`.

    With `dashboard` it opens one before there are documents, and waits for Ctrl-C at the end.

    Raises `UsageError` for missing files, and the errors of the parts.
    """
    broker = _own_broker(settings)
    plan_layout(settings)
    check_prompt(settings)
    find_java()
    files = find_files(paths or [sample_folder()])
    documents = islice(read_files(files, ReadOptions(Split.parse(split), settings.field, settings.keep)), limit)
    if line := files.skipped_line():
        out.print(line, markup=False)
    choice = _choose(settings, open_model(settings.model, completion=settings.completion), out)
    # Kafka's client logs each try to connect, between the summaries.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    addresses: list[str] = []
    started = time.monotonic()
    with (
        _interruptible(),
        _installation(broker, keep=keep),
        ExitStack() as opened,
        ThreadPoolExecutor(1) as pool,
    ):
        status = out.status("starting Apache Kafka and Spark (the first time fetches Kafka's jars: 45 MB)")
        # Both starts take seconds and mostly load Java classes, so they run side by side.
        opening = partial(_open_dashboard, opened, addresses.append, out) if dashboard else None
        planning = pool.submit(_plan, broker, choice, documents, opening, out)
        with status, spark_session(broker.settings, plan_layout(broker.settings)) as spark:
            # Spark has taken the interrupt for itself.
            _handle_signals()
            plan = planning.result()
            start_engine(
                spark,
                plan.task_plan.work.engine,
                lambda share: status.update(f"loading the model: {share:.0%}"),
                log=spark_log(plan.settings),
            )
            out.print(plan_block(plan))
            out.print()
            with closing(summarize_backlog(spark, plan)) as results:
                arrivals = _summarize(results, started, out)
        print_table(_closing_table(arrivals), out)
        out.print(
            f"\n{counted(len(arrivals), 'document')} in {time.monotonic() - started:.0f} s, from nothing to the last "
            f"summary; the first came after {arrivals[0].seconds:.0f} s."
        )
        if keep:
            out.print(
                f"The broker runs on. Look around with GISTREAM_DATA_DIR={broker.settings.data_dir}:\n"
                "  gistream topics describe\n  gistream tail --until-end --json\n  gistream produce files FILES\n"
                "  gistream run --once\n  gistream broker stop"
            )
        if dashboard:
            _wait_for_ctrl_c(addresses[0], out)


def _choose(settings: Settings, model: ModelFile, out: Console) -> Choice:
    """Choose how the demo computes its model; the first time, measure quickly what is fastest here."""
    layout = plan_layout(settings)
    if _is_unmeasured(settings, model, cores=layout.cores):
        out.print("The first demo measures what this CPU computes fastest: two to three minutes for the sample model.")
        task = tuning_task(settings, model, layout, sample_texts(), budget=_TUNING_SECONDS, quick=True, allow_loss=0)
        try:
            tuning = show_tuning(task, out)
        except EngineError as error:
            out.print(f"The measurement failed ({error}).", markup=False)
        else:
            out.print(tuning_tables(tuning))
            save_tuning(settings.shared_dir, model, tuning)
        out.print()
    choice = choose(settings, model, cores=layout.cores)
    if choice.advice is not None:
        out.print(choice.advice, markup=False)
    return choice


def _is_unmeasured(settings: Settings, model: ModelFile, *, cores: int) -> bool:
    """Tell whether a measurement would choose; a tuning that cannot be read is said by the choice, not made again."""
    try:
        kept = kept_tuning(settings, model, cores=cores) is not None
    except MachineError:
        kept = True
    return settings.representation == "auto" and not settings.gpu_layers and not kept


def _plan(
    broker: EmbeddedBroker,
    choice: Choice,
    documents: Iterable[ProducerRecord | Refusal],
    on_topics: Callable[[Settings], None] | None,
    out: Console,
) -> Plan:
    """Start the broker, create the topics, send the documents, plan the query."""
    started = time.monotonic()
    address = broker.start().bootstrap_servers
    out.print(f"Kafka is up on {address} ({time.monotonic() - started:.1f} s)")
    demo = broker.settings.model_copy(update={"bootstrap_servers": address})
    with Admin(demo) as admin:
        admin.ensure()
    if on_topics is not None:
        on_topics(demo)
    report = publish(demo, documents, lambda: None)
    for refusal in report.refusals:
        out.print(f"refused: {refusal.name}: {refusal.reason}", style="red", markup=False)
    if not report.acknowledged:
        raise NotAcknowledged("Kafka took none of the documents; see above.")
    out.print(f"{counted(report.acknowledged, 'document')} in topic '{demo.input_topic}'")
    return prepare(demo, choice.original, choice)


def _open_dashboard(opened: ExitStack, on_open: Callable[[str], None], out: Console, settings: Settings) -> None:
    """Open a dashboard for as long as `opened` is, and hand its address to `on_open`."""
    # A demo without it does not pay for loading a web server.
    from streaming.operations.dashboard import Options, open_dashboard

    dashboard = opened.enter_context(open_dashboard(settings, Options(any_port=True)))
    out.print(f"The dashboard is open at {dashboard.url}")
    on_open(dashboard.url)
    sys.stdout.flush()


def _wait_for_ctrl_c(address: str, out: Console) -> None:
    """Wait until a signal ends the demo, which has done all that it had to."""
    # Its first mention is pages of summaries above.
    out.print(f"The dashboard stays open until Ctrl-C: {address}")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        while True:
            signal.pause()


def _summarize(results: Iterable[Summary | DeadLetter], started: float, out: Console) -> list[_Arrival]:
    """Print each result as it arrives, and return all of them with the seconds since `started`."""
    arrivals = []
    for result in results:
        arrivals.append(_Arrival(result, time.monotonic() - started))
        out.print(tail_block(result), crop=False)
    return arrivals


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, once: a second signal must not interrupt the cleaning up."""
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    _handle_signals()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _handle_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.stderr.write("stopping\n")
    raise KeyboardInterrupt


def _own_broker(settings: Settings) -> EmbeddedBroker:
    """Return the broker of the demo's own data dir; raises `BrokerError` when it runs."""
    folder = settings.data_dir / "demo"
    # One executor needs one partition, and the documents come in the order of their names.
    user_settings = settings.model_dump(include=_USER_SETTINGS)
    broker = EmbeddedBroker(Settings(data_dir=folder, partitions=1, **user_settings))
    if broker.status().running:
        raise BrokerError(
            f"A demo from an earlier run is still running; end it with `gistream broker stop --data-dir {folder}`, "
            "which also lets the next demo begin again."
        )
    return broker


@contextmanager
def _installation(broker: EmbeddedBroker, *, keep: bool) -> Iterator[None]:
    """Empty the broker's data dir; the broker ends with the context, unless all went well and `keep`."""
    folder = broker.settings.data_dir
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield
    except BaseException:
        # A failed demo leaves its logs, and no process.
        broker.stop()
        raise
    if not keep:
        broker.stop()
        shutil.rmtree(folder)


def _closing_table(arrivals: list[_Arrival]) -> Table:
    table = Table("document", "after", "chunks", "tokens", "summary", box=None, header_style="bold")
    for arrival in arrivals:
        result, after = arrival.result, f"{arrival.seconds:.0f} s"
        if isinstance(result, Summary):
            tokens = result.tokens.prompt + result.tokens.completion
            words = f"{result.signals.compression or 0:.0%} of its words"
            table.add_row(result.id, after, str(result.chunks), f"{tokens:,}", words)
        else:
            table.add_row(f"offset {result.source.offset}", after, "", "", f"dead letter: {result.error.type}")
    return table
