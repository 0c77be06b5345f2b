"""The memory of engines in several settings: the prediction, and the growth of a fresh process."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.child import Child
from benchmarks.contract import Document, Knobs, settings_text
from benchmarks.results import Footprint
from benchmarks.rounds import Bench
from streaming.engine.model import memory
from streaming.engine.setup import UBATCH
from streaming.terminal.progress import ProgressBar


def footprints(
    bench: Bench,
    engines: Sequence[tuple[int, int, int]],
    chosen: Knobs,
    documents: Sequence[Document],
    progress: ProgressBar,
) -> list[Footprint]:
    """Measure `engines` (slots, context, lanes) and the one that was `chosen`, in every representation.

    Raises `EngineError` when there is no memory for one.
    """
    rows: list[tuple[Knobs, int]] = [
        ({"slots": slots, "lanes": lanes, "threads": bench.cores, "ubatch": UBATCH}, context)
        for slots, context, lanes in engines
    ]
    if (chosen, bench.context) not in rows:
        rows.append((chosen, bench.context))
    return [
        _footprint(bench, representation, knobs, context, documents, progress)
        for representation in bench.models
        for knobs, context in rows
    ]


def _footprint(
    bench: Bench, representation: str, knobs: Knobs, context: int, documents: Sequence[Document], progress: ProgressBar
) -> Footprint:
    model = bench.models[representation]
    # Never more than the model was trained for, and never less than the documents need.
    context = min(max(context, bench.context), model.context)
    progress.begin(f"memory of {representation}, {settings_text(knobs)}, context {context:,}")
    predicted = memory.predict(
        model.shape,
        file_bytes=model.file_bytes,
        slots=int(knobs["slots"]),
        lanes=int(knobs["lanes"]),
        context=context,
        ubatch=int(knobs["ubatch"]),
    )
    opening = replace(bench.opening("lanes", representation, knobs), context=context)
    with Child("lanes", opening.folder) as child:
        resident = child.resident(opening, documents)
    shutil.rmtree(opening.folder)
    return Footprint(representation, knobs, context, predicted, resident)
