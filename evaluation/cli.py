"""`gistream eval`: how good summaries are, compared with summaries that people wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from streaming.errors import MachineError, UsageError
from streaming.settings.flags import DataDir, PromptsDir, command_flags, flag
from streaming.terminal.consoles import notes, wide_out
from streaming.terminal.ctrl_c import end_as_ctrl_c_does

# Columns of the widest table.
_COLUMNS = 120


def evaluation(
    ctx: typer.Context,
    data: Annotated[
        Path,
        typer.Option(
            help="Texts and the summaries that people wrote of them: a JSON object a line, with `text` and "
            "`references`, a list; `id` and `language` may be there.",
            show_default=False,
        ),
    ],
    models: Annotated[
        list[str] | None, typer.Option("--model", help="A model, as in --model of `gistream run`. May be repeated.")
    ] = None,
    prompts: Annotated[list[str] | None, typer.Option("--prompt", help="A prompt profile. May be repeated.")] = None,
    prompts_dir: PromptsDir = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE,VALUE",
            help="Values of a setting to compare, such as temperature=0,0.3 or chunk_tokens=400,800. May be repeated: "
            "every combination is measured.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="Extracts to compare with, as long as the first system's summaries: textrank, lead, random.",
        ),
    ] = None,
    no_ladder: Annotated[
        bool, typer.Option("--no-ladder", help="Take the model's first answer, however bad, as its summary.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Take no more than this many texts.")] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write everything to FILE.", dir_okay=False, show_default=False),
    ] = None,
    slots: Annotated[int | None, flag("slots")] = None,
    context: Annotated[int | None, flag("context")] = None,
    engine: Annotated[str | None, flag("engine")] = None,
    data_dir: DataDir = None,
) -> None:
    """Measure how good the summaries of a model, a prompt and settings are, side by side with others.

    Summaries are made as the service makes them, and compared with summaries that people wrote: ROUGE-1, ROUGE-2 and
    ROUGE-Lsum, the best of several references. Type the same command again to resume an interrupted evaluation.

    Examples:
        gistream eval --data squality-dev.jsonl --against textrank,lead,random

        gistream eval --data mine.jsonl --prompt default --prompt headline --limit 10

        gistream eval --data mine.jsonl --set temperature=0,0.3 --set chunk_tokens=400,800 --json grid.json
    """
    # Imported here, because only this command needs the libraries that they load.
    from evaluation.contenders import baselines, contenders
    from evaluation.evaluate import evaluate
    from evaluation.report import show
    from evaluation.results import EvaluationResults, as_json
    from evaluation.stories import read_stories
    from streaming.terminal.progress import ProgressBar

    if json_file is not None and not json_file.parent.is_dir():
        raise UsageError(f"There is no folder {json_file.parent} for {json_file.name}; make it first.")
    flags = command_flags(ctx) | ({"ladder": False} if no_ladder else {})
    systems = contenders(flags, models=models or (), prompts=prompts or (), sets=sets or ())
    extracts = baselines(against)
    stories = read_stories(data, limit=limit)
    end_as_ctrl_c_does()

    def on_results(results: EvaluationResults) -> None:
        show(results, wide_out(_COLUMNS))
        if json_file is not None:
            try:
                json_file.write_text(
                    json.dumps(as_json(results), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
                )
            except OSError as error:
                raise MachineError(f"{json_file} cannot be written: {error}; no summary is lost.") from error

    try:
        with ProgressBar(notes) as progress:
            evaluate(data, stories, systems, extracts, progress, on_results)
    except KeyboardInterrupt:
        notes.print("stopped; type the same command again to resume")
        raise typer.Exit(130) from None
