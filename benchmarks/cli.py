"""`gistream bench`: gistream measured beside other ways to use llama.cpp."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from streaming.ctrl_c import end_as_ctrl_c_does
from streaming.errors import UsageError
from streaming.settings import load
from streaming.settings.flags import DataDir, command_flags, flag
from streaming.terminal.consoles import notes, wide_out

# Columns of the widest table.
_COLUMNS = 120


def bench(
    ctx: typer.Context,
    text: Annotated[Path | None, typer.Argument(help="A text file; default: gistream's samples.")] = None,
    split: Annotated[
        str, typer.Option(help="A regular expression: a line of TEXT that begins with it begins a chapter.")
    ] = "CHAPTER .+",
    words: Annotated[int, typer.Option(min=1, help="Words of a document; shorter chapters are left out.")] = 500,
    full_length: Annotated[
        bool, typer.Option("--full-length", help="Take those chapters whole instead of cutting them.")
    ] = False,
    documents: Annotated[
        int | None, typer.Option(min=1, help="Documents of a round: 32; 4 with --quick.", show_default=False)
    ] = None,
    pipeline_documents: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Documents for the pipeline, and for the lanes that it is compared with: 128; 8 with --quick. "
            "0: no pipeline and no latency.",
            show_default=False,
        ),
    ] = None,
    repeats: Annotated[int | None, typer.Option(min=1, help="Rounds: 3; 1 with --quick.", show_default=False)] = None,
    representations: Annotated[
        list[str] | None,
        typer.Option(
            help="Representations of the model besides that of its file; the first is the one in which systems are "
            "compared. Default: as tuned, else BF16.",
            show_default=False,
        ),
    ] = None,
    systems: Annotated[
        str | None,
        typer.Option(
            help="Measure only these, with commas: recipe, cached, llama-server, lanes, pipeline (and the lanes beside "
            "it, on its documents).",
            show_default=False,
        ),
    ] = None,
    llama_server: Annotated[
        Path | None,
        typer.Option(help="llama.cpp's server, to measure it, too; `make llama-server` builds it.", show_default=False),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A look at this machine in about five minutes.")] = False,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write everything to FILE.", dir_okay=False, show_default=False),
    ] = None,
    chart: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the systems to FILE, a PNG.", dir_okay=False, show_default=False),
    ] = None,
    model: Annotated[str | None, flag("model")] = None,
    data_dir: DataDir = None,
) -> None:
    """Measure gistream's engine and its whole pipeline beside the ways in which llama.cpp is commonly used.

    Every system gets the same tokens and the same limits, its best settings out of a small grid, and a process of its
    own; rounds are interleaved. It takes about two hours on 2 cores, and the machine should do nothing else. Type
    the same command again to resume an interrupted benchmark.

    Examples:

        gistream bench --quick

        gistream bench war-and-peace.txt --llama-server build/llama-server --json bench.json --chart bench.png

        gistream bench book.txt --split 'Chapter .+' --full-length --pipeline-documents 0

        gistream bench war-and-peace.txt --systems pipeline
    """
    # Imported here, because they load PySpark and more.
    from benchmarks.bench import measure
    from benchmarks.chart import check_drawing, draw
    from benchmarks.report import show
    from benchmarks.results import BenchResults, as_json
    from benchmarks.scope import QUICK, BenchRequest, Scope, only_systems, tuned_representation
    from streaming.terminal.progress import ProgressBar

    if chart is not None:
        check_drawing()
    for file in (json_file, chart):
        if file is not None and not file.parent.is_dir():
            raise UsageError(f"There is no folder {file.parent} for {file.name}; make it first.")
    settings = load(command_flags(ctx))
    scope = QUICK if quick else Scope()
    scope = replace(
        scope,
        documents=scope.documents if documents is None else documents,
        pipeline_documents=scope.pipeline_documents if pipeline_documents is None else pipeline_documents,
        repeats=scope.repeats if repeats is None else repeats,
    )
    if systems is not None:
        scope = only_systems(scope, systems)
        if "llama-server" in scope.systems and llama_server is None:
            raise UsageError(
                "--systems names llama-server; say where it is with --llama-server (`make llama-server` builds it)."
            )
    request = BenchRequest(
        text=text,
        split=split,
        words=words,
        whole=full_length,
        model=settings.model,
        models_dir=settings.models_dir,
        journals=settings.data_dir / "benchmark",
        representations=tuple(representations or [tuned_representation(settings)]),
        program=llama_server,
        scope=scope,
    )

    def on_results(results: BenchResults) -> None:
        figures = as_json(results)
        show(figures, wide_out(_COLUMNS))
        if json_file is not None:
            json_file.write_text(json.dumps(figures, indent=2) + "\n")
        if chart is not None:
            draw(results, chart)

    end_as_ctrl_c_does()
    try:
        with ProgressBar(notes) as progress:
            measure(request, progress, on_results)
    except KeyboardInterrupt:
        notes.print("stopped; nothing is left running; type the same command again to resume")
        raise typer.Exit(130) from None
