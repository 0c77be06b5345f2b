"""The procedure of a tuning: which measurements, in which order, within a time budget.

    1. the speed of the original file and of every representation that fits, in one setup, as long as there is time
       left to score the fastest
    2. the quality of the fastest representations, until one is no worse than the original
    3. unless quick: other setups of that representation: slots, tokens at once, lanes
    4. unless quick: the original file and the choice in turn, to confirm the gain

A step that fails, or does not end within the budget, is skipped and reported.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import datetime, timezone

from streaming.engine.model.representation import (
    FILE_TYPES,
    adopt,
    is_in,
    llama_build,
    prepare_representation,
    prepared_bytes,
)
from streaming.engine.tuning.measuring import TuningRun, probe, score, scoring_bytes, scoring_seconds, scratch_folder
from streaming.engine.tuning.task import MAX_SLOTS, Event, Step, TuningTask
from streaming.engine.tuning.tuning_file import GIVEN, Chosen, Speed, Tuning, this_cpu
from streaming.engine.tuning.verdict import GAIN_FOR_A_FILE, is_better, no_worse
from streaming.errors import EngineError, ModelError
from streaming.wording import megabytes

# Representations that lose little or nothing; the others are seldom no worse. A slow CPU measures as many as it has
# time for, F16 first: on a CPU without BF16 instructions F16 was 1.9 times as fast as the original file
# (measurements.md, Representations).
_NEAR_LOSSLESS = ("F16", "BF16", "Q8_0")
# Alternatives to the slots of a lane and the tokens at once of the first setup.
_OTHER_SLOTS = (4, 16)
_OTHER_UBATCHES = (256, 1024)
# How many representations are scored together.
_SCORED_TOGETHER = 3
_ROUNDS = 3
# The original file is measured even with a budget of 0, because there must be one figure.
_MIN_SECONDS = 60.0


def tune(task: TuningTask) -> Iterator[Event]:
    """Measure, and yield the steps and the figures; the last event is the `Tuning`.

    Leaves the file of the chosen representation in the task's folder, and no other. Raises `ModelError` and
    `EngineError` when the original file cannot be measured.
    """
    with scratch_folder(task.folder) as scratch:
        run = TuningRun(task, scratch, files={GIVEN: task.model})
        base = yield from _measure_original(run)
        yield from _measure_representations(run, base)
        representation = yield from _choose_representation(run, base)
        best = yield from _choose_setup(run, representation)
        gain = best.documents_per_second / base.documents_per_second
        if not task.quick and best is not base:
            gain = yield from _confirm(run, base, best)
        if gain < (GAIN_FOR_A_FILE if best.representation != GIVEN else 1):
            best, gain = base, 1.0
        if best.representation != GIVEN:
            adopt(run.files[best.representation], task.folder)
        yield _tuning(run, best, gain)


def _measure_original(run: TuningRun) -> Generator[Event, None, Speed]:
    """Measure the original file, in a setup in which it keeps its deadlines."""
    task, setup = run.task, run.task.first_setup()
    speed = yield from probe(run, GIVEN, setup, limit=max(task.budget, _MIN_SECONDS))
    deadline_setup = task.setup_for_deadlines(speed)
    if deadline_setup is not None and run.seconds_left > run.longest_probe:
        try:
            speed = yield from probe(run, GIVEN, deadline_setup)
        except EngineError as error:
            yield run.skip(task.model.representation, str(error))
    return speed


def _measure_representations(run: TuningRun, base: Speed) -> Generator[Event, None, None]:
    """Make and measure every representation that fits, in the setup of the original file; keep the faster ones."""
    task = run.task
    near_lossless = task.quick and not task.allow_loss
    others = () if near_lossless else tuple(name for name in FILE_TYPES if name not in _NEAR_LOSSLESS)
    for name in (*_NEAR_LOSSLESS, *others):
        if is_in(task.model, name):
            continue
        setup = task.fitting_setup(prepared_bytes(task.model, name), base.setup)
        if setup is None:
            yield run.skip(name, f"it would not fit the {megabytes(task.memory)} of memory")
            continue
        if (reason := _no_time(run, base)) is not None:
            yield run.skip(name, reason)
            continue
        yield Step(f"making {name}")
        try:
            run.files[name] = prepare_representation(task.model, name, run.scratch, seconds=max(0.0, run.seconds_left))
            speed = yield from probe(run, name, setup)
        except (ModelError, EngineError) as error:
            yield run.skip(name, str(error))
            continue
        if speed.documents_per_second < GAIN_FOR_A_FILE * base.documents_per_second:
            run.drop(name)


def _no_time(run: TuningRun, base: Speed) -> str | None:
    """Return why there is no time to measure one more representation; None when there is.

    A speed is useless without the quality, so the time to score the fastest so far is reserved.
    """
    if run.seconds_left < run.longest_probe:
        return "the budget was used up"
    faster = _faster(run)
    if faster and run.seconds_left - scoring_seconds(base, faster[:1]) < run.longest_probe:
        return f"what is left of the budget is for the quality of {faster[0].representation}"
    return None


def _faster(run: TuningRun) -> list[Speed]:
    """Return the figures of the representations that are worth a file, the fastest first."""
    representations = run.files.keys() - {GIVEN}
    return sorted(
        (speed for speed in run.speeds if speed.representation in representations),
        key=lambda speed: -speed.documents_per_second,
    )


def _choose_representation(run: TuningRun, base: Speed) -> Generator[Event, None, str]:
    """Score the faster representations, and return the fastest that is no worse than the original; else "given"."""
    task, faster = run.task, _faster(run)
    at_once = 1 if task.quick else _SCORED_TOGETHER
    while faster:
        batch, faster = faster[:at_once], faster[at_once:]
        while len(batch) > 1 and scoring_bytes(run, batch) > task.memory:
            faster.insert(0, batch.pop())
        while batch and (seconds := scoring_seconds(base, batch)) > run.seconds_left:
            speed = batch.pop()
            minutes = math.ceil((seconds - run.seconds_left) / 60)
            yield run.skip(speed.representation, f"its quality needs {minutes} min more than the budget has left")
        for quality in (yield from score(run, [speed.representation for speed in batch])):
            if no_worse(quality, allow_loss=task.allow_loss):
                return quality.representation
    return GIVEN


def _choose_setup(run: TuningRun, representation: str) -> Generator[Event, None, Speed]:
    """Vary one value after the other of the setup in which the representation was measured, and return the best."""
    task = run.task
    # The last one: the first may have been too slow for its deadlines.
    best = [speed for speed in run.speeds if speed.representation == representation][-1]
    if task.quick:
        return best
    lanes = best.setup.lanes
    changes: list[dict[str, int]] = [{"slots": lanes * slots} for slots in _OTHER_SLOTS]
    changes += [{"ubatch": ubatch} for ubatch in _OTHER_UBATCHES]
    changes += [{"lanes": fewer} for fewer in sorted({lanes // 2, 1} - {0, lanes}, reverse=True)]
    for change in changes:
        setup = replace(best.setup, **change)
        if setup == best.setup or setup.slots > max(MAX_SLOTS, setup.lanes):
            continue
        if run.seconds_left < run.longest_probe:
            continue
        if task.fitting_setup(run.files[representation].file_bytes, setup) != setup:
            continue
        try:
            speed = yield from probe(run, representation, setup)
        except EngineError as error:
            yield run.skip(representation, str(error))
            continue
        if is_better(speed, best) and task.setup_for_deadlines(speed) is None:
            best = speed
    return best


def _confirm(run: TuningRun, base: Speed, best: Speed) -> Generator[Event, None, float]:
    """Measure the original file and the choice again, in turn, and return the median of their ratios."""
    ratios = [best.documents_per_second / base.documents_per_second]
    for _ in range(_ROUNDS - 1):
        if run.seconds_left < 2 * run.longest_probe:
            break
        try:
            before = yield from probe(run, GIVEN, base.setup)
            after = yield from probe(run, best.representation, best.setup)
        except EngineError:
            # The budget is used up; the earlier ratios count.
            break
        ratios.append(after.documents_per_second / before.documents_per_second)
    return statistics.median(ratios)


def _tuning(run: TuningRun, best: Speed, gain: float) -> Tuning:
    task = run.task
    return Tuning(
        cpu=this_cpu(),
        cores=task.cores,
        llama_cpp=llama_build(),
        model=task.model.name,
        model_sha256=task.model.sha256,
        given=task.model.representation,
        context=task.context,
        made_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - run.started, 1),
        allow_loss=task.allow_loss,
        speeds=run.speeds,
        qualities=run.qualities,
        skipped=run.skipped,
        chosen=Chosen(best.representation, best.setup, gain),
    )
