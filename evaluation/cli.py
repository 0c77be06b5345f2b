"""`gistream eval`: how good summaries are, compared with summaries that people wrote, or judged by people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from streaming.ctrl_c import end_as_ctrl_c_does
from streaming.errors import MachineError, UsageError
from streaming.settings.flags import DataDir, PromptsDir, command_flags, flag
from streaming.terminal.consoles import notes, wide_out

# Columns of the widest table.
_COLUMNS = 160
# What --ratings does not ignore.
_WITH_RATINGS = ("ratings", "json_file")


def evaluation(
    ctx: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Texts and the summaries that people wrote of them: a JSON object a line, with `text` and "
            "`references`, a list; `id` and `language` may be there. Or a table (CSV, Parquet) with such columns. "
            "--sheet needs no `references`, so it takes documents of every format, too, and folders of them.",
            show_default=False,
        ),
    ] = None,
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
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Write a page on which people judge the summaries, without knowing which system wrote them.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    ratings: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Show what people said: a file that the page of --sheet saved. May be repeated. Takes no --data and "
            "loads no model.",
            show_default=False,
        ),
    ] = None,
    slots: Annotated[int | None, flag("slots")] = None,
    context: Annotated[int | None, flag("context")] = None,
    engine: Annotated[str | None, flag("engine")] = None,
    data_dir: DataDir = None,
) -> None:
    """Measure how good the summaries of a model, a prompt and settings are, side by side with others.

    Summaries are made as the service makes them, and compared with summaries that people wrote: ROUGE-1, ROUGE-2 and
    ROUGE-Lsum, the best of several references. Type the same command again to resume an interrupted evaluation.

    People judge better than ROUGE: --sheet writes a page that shows each text and the summaries, blind and shuffled.
    Each reader opens it in a browser, rates, and saves a file; --ratings shows what all of them said.

    Examples:

        gistream eval --data squality-dev.jsonl --against textrank,lead,random

        gistream eval --data mine.jsonl --prompt default --prompt headline --limit 10

        gistream eval --data mine.jsonl --set temperature=0,0.3 --set chunk_tokens=400,800 --json grid.json

        gistream eval --data mine.jsonl --set faithfulness=strict,flag

        gistream eval --data mine.jsonl --against textrank --limit 20 --sheet sheet.html

        gistream eval --data notes/ --prompt default --prompt headline --sheet sheet.html

        gistream eval --ratings anna.json --ratings ben.json
    """
    _check(ctx.params)
    if ratings:
        _show_ratings(ratings, json_file)
        return
    # Imported here, because only this command needs the libraries that they load.
    from evaluation.contenders import baselines, contenders
    from evaluation.evaluate import evaluate
    from evaluation.report import show
    from evaluation.results import EvaluationResults, as_json
    from evaluation.sheet import sheet_page
    from evaluation.story_parts import read_stories
    from streaming.terminal.progress import ProgressBar

    if data is None:
        raise UsageError("--data says which texts to summarize, and --ratings what people said; give one of them.")
    flags = command_flags(ctx) | ({"ladder": False, "faithfulness": "off"} if no_ladder else {})
    systems = contenders(flags, models=models or (), prompts=prompts or (), sets=sets or ())
    extracts = baselines(against)
    stories = read_stories(
        data,
        limit=limit,
        need_references=sheet is None,
        on_refusal=lambda line: notes.print(line, style="red", markup=False),
    )
    end_as_ctrl_c_does()

    def on_results(results: EvaluationResults) -> None:
        show(results, wide_out(_COLUMNS))
        if json_file is not None:
            _write(json_file, _json(as_json(results)))
        if sheet is not None:
            texts = [story for story in stories if story.id not in results.failed]
            _write(sheet, sheet_page(results.data, texts, {system.name: system.texts for system in results.systems}))
            notes.print(f"{sheet} is ready: open it in a browser", markup=False)

    try:
        with ProgressBar(notes) as progress:
            evaluate(data, stories, systems, extracts, progress, on_results)
    except KeyboardInterrupt:
        notes.print("stopped; type the same command again to resume")
        raise typer.Exit(130) from None


def _check(options: dict[str, Any]) -> None:
    """Raise `UsageError` for options that do not go together, and for a file in a folder that does not exist."""
    for file in filter(None, (options["json_file"], options["sheet"])):
        if not file.parent.is_dir():
            raise UsageError(f"There is no folder {file.parent} for {file.name}; make it first.")
    others = [
        name for name, value in options.items() if value not in (None, False, [], ()) and name not in _WITH_RATINGS
    ]
    if options["ratings"] and others:
        raise UsageError("--ratings shows what people said and summarizes nothing; only --json goes with it.")


def _show_ratings(paths: list[Path], json_file: Path | None) -> None:
    from evaluation.rating_report import show_ratings
    from evaluation.rating_results import as_json, rating_results
    from evaluation.ratings import read_ratings

    results = rating_results(read_ratings(paths))
    show_ratings(results, wide_out(_COLUMNS))
    if json_file is not None:
        _write(json_file, _json(as_json(results)))


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error}; nothing is lost, so type the command again.") from error
