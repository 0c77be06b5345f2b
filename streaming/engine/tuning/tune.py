"""The procedure of a tuning: what is measured, in which order, within a budget of time.

    1. the file as given, and every representation that fits, in one setup
    2. what the fastest of them do to the model's predictions, until one is no worse
    3. unless quick: other setups of that one: slots, tokens at once, lanes
    4. unless quick: the file as given and the choice in turn, for the gain

A step that would not end within the budget is left out, and said to be.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

from streaming.engine.model.memory import predict
from streaming.engine.model.model_file import ModelFile
from streaming.engine.model.representation import FILE_TYPES, llama_build, prepare, prepared_bytes, prepared_path
from streaming.engine.setup import Setup
from streaming.engine.tuning.apart import run_apart
from streaming.engine.tuning.kept import GIVEN, Chosen, Quality, Skipped, Speed, Tuning, this_cpu
from streaming.engine.tuning.verdict import WORTH_A_FILE, better, no_worse, quality
from streaming.errors import ModelError

# Tokens that a representation must predict: what llama.cpp's own comparisons of representations take at least.
_TOKENS = 8192
# The setup in which representations are compared: a lane for each core, where 8 slots are most of the way to many.
_SLOTS_A_LANE = 8
# What a lane may have instead.
_OTHER_SLOTS = (4, 16)
_OTHER_UBATCHES = (256, 1024)
_PLAIN = ("BF16", "F16", "Q8_0")
# Of those that are faster, how many are scored together.
_SCORED = 3
_ROUNDS = 3
# Scoring computes the output layer for every token, a prefill for one.
_SCORING_COST = 1.5


@dataclass(frozen=True)
class Task:
    """What is to be tuned, and for what: prompts of `prompt_tokens` tokens and `completion_tokens` more.

    `model` is the file as given; `texts` are of the kind that is summarized; `cores`, `context` and the `memory` in
    bytes are what an engine has; representations are kept in `folder`. A tuning takes at most `budget` seconds, a
    `quick` one leaves out what seldom pays. `allow_loss` is the share by which perplexity may rise.
    """

    model: ModelFile
    texts: Sequence[str]
    cores: int
    context: int
    prompt_tokens: int
    completion_tokens: int
    memory: int
    folder: Path
    budget: float
    quick: bool = False
    allow_loss: float = 0.0


@dataclass(frozen=True)
class Step:
    """What is being measured now."""

    doing: str


Event = Step | Speed | Quality | Skipped | Tuning


@dataclass
class _Course:
    """A tuning under way: its task, its clock and its figures so far."""

    task: Task
    began: float = field(default_factory=time.monotonic)
    speeds: list[Speed] = field(default_factory=list)
    qualities: list[Quality] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    files: dict[str, ModelFile] = field(default_factory=dict)
    # What the longest probe took.
    longest: float = 0.0

    @property
    def left(self) -> float:
        """Seconds left of the budget."""
        return self.began + self.task.budget - time.monotonic()

    def skip(self, representation: str, reason: str) -> Skipped:
        """Note why a representation was not measured to the end."""
        self.skipped.append(Skipped(representation, reason))
        return self.skipped[-1]


def tune(task: Task) -> Iterator[Event]:
    """Measure, and yield what is going on and what was found; the last is the `Tuning`.

    Representations that it made and did not choose are removed. Raises `ModelError` and `EngineError` when the file as
    given cannot be measured.
    """
    course = _Course(task, files={GIVEN: task.model})
    there = {name for name in FILE_TYPES if prepared_path(task.model, name, task.folder).exists()}
    chosen = GIVEN
    try:
        base = yield from _probe(course, GIVEN, _first_setup(task))
        yield from _representations(course, base)
        chosen = yield from _choose_representation(course, base)
        best = yield from _choose_setup(course, chosen)
        gain = best.documents_per_second / base.documents_per_second
        if not task.quick:
            gain = yield from _confirm(course, base, best)
        yield _tuning(course, best, gain)
    finally:
        for name in course.files.keys() - there - {GIVEN, chosen}:
            path = prepared_path(task.model, name, task.folder)
            for made in (path, path.with_suffix(".json"), path.with_suffix(".lock")):
                with suppress(FileNotFoundError):
                    made.unlink()


def _first_setup(task: Task) -> Setup:
    setup = Setup(slots=_SLOTS_A_LANE * task.cores, lanes=task.cores, threads=task.cores)
    while setup.slots > task.cores and not _fits(task, task.model.file_bytes, setup):
        setup = replace(setup, slots=setup.slots - task.cores)
    return setup


def _fits(task: Task, file_bytes: int, setup: Setup) -> bool:
    return _predicted(task, file_bytes, setup) <= task.memory


def _predicted(task: Task, file_bytes: int, setup: Setup) -> int:
    return predict(
        task.model.shape,
        file_bytes=file_bytes,
        slots=setup.slots,
        lanes=setup.lanes,
        context=task.context,
        ubatch=setup.ubatch,
    ).total


def _probe(course: _Course, representation: str, setup: Setup) -> Generator[Event, None, Speed]:
    """Measure one representation in one setup."""
    task, file = course.task, course.files[representation]
    shown = task.model.representation if representation == GIVEN else representation
    yield Step(f"{shown}: {setup.slots} slots in {setup.lanes} lanes, {setup.ubatch} tokens at once")
    began = time.monotonic()
    request = {
        "path": str(file.path),
        "slots": setup.slots,
        "lanes": setup.lanes,
        "threads": setup.threads,
        "ubatch": setup.ubatch,
        "context": task.context,
        "prompt_tokens": task.prompt_tokens,
        "texts": list(task.texts),
    }
    [found] = run_apart("probe", request)
    course.longest = max(course.longest, time.monotonic() - began)
    lanes = found["lanes"]
    speed = Speed(
        representation=representation,
        setup=setup,
        prompt_tokens=task.prompt_tokens,
        completion_tokens=task.completion_tokens,
        prefill=statistics.mean(lane["prefill"] for lane in lanes),
        decode=statistics.mean(lane["decode"] for lane in lanes),
        documents_per_second=sum(
            1 / (lane["prefill"] + task.completion_tokens * lane["decode"] / lane["slots"]) for lane in lanes
        ),
        memory=int(found["memory"]),
        predicted=_predicted(task, file.file_bytes, setup),
    )
    course.speeds.append(speed)
    yield speed
    return speed


def _representations(course: _Course, base: Speed) -> Generator[Event, None, None]:
    """Make and measure every other representation that fits, in the setup of the given file."""
    task = course.task
    # What loses little, if anything; the others seldom are no worse.
    names = _PLAIN if task.quick and not task.allow_loss else tuple(FILE_TYPES)
    for name in names:
        if name == task.model.representation:
            continue
        size = prepared_bytes(task.model, name)
        if not _fits(task, size, base.setup):
            yield course.skip(name, f"with its slots it would not fit the {task.memory / 1e6:,.0f} MB of memory")
            continue
        if course.left < course.longest:
            yield course.skip(name, "the budget was used up")
            continue
        yield Step(f"making {name}")
        try:
            course.files[name] = prepare(task.model, name, task.folder)
        except ModelError as error:
            yield course.skip(name, str(error))
            continue
        yield from _probe(course, name, base.setup)


def _choose_representation(course: _Course, base: Speed) -> Generator[Event, None, str]:
    """Score the representations that are faster, and return the fastest that is no worse; else "given"."""
    task = course.task
    faster = sorted(
        (s for s in course.speeds if s.documents_per_second > WORTH_A_FILE * base.documents_per_second),
        key=lambda speed: -speed.documents_per_second,
    )
    at_once = 1 if task.quick else _SCORED
    while faster:
        together, faster = faster[:at_once], faster[at_once:]
        while together and (needed := _scoring_seconds(base, together)) > course.left:
            late = together.pop()
            yield course.skip(late.representation, f"its quality needs {needed / 60:.0f} minutes more of budget")
        for found in (yield from _score(course, [speed.representation for speed in together])):
            if no_worse(found, allow_loss=task.allow_loss):
                return found.representation
    return GIVEN


def _scoring_seconds(base: Speed, speeds: Sequence[Speed]) -> float:
    """Return about how long it takes to score so many representations beside the given one."""
    prefills = sum(speed.prefill / speed.setup.lanes for speed in (base, *speeds))
    return _SCORING_COST * _TOKENS / base.prompt_tokens * prefills


def _score(course: _Course, names: Sequence[str]) -> Generator[Event, None, list[Quality]]:
    if not names:
        return []
    task, windows = course.task, []
    request = {
        "paths": [str(course.files[name].path) for name in (GIVEN, *names)],
        "texts": list(task.texts),
        "tokens": _TOKENS,
        "threads": task.cores,
    }
    for window in run_apart("score", request):
        windows.append(window)
        yield Step(f"quality of {', '.join(names)}: {len(windows)} of {window['of']} parts of text")
    found = [quality(name, place, windows) for place, name in enumerate(names)]
    course.qualities += found
    yield from found
    return found


def _choose_setup(course: _Course, representation: str) -> Generator[Event, None, Speed]:
    """Vary one thing after the other of the setup in which the representation was measured."""
    task = course.task
    best = next(speed for speed in course.speeds if speed.representation == representation)
    if task.quick:
        return best
    changes: list[dict[str, int]] = [{"slots": task.cores * each} for each in _OTHER_SLOTS]
    changes += [{"ubatch": ubatch} for ubatch in _OTHER_UBATCHES]
    changes += [{"lanes": 1}] if task.cores > 1 else []
    for change in changes:
        setup = replace(best.setup, **change)
        if course.left < course.longest or not _fits(task, course.files[representation].file_bytes, setup):
            continue
        speed = yield from _probe(course, representation, setup)
        if better(speed, best):
            best = speed
    return best


def _confirm(course: _Course, base: Speed, best: Speed) -> Generator[Event, None, float]:
    """Measure the given file and the choice again, in turn, and return the median of their ratios."""
    ratios = [best.documents_per_second / base.documents_per_second]
    if best is base:
        return ratios[0]
    for _ in range(_ROUNDS - 1):
        if course.left < 2 * course.longest:
            break
        before = yield from _probe(course, GIVEN, base.setup)
        after = yield from _probe(course, best.representation, best.setup)
        ratios.append(after.documents_per_second / before.documents_per_second)
    return statistics.median(ratios)


def _tuning(course: _Course, best: Speed, gain: float) -> Tuning:
    task = course.task
    return Tuning(
        cpu=this_cpu(),
        cores=task.cores,
        llama_cpp=llama_build(),
        model=task.model.name,
        model_sha256=task.model.sha256,
        given=task.model.representation,
        made_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - course.began, 1),
        allow_loss=task.allow_loss,
        speeds=course.speeds,
        qualities=course.qualities,
        skipped=course.skipped,
        chosen=Chosen(best.representation, best.setup, gain),
    )
