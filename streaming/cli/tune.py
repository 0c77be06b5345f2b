"""The command that measures this CPU: `gistream tune`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from streaming.ctrl_c import end_as_ctrl_c_does
from streaming.settings import load
from streaming.settings.flags import DataDir, Json, command_flags, flag
from streaming.terminal.consoles import notes, wide_out

# Columns of the widest table.
_COLUMNS = 100


def tune(
    ctx: typer.Context,
    model: Annotated[str | None, flag("model")] = None,
    budget: Annotated[
        float | None, typer.Option(min=0.1, help="Minutes it may take. Default: 10.", show_default=False)
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what seldom pays.")] = False,
    allow_loss: Annotated[
        float, typer.Option(min=0, max=100, help="Percent by which the model's perplexity may rise for more speed.")
    ] = 0.0,
    master: Annotated[str | None, flag("master")] = None,
    executors: Annotated[int | None, flag("executors")] = None,
    executor_cores: Annotated[int | None, flag("executor_cores")] = None,
    context: Annotated[int | None, flag("context")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Measure which representation of the model, and which setup, this CPU computes fastest, and keep the choice.

    Every later start on this machine uses it, in all your data dirs. A representation is chosen only if it is
    statistically no worse than the file as given: both read the same 8,192 tokens of text, and their predictions are
    compared. A query that has begun keeps its representation until --representation names another.

    Examples:

        gistream tune

        gistream tune --quick

        gistream tune --model ~/models/qwen2.5-7b-instruct-q4_k_m.gguf --budget 90

        gistream tune --allow-loss 5 --json | jq .chosen
    """
    from producers.samples import sample_texts
    from streaming.engine import describe_model
    from streaming.engine.tuning.tuning_file import DEFAULT_BUDGET, save_tuning
    from streaming.planning.layout import plan_layout
    from streaming.planning.tuning import tuning_task
    from streaming.terminal.tuning_report import show_tuning, tuning_tables

    settings = load(command_flags(ctx))
    model_file = describe_model(settings.model)
    task = tuning_task(
        settings,
        model_file,
        plan_layout(settings),
        sample_texts(),
        budget=60 * (DEFAULT_BUDGET if budget is None else budget),
        quick=quick,
        allow_loss=allow_loss / 100,
    )
    end_as_ctrl_c_does()
    try:
        tuning = show_tuning(task, notes)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    path = save_tuning(settings.shared_dir, model_file, tuning)
    if as_json:
        sys.stdout.write(path.read_text(encoding="utf-8") + "\n")
        return
    out = wide_out(_COLUMNS)
    out.print(tuning_tables(tuning))
    out.print(f"Kept in {path}; every later start on this machine uses it, in all your data dirs.", markup=False)
