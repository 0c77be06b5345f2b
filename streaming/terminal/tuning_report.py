"""The report of a tuning: its progress while it runs, then its figures and its choice."""

from __future__ import annotations

import math
import time

from rich.console import Console, Group, RenderableType
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from streaming.engine.setup import Setup
from streaming.engine.tuning.task import Step, TuningTask
from streaming.engine.tuning.tune import tune
from streaming.engine.tuning.tuning_file import GIVEN, Quality, Skipped, Speed, Tuning
from streaming.errors import EngineError
from streaming.wording import counted

# Seconds between two lines about the progress where there is no terminal for a progress bar.
_HEARTBEAT = 15.0


def show_tuning(task: TuningTask, note: Console) -> Tuning:
    """Run a tuning and print its steps and figures to `note`; raises the errors of `tune`."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    last_line = time.monotonic()
    with Progress(*columns, console=note, transient=True, disable=not note.is_terminal) as progress:
        running = progress.add_task("tuning to this CPU")
        for event in tune(task):
            if isinstance(event, Step):
                progress.update(running, description=event.description)
                if not note.is_terminal and time.monotonic() - last_line > _HEARTBEAT:
                    last_line = time.monotonic()
                    note.print(f"  still measuring: {event.description}", markup=False)
            elif isinstance(event, Tuning):
                return event
            else:
                last_line = time.monotonic()
                note.print(_line(event, task.model.representation), markup=False)
    raise EngineError("The tuning ended without a result: a bug.")


def _line(event: Speed | Quality | Skipped, original: str) -> str:
    if isinstance(event, Skipped):
        return f"{event.representation}: left out: {event.reason}"
    if isinstance(event, Quality):
        return f"{event.representation}: perplexity {_change(event)} on {event.tokens:,} tokens"
    name = _name(event.representation, original)
    return f"{name}: {event.documents_per_second:.2f} documents/s with {_setup(event.setup)}"


def tuning_tables(tuning: Tuning) -> RenderableType:
    """Return the figures of a tuning and its choice, for people to read."""
    speeds = _table("representation", "slots", "lanes", "ubatch", "prefill", "step", "docs/s", "MB", "foreseen")
    for speed in tuning.speeds:
        setup = speed.setup
        speeds.add_row(
            _name(speed.representation, tuning.given),
            str(setup.slots),
            str(setup.lanes),
            str(setup.ubatch),
            f"{speed.prefill:.2f} s",
            f"{speed.decode * 1000:,.0f} ms",
            f"{speed.documents_per_second:.2f}",
            f"{speed.memory / 1e6:,.0f}",
            f"{speed.predicted / 1e6:,.0f}",
        )
    qualities = _table("representation", "perplexity", "change (95%)", "divergence", "same token")
    for quality in tuning.qualities:
        qualities.add_row(
            quality.representation,
            f"{quality.perplexity:.2f}",
            _change(quality),
            f"{quality.divergence:.4f}",
            f"{quality.same_top:.1%}",
        )
    first = tuning.speeds[0]
    heading = (
        f"{tuning.model} on {tuning.cpu}, {counted(tuning.cores, 'core')}, llama-cpp-python {tuning.llama_cpp}; "
        f"prompts of {first.prompt_tokens} tokens, {first.completion_tokens} generated:"
    )
    parts: list[RenderableType] = [Text(heading), speeds]
    if tuning.qualities:
        read = tuning.qualities[0]
        parts += [
            Text(f"\nOn {read.tokens:,} tokens of text, perplexity {read.given_perplexity:.2f} as given:"),
            qualities,
        ]
    return Group(*parts, Text(), *(Text(_line(skip, tuning.given)) for skip in tuning.skipped), _verdict(tuning))


def _table(*names: str) -> Table:
    """Return a table that keeps to 80 columns and never breaks a cell."""
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True)
    return table


def _verdict(tuning: Tuning) -> Text:
    chosen = tuning.chosen
    name = _name(chosen.representation, tuning.given)
    gain = f"{chosen.gain:.2f} times as fast as the file as given in its first setup"
    return Text(f"Chosen: {name} with {_setup(chosen.setup)}, {gain} ({tuning.seconds:.0f} s).", style="bold")


def _name(representation: str, original: str) -> str:
    return f"given ({original})" if representation == GIVEN else representation


def _setup(setup: Setup) -> str:
    return f"{counted(setup.slots, 'slot')} in {counted(setup.lanes, 'lane')}, {setup.ubatch} tokens at once"


def _change(quality: Quality) -> str:
    low, middle, high = (math.expm1(nats) for nats in (quality.low, quality.change, quality.high))
    return f"{middle:+.2%} ({low:+.2%} to {high:+.2%})"
