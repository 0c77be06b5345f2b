"""The whole benchmark, step by step: documents, settings, rounds, latency, memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from benchmarks.child import Child
from benchmarks.contract import Delay, Document
from benchmarks.figures import Case, Figure, ratios, uneven
from benchmarks.footprints import footprints
from benchmarks.measurements import Measurement, open_measurements
from benchmarks.results import BenchResults, Footprint, Workload, this_machine
from benchmarks.rounds import Bench, run_rounds
from benchmarks.scope import SYSTEMS, BenchRequest, Scope
from benchmarks.search import Trials, defaults, search, settings_of
from benchmarks.systems.llama_server import check_program
from benchmarks.texts import NamedText, chapters, windows
from benchmarks.workload import context_for, render
from producers.samples import sample_folder
from streaming.engine import ModelFile, open_model
from streaming.engine.model.representation import FILE_TYPES, prepare_representation
from streaming.errors import UsageError
from streaming.machine.cores import usable_cores
from streaming.planning.token_limits import checked_token_limits
from streaming.settings import Settings
from streaming.terminal.journal import Journal, this_code
from streaming.terminal.progress import ProgressBar

# In fewer micro-batches, their start and end, where slots idle, weigh more in the figure than in a service's life.
_LEAST_BATCHES = 4


def measure(request: BenchRequest, progress: ProgressBar, on_results: Callable[[BenchResults], None]) -> None:
    """Measure everything and call `on_results`. A journal keeps the measurements until that has returned.

    Leaves no process behind, and a failure leaves files to look at. Raises `UsageError`, `ModelError`, `MachineError`,
    and the errors of the systems and of `on_results`.
    """
    versions = {"llama_cpp": version("llama-cpp-python"), "gistream": version("gistream")}
    if request.program is not None:
        versions["llama_server"] = check_program(request.program)
    settings, scope = Settings.model_validate({"model": request.model}), request.scope
    texts = _texts(request)
    original = open_model(request.model)
    models = _models(original, request)
    compared = request.representations[0]
    limits = checked_token_limits(settings, original)
    rendered = render(texts, original.path, settings, chunk_tokens=limits.chunk_tokens)
    documents, pipeline_documents = rendered[: scope.documents], rendered[: scope.pipeline_documents]
    machine = this_machine()
    journal = Journal(
        request.journals,
        *(this_code(Path(__file__).parent), original.sha256),
        *map(repr, (machine, versions, request.representations, scope, rendered)),
    )
    with _scratch() as scratch, open_measurements(journal) as measurements:
        if measurements.interruptions:
            progress.note(f"resuming an interrupted benchmark: {measurements.resumed} measurements are there")
        bench = Bench(
            models=models,
            max_tokens=limits.max_tokens,
            context=context_for(rendered, limits.max_tokens),
            cores=usable_cores(),
            scratch=scratch,
            program=request.program,
            on_part=progress.advance,
            measurements=measurements,
        )
        cases = _cases(bench, compared, scope)
        trials = (
            search(bench, cases, documents, progress, compared=compared) if scope.search else defaults(bench, cases)
        )
        figures = _rounds(bench, cases, trials, (documents, pipeline_documents), scope.repeats, progress)
        # The last ones, which the engine has not read yet.
        idle_documents = rendered[-(scope.delays + 1) :] if pipeline_documents else []
        delays = _delays(bench, compared, trials, idle_documents, progress)
        results = BenchResults(
            machine=machine,
            versions=versions,
            model=original.name,
            sha256=original.sha256,
            shipped=original.representation,
            compared=compared,
            workload=Workload(
                text=request.text.name if request.text else "gistream's samples",
                documents=len(documents),
                pipeline_documents=len(pipeline_documents),
                words=None if request.whole else request.words,
                tokens_in=sum(document.tokens for document in documents),
                max_tokens=limits.max_tokens,
                context=bench.context,
            ),
            repeats=scope.repeats,
            figures=figures,
            ratios=ratios(figures, shipped=original.representation, compared=compared),
            delays=delays,
            footprints=_footprints(bench, scope.footprints, compared, trials, documents, progress),
            trials=trials,
            notes=[
                *_notes(scope, figures, len(documents), len(pipeline_documents)),
                *_interrupted(measurements.interruptions),
                *uneven(figures),
            ],
        )
        on_results(results)


def _texts(request: BenchRequest) -> list[NamedText]:
    scope = request.scope
    # The documents of the latency come after those of the pipeline: an engine remembers prompts that it has read.
    count = max(scope.documents, scope.pipeline_documents + scope.delays + 1)
    if request.text is not None:
        return chapters(request.text, split=request.split, words=request.words, whole=request.whole)[:count]
    if request.whole:
        raise UsageError("--full-length needs a TEXT with chapters; the samples are cut into windows of equal length.")
    return windows(sample_folder(), words=request.words, count=count)


def _models(original: ModelFile, request: BenchRequest) -> dict[str, ModelFile]:
    """Return the model in every representation, that of the file first. Raises `UsageError` for an unknown one."""
    models = {original.representation: original}
    for name in request.representations:
        if name not in models:
            if name not in FILE_TYPES:
                raise UsageError(
                    f"'{name}' is no representation that gistream makes; there are: {', '.join(FILE_TYPES)}."
                )
            models[name] = prepare_representation(original, name, request.models_dir)
    return models


@contextmanager
def _scratch() -> Iterator[Path]:
    """Yield a folder that is deleted at the end, also after Ctrl-C; after an error it stays, with its logs."""
    folder = Path(tempfile.mkdtemp(prefix="gistream-bench-"))
    try:
        yield folder
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder)


def _cases(bench: Bench, compared: str, scope: Scope) -> list[Case]:
    """Return the cases of a round; only systems that compute many documents at once get a busy process beside them.

    The recipe is measured in the file's own representation, llama-server in the one that is compared. A cached `Llama`
    is measured in all, which shows the gain by a representation.
    """
    batching = ["lanes"] if bench.program is None else ["llama_server", "lanes"]
    shipped = next(iter(bench.models))
    cases = [Case("recipe", "recipe", shipped)]
    for representation in bench.models:
        systems = ["cached", *(batching if representation == compared else ["lanes"])]
        cases += [Case(system, system, representation) for system in systems]
    cases += [Case(f"{system}_busy", system, compared, busy=True) for system in batching]
    if scope.search:
        cases += [Case(f"{system}_busy_searched", system, compared, busy=True, searched=True) for system in batching]
    cases = [case for case in cases if case.system.replace("_", "-") in scope.systems]
    if scope.pipeline_documents:
        cases.append(Case("lanes_pipeline_documents", "lanes", compared, pipeline_documents=True))
        cases.append(Case("pipeline", "pipeline", compared, pipeline_documents=True))
    return cases


def _rounds(
    bench: Bench,
    cases: Sequence[Case],
    trials: Trials,
    documents: tuple[Sequence[Document], Sequence[Document]],
    repeats: int,
    progress: ProgressBar,
) -> list[Figure]:
    def measure_case(number: int, case: Case) -> Measurement:
        case_documents = documents[case.pipeline_documents]
        progress.begin(case.description, sum(len(document.prompts) for document in case_documents))
        run, peak = bench.measure(case, settings_of(case, trials), case_documents)
        batches = f" in {run.batches} micro-batches" if run.batches else ""
        rate = run.documents / run.seconds
        progress.note(f"round {number + 1} of {repeats}: {case.description}: {rate:.3f} documents/s{batches}")
        return run, peak

    return run_rounds(cases, repeats, measure_case, lambda case: settings_of(case, trials))


def _delays(
    bench: Bench, representation: str, trials: Trials, documents: Sequence[Document], progress: ProgressBar
) -> list[Delay]:
    if not documents:
        return []
    progress.begin(f"latency of an idle pipeline, {representation}", len(documents))
    opening = bench.opening("pipeline", representation, trials["lanes", representation][-1].knobs)
    with Child("pipeline", opening.folder, bench.on_part) as child:
        child.open(opening)
        delays = child.delays(documents)
    shutil.rmtree(opening.folder)
    return delays


def _footprints(
    bench: Bench,
    engines: Sequence[tuple[int, int, int]],
    representation: str,
    trials: Trials,
    documents: Sequence[Document],
    progress: ProgressBar,
) -> list[Footprint]:
    return footprints(bench, engines, trials["lanes", representation][-1].knobs, documents, progress) if engines else []


def _interrupted(times: int) -> list[str]:
    if not times:
        return []
    return [f"It was interrupted ({times}x) and resumed: figures that are compared may have been measured hours apart."]


def _notes(scope: Scope, figures: Sequence[Figure], documents: int, pipeline_documents: int) -> list[str]:
    notes = []
    if scope.systems != SYSTEMS:
        notes.append(f"Only some of the systems were measured: {', '.join(scope.systems)}.")
    if not scope.search:
        notes.append("A quick check: few documents, few rounds, settings not searched. Its figures are rough.")
    if documents < scope.documents or pipeline_documents < scope.pipeline_documents:
        notes.append(
            f"The text has fewer documents than asked for: {documents}, and {pipeline_documents} for the pipeline."
        )
    for figure in figures:
        if figure.case.system == "pipeline":
            batches = min(run.batches for run in figure.runs)
            notes.append(
                f"Micro-batches of the pipeline, of the default size: {batches}. The start of Kafka, Spark and the "
                "query is not in its figure."
            )
            if batches < _LEAST_BATCHES:
                notes.append(f"Fewer than {_LEAST_BATCHES} micro-batches say little; raise --pipeline-documents.")
    return notes
