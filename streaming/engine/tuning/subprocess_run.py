"""Measuring programs, each in a process of its own: what one model leaves in memory does not weigh on the next."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from streaming.errors import EngineError


def run_subprocess(module: str, request: Mapping[str, Any], *, seconds: float) -> Iterator[dict[str, Any]]:
    """Run a module of this package as a program that reads `request`, and yield each line that it prints, as JSON.

    Whoever stops listening ends it. Raises `EngineError` with the program's last words when it fails, or when it takes
    more than so many seconds.
    """
    late = threading.Event()
    # A file, because nobody reads a second pipe while the first is read.
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            [sys.executable, "-m", f"streaming.engine.tuning.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
        )

        def end() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(max(0.0, seconds), end)
        clock.daemon = True
        clock.start()
        try:
            if process.stdin is None or process.stdout is None:
                raise EngineError(f"The measuring program {module} has no pipes: a bug.")
            try:
                json.dump(request, process.stdin)
                process.stdin.close()
                for line in process.stdout:
                    yield json.loads(line)
            except (BrokenPipeError, ValueError):
                # It has ended: why, its exit code and its words say.
                pass
            code = process.wait()
            if late.is_set():
                raise EngineError("the budget was used up while it was measured")
            if code:
                words.seek(0)
                said = words.read().decode(errors="replace").strip().splitlines()
                raise EngineError(f"measuring it ended with {code}: {said[-1] if said else 'it said nothing'}")
        finally:
            clock.cancel()
            process.kill()
            process.wait()


def read_request() -> Any:
    """Return what the process that started this program asked for."""
    return json.load(sys.stdin)


def answer(line: Mapping[str, Any]) -> None:
    """Hand a line to the process that started this program."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
