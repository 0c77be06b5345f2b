"""The whole measurement, in order: documents, settings, rounds, latency, memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from benchmarks.asked import SYSTEMS, Asked, Scope
from benchmarks.child import Child
from benchmarks.contract import Delay, Document, Run
from benchmarks.figures import Case, Figure, ratios, uneven
from benchmarks.footprints import footprints
from benchmarks.kept import kept
from benchmarks.machine import this_machine
from benchmarks.results import BenchResults, Footprint, Workload
from benchmarks.rounds import Bench, run_rounds
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

# With fewer, the start and the end of a micro-batch, where slots idle, are not in the figure as often as in a service's
# life.
_LEAST_BATCHES = 4


def measure(asked: Asked, progress: ProgressBar, use: Callable[[BenchResults], None]) -> None:
    """Measure all of it, and hand the results to `use`; leaves no process behind, and files only when it fails.

    Until that is done, what was measured is kept: one that was interrupted goes on where it was. Raises `UsageError`,
    `ModelError`, `MachineError`, and what the systems and `use` raise.
    """
    versions = {"llama_cpp": version("llama-cpp-python"), "gistream": version("gistream")}
    if asked.program is not None:
        versions["llama_server"] = check_program(asked.program)
    settings, scope = Settings.model_validate({"model": asked.model}), asked.scope
    texts = _texts(asked)
    given = open_model(asked.model)
    models = _models(given, asked)
    compared = asked.representations[0]
    limits = checked_token_limits(settings, given)
    everything = render(texts, given.path, settings, chunk_tokens=limits.chunk_tokens)
    documents, for_pipeline = everything[: scope.documents], everything[: scope.pipeline_documents]
    machine = this_machine()
    journal = Journal(
        asked.journals,
        *(this_code(Path(__file__).parent), given.sha256),
        *map(repr, (machine, versions, asked.representations, scope, everything)),
    )
    with _scratch() as scratch, kept(journal) as earlier:
        if earlier.interruptions:
            progress.note(f"going on after an interruption: {earlier.found} measurements are there")
        bench = Bench(
            models=models,
            max_tokens=limits.max_tokens,
            context=context_for(everything, limits.max_tokens),
            cores=usable_cores(),
            scratch=scratch,
            program=asked.program,
            finished=progress.advance,
            kept=earlier,
        )
        cases = _cases(bench, compared, scope)
        trials = (
            search(bench, cases, documents, progress, compared=compared) if scope.search else defaults(bench, cases)
        )
        figures = _rounds(bench, cases, trials, (documents, for_pipeline), scope.repeats, progress)
        late = everything[-(scope.delays + 1) :] if for_pipeline else []
        delays = _delays(bench, compared, trials, late, progress)
        taken = _footprints(bench, scope.footprints, compared, trials, documents, progress)
        use(
            BenchResults(
                machine=machine,
                versions=versions,
                model=given.name,
                sha256=given.sha256,
                shipped=given.representation,
                compared=compared,
                workload=Workload(
                    text=asked.text.name if asked.text else "gistream's samples",
                    documents=len(documents),
                    pipeline_documents=len(for_pipeline),
                    words=None if asked.whole else asked.words,
                    tokens_in=sum(document.tokens for document in documents),
                    max_tokens=limits.max_tokens,
                    context=bench.context,
                ),
                repeats=scope.repeats,
                figures=figures,
                ratios=ratios(figures, shipped=given.representation, compared=compared),
                delays=delays,
                footprints=taken,
                trials=trials,
                notes=[
                    *_notes(asked, figures, len(documents), len(for_pipeline)),
                    *_interrupted(earlier.interruptions),
                    *uneven(figures),
                ],
            )
        )


def _texts(asked: Asked) -> list[NamedText]:
    scope = asked.scope
    # Documents of the latency come after those of the pipeline: an engine would remember what it has read.
    wanted = max(scope.documents, scope.pipeline_documents + scope.delays + 1)
    if asked.text is not None:
        return chapters(asked.text, split=asked.split, words=asked.words, whole=asked.whole)[:wanted]
    if asked.whole:
        raise UsageError("--full-length needs a TEXT with chapters; the samples are cut into windows of equal length.")
    return windows(sample_folder(), words=asked.words, wanted=wanted)


def _models(given: ModelFile, asked: Asked) -> dict[str, ModelFile]:
    """Return the model in every representation, that of the file first. Raises `UsageError` for an unknown one."""
    models = {given.representation: given}
    for name in asked.representations:
        if name not in models:
            if name not in FILE_TYPES:
                raise UsageError(
                    f"'{name}' is no representation that gistream makes; there are: {', '.join(FILE_TYPES)}."
                )
            models[name] = prepare_representation(given, name, asked.models_dir)
    return models


@contextmanager
def _scratch() -> Iterator[Path]:
    """Have a folder that goes away, also after Ctrl-C; a failure leaves its logs to look at."""
    folder = Path(tempfile.mkdtemp(prefix="gistream-bench-"))
    try:
        yield folder
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder)


def _cases(bench: Bench, compared: str, scope: Scope) -> list[Case]:
    """Return what a round measures; a busy process is set beside what computes many documents at once.

    The recipe takes the file as it is, and llama-server is compared in one representation; the gain by a representation
    is that of a cached `Llama`.
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
    def one(number: int, case: Case) -> tuple[Run, int]:
        some = documents[case.pipeline_documents]
        progress.begin(case.words, sum(len(document.prompts) for document in some))
        run, peak = bench.measure(case, settings_of(case, trials), some)
        batches = f" in {run.batches} micro-batches" if run.batches else ""
        rate = run.documents / run.seconds
        progress.note(f"round {number + 1} of {repeats}: {case.words}: {rate:.3f} documents/s{batches}")
        return run, peak

    return run_rounds(cases, repeats, one, lambda case: settings_of(case, trials))


def _delays(
    bench: Bench, representation: str, trials: Trials, documents: Sequence[Document], progress: ProgressBar
) -> list[Delay]:
    if not documents:
        return []
    progress.begin(f"latency of an idle pipeline, {representation}", len(documents))
    opening = bench.opening("pipeline", representation, trials["lanes", representation][-1].knobs)
    with Child("pipeline", opening.folder, bench.finished) as child:
        child.open(opening)
        found = child.delays(documents)
    shutil.rmtree(opening.folder)
    return found


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
    return [f"It was interrupted ({times}x) and went on: what is compared may have been measured hours apart."]


def _notes(asked: Asked, figures: Sequence[Figure], documents: int, for_pipeline: int) -> list[str]:
    scope, notes = asked.scope, []
    if scope.systems != SYSTEMS:
        notes.append(f"Only some of the systems were measured: {', '.join(scope.systems)}.")
    if not scope.search:
        notes.append("A quick check: few documents, few rounds, settings not searched. Its figures are rough.")
    if documents < scope.documents or for_pipeline < scope.pipeline_documents:
        notes.append(f"The text has fewer documents than asked for: {documents}, and {for_pipeline} for the pipeline.")
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
