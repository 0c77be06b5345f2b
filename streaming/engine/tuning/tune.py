"""The procedure of a tuning: what is measured, in which order, within a budget of time.

    1. the file as given, and every representation that fits, in one setup, as long as there is time left to judge
       the fastest
    2. what the fastest of them do to the model's predictions, until one is no worse
    3. unless quick: other setups of that one: slots, tokens at once, lanes
    4. unless quick: the file as given and the choice in turn, for the gain

A step that does not end within the budget, or fails, is left out, and said to be.
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
from streaming.engine.tuning.task import MOST_SLOTS, Event, Step, TuningTask
from streaming.engine.tuning.tuning_file import GIVEN, Chosen, Speed, Tuning, this_cpu
from streaming.engine.tuning.verdict import WORTH_A_FILE, better, no_worse
from streaming.errors import EngineError, ModelError

# What loses little, if anything; the others seldom are no worse. A slow CPU measures those that it has time for, in
# this order: one without instructions for BF16 made 0.33 documents/s of the sample as F16, 0.27 as Q8_0, 0.25 as BF16
# and 0.17 as given.
_PLAIN = ("F16", "BF16", "Q8_0")
# What a lane may have instead of the slots and the tokens at once of the first setup.
_OTHER_SLOTS = (4, 16)
_OTHER_UBATCHES = (256, 1024)
# Of those that are faster, how many are scored together.
_SCORED = 3
_ROUNDS = 3
# Even a budget of nothing measures the file as given: what else would there be to keep?
_LEAST_SECONDS = 60.0


def tune(task: TuningTask) -> Iterator[Event]:
    """Measure, and yield what is going on and what was found; the last is the `Tuning`.

    Leaves the file of the chosen representation in the task's folder, and no other. Raises `ModelError` and
    `EngineError` when the file as given cannot be measured.
    """
    with scratch_folder(task.folder) as scratch:
        run = TuningRun(task, scratch, files={GIVEN: task.model})
        base = yield from _base(run)
        yield from _representations(run, base)
        chosen = yield from _choose_representation(run, base)
        best = yield from _choose_setup(run, chosen)
        gain = best.documents_per_second / base.documents_per_second
        if not task.quick and best is not base:
            gain = yield from _confirm(run, base, best)
        if gain < (WORTH_A_FILE if best.representation != GIVEN else 1):
            best, gain = base, 1.0
        if best.representation != GIVEN:
            adopt(run.files[best.representation], task.folder)
        yield _tuning(run, best, gain)


def _base(run: TuningRun) -> Generator[Event, None, Speed]:
    """Measure the file as given, in a setup in which it keeps its deadlines."""
    task, setup = run.task, run.task.first_setup()
    speed = yield from probe(run, GIVEN, setup, limit=max(task.budget, _LEAST_SECONDS))
    calmer = task.calmer(speed)
    if calmer is not None and run.left > run.longest:
        try:
            speed = yield from probe(run, GIVEN, calmer)
        except EngineError as error:
            yield run.skip(task.model.representation, str(error))
    return speed


def _representations(run: TuningRun, base: Speed) -> Generator[Event, None, None]:
    """Make and measure every other representation that fits, in the setup of the given file; keep what is faster."""
    task = run.task
    plain = task.quick and not task.allow_loss
    others = () if plain else tuple(name for name in FILE_TYPES if name not in _PLAIN)
    for name in (*_PLAIN, *others):
        if is_in(task.model, name):
            continue
        setup = task.fitted(prepared_bytes(task.model, name), base.setup)
        if setup is None:
            yield run.skip(name, f"it would not fit the {task.memory / 1e6:,.0f} MB of memory")
            continue
        if (reason := _no_time(run, base)) is not None:
            yield run.skip(name, reason)
            continue
        yield Step(f"making {name}")
        try:
            run.files[name] = prepare_representation(task.model, name, run.scratch, seconds=max(0.0, run.left))
            speed = yield from probe(run, name, setup)
        except (ModelError, EngineError) as error:
            yield run.skip(name, str(error))
            continue
        if speed.documents_per_second < WORTH_A_FILE * base.documents_per_second:
            run.drop(name)


def _no_time(run: TuningRun, base: Speed) -> str | None:
    """Say why there is no time to measure one more representation; None when there is.

    A speed is worth nothing without the quality, so the fastest so far has the time to be judged before all others.
    """
    if run.left < run.longest:
        return "the budget was used up"
    faster = _faster(run)
    if faster and run.left - scoring_seconds(base, faster[:1]) < run.longest:
        return f"what is left of the budget is for the quality of {faster[0].representation}"
    return None


def _faster(run: TuningRun) -> list[Speed]:
    """Return the figures of what was measured and is worth its file, the fastest first."""
    kept = run.files.keys() - {GIVEN}
    return sorted(
        (speed for speed in run.speeds if speed.representation in kept),
        key=lambda speed: -speed.documents_per_second,
    )


def _choose_representation(run: TuningRun, base: Speed) -> Generator[Event, None, str]:
    """Score the representations that are faster, and return the fastest that is no worse; else "given"."""
    task, faster = run.task, _faster(run)
    at_once = 1 if task.quick else _SCORED
    while faster:
        together, faster = faster[:at_once], faster[at_once:]
        while len(together) > 1 and scoring_bytes(run, together) > task.memory:
            faster.insert(0, together.pop())
        while together and (needed := scoring_seconds(base, together)) > run.left:
            late = together.pop()
            minutes = math.ceil((needed - run.left) / 60)
            yield run.skip(late.representation, f"its quality needs {minutes} min more than the budget has left")
        for found in (yield from score(run, [speed.representation for speed in together])):
            if no_worse(found, allow_loss=task.allow_loss):
                return found.representation
    return GIVEN


def _choose_setup(run: TuningRun, representation: str) -> Generator[Event, None, Speed]:
    """Vary one thing after the other of the setup in which the representation was measured."""
    task = run.task
    # The last, when the first was too slow for its deadlines.
    best = [speed for speed in run.speeds if speed.representation == representation][-1]
    if task.quick:
        return best
    lanes = best.setup.lanes
    changes: list[dict[str, int]] = [{"slots": lanes * each} for each in _OTHER_SLOTS]
    changes += [{"ubatch": ubatch} for ubatch in _OTHER_UBATCHES]
    changes += [{"lanes": fewer} for fewer in sorted({lanes // 2, 1} - {0, lanes}, reverse=True)]
    for change in changes:
        setup = replace(best.setup, **change)
        if setup == best.setup or setup.slots > max(MOST_SLOTS, setup.lanes):
            continue
        if run.left < run.longest or task.fitted(run.files[representation].file_bytes, setup) != setup:
            continue
        try:
            speed = yield from probe(run, representation, setup)
        except EngineError as error:
            yield run.skip(representation, str(error))
            continue
        if better(speed, best) and task.calmer(speed) is None:
            best = speed
    return best


def _confirm(run: TuningRun, base: Speed, best: Speed) -> Generator[Event, None, float]:
    """Measure the given file and the choice again, in turn, and return the median of their ratios."""
    ratios = [best.documents_per_second / base.documents_per_second]
    for _ in range(_ROUNDS - 1):
        if run.left < 2 * run.longest:
            break
        try:
            before = yield from probe(run, GIVEN, base.setup)
            after = yield from probe(run, best.representation, best.setup)
        except EngineError:
            # The budget's end; what was measured before stands.
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
        seconds=round(time.monotonic() - run.began, 1),
        allow_loss=task.allow_loss,
        speeds=run.speeds,
        qualities=run.qualities,
        skipped=run.skipped,
        chosen=Chosen(best.representation, best.setup, gain),
    )
