"""One tuning under way: its time budget, its files and its figures so far."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from streaming.engine.model.model_file import ModelFile
from streaming.engine.setup import Setup
from streaming.engine.tuning.subprocess_run import run_subprocess
from streaming.engine.tuning.task import Event, Step, TuningTask
from streaming.engine.tuning.tuning_file import GIVEN, Quality, Skipped, Speed
from streaming.engine.tuning.verdict import assess_quality
from streaming.errors import EngineError, ModelError
from streaming.wording import counted

# Tokens that a representation should predict, and must predict at least: windows end where a text ends.
_TOKENS, _MIN_TOKENS = 8192, 8000
# Scoring computes the output layer for every token, a prefill only for the last one.
_SCORING_COST = 1.5
# Bytes of a window's logits for each token of the vocabulary, in llama.cpp and in numpy's copies.
_SCORING_BYTES = 512 * 4 * 3


@dataclass
class TuningRun:
    """A task, its figures so far, and the folder `scratch` for files of representations that may be dropped."""

    task: TuningTask
    scratch: Path
    started: float = field(default_factory=time.monotonic)
    speeds: list[Speed] = field(default_factory=list)
    qualities: list[Quality] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    files: dict[str, ModelFile] = field(default_factory=dict)
    # Seconds of the longest probe.
    longest_probe: float = 0.0

    @property
    def seconds_left(self) -> float:
        """Seconds left of the budget."""
        return self.started + self.task.budget - time.monotonic()

    def skip(self, representation: str, reason: str) -> Skipped:
        """Record the reason why the measurement of a representation was not finished."""
        self.skipped.append(Skipped(representation, reason))
        return self.skipped[-1]

    def drop(self, representation: str) -> None:
        """Remove the file of a representation that will not be chosen, because disks are small."""
        if representation != GIVEN:
            self.files.pop(representation).path.unlink()


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """Make a folder for this tuning, remove it at the end, and remove those of killed tunings. Raises `ModelError`."""
    own = folder / f"tuning-{os.getpid()}"
    try:
        for path in folder.glob("tuning-*"):
            if not psutil.pid_exists(int(path.name.partition("-")[2])):
                shutil.rmtree(path, ignore_errors=True)
        own.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(
            f"Models cannot be written to {folder}: {error.strerror}; choose another place with machine_dir or "
            "--data-dir."
        ) from error
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def probe(
    run: TuningRun, representation: str, setup: Setup, *, limit: float | None = None
) -> Generator[Event, None, Speed]:
    """Measure one representation in one setup; raises `EngineError`, also after `limit` seconds (None: the budget)."""
    task, file = run.task, run.files[representation]
    name = task.model.representation if representation == GIVEN else representation
    slots, lanes = counted(setup.slots, "slot"), counted(setup.lanes, "lane")
    yield Step(f"{name}: {slots} in {lanes}, {setup.ubatch} tokens at once")
    started = time.monotonic()
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
    [figures] = run_subprocess("probe", request, seconds=run.seconds_left if limit is None else limit)
    run.longest_probe = max(run.longest_probe, time.monotonic() - started)
    measured = figures["lanes"]
    speed = Speed(
        representation=representation,
        setup=setup,
        prompt_tokens=task.prompt_tokens,
        completion_tokens=task.completion_tokens,
        prefill=statistics.mean(lane["prefill"] for lane in measured),
        decode=statistics.mean(lane["decode"] for lane in measured),
        documents_per_second=sum(
            1 / (lane["prefill"] + task.completion_tokens * lane["decode"] / lane["slots"]) for lane in measured
        ),
        memory=int(figures["memory"]),
        predicted=task.predicted_bytes(file.file_bytes, setup),
    )
    run.speeds.append(speed)
    yield speed
    return speed


def score(run: TuningRun, names: Sequence[str]) -> Generator[Event, None, list[Quality]]:
    """Score representations together; those that cannot be scored are skipped."""
    if not names:
        return []
    task, windows = run.task, []
    request = {
        "paths": [str(run.files[name].path) for name in (GIVEN, *names)],
        "texts": list(task.texts),
        "tokens": _TOKENS,
        "threads": task.cores,
    }
    try:
        for window in run_subprocess("score", request, seconds=run.seconds_left):
            windows.append(window)
            yield Step(f"quality of {', '.join(names)}: {len(windows)} of {window['of']} parts of text")
    except EngineError as error:
        for name in names:
            yield run.skip(name, str(error))
        return []
    qualities = []
    for index, name in enumerate(names):
        quality = assess_quality(name, index, windows)
        if quality is None:
            yield run.skip(name, "its predictions are no numbers")
        elif quality.tokens < _MIN_TOKENS:
            yield run.skip(name, f"{quality.tokens:,} tokens of text are too few to judge its quality")
        else:
            qualities.append(quality)
            yield quality
    run.qualities += qualities
    return qualities


def scoring_seconds(base: Speed, speeds: Sequence[Speed]) -> float:
    """Return an estimate of the seconds that scoring takes for these representations and the original file."""
    prefills = sum(speed.prefill / speed.setup.lanes for speed in (base, *speeds))
    return _SCORING_COST * _TOKENS / base.prompt_tokens * prefills


def scoring_bytes(run: TuningRun, speeds: Sequence[Speed]) -> int:
    """Return an estimate of the memory in bytes that scoring takes."""
    files = [run.files[name] for name in (GIVEN, *(speed.representation for speed in speeds))]
    return sum(file.file_bytes + _SCORING_BYTES * file.shape.vocabulary for file in files)
