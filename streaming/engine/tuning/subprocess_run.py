"""Runs each measuring program in a process of its own, so that one model's memory does not affect the next."""

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
    """Run a module of this package as a program that reads `request`, and yield each line of its output, from JSON.

    Closing the iterator ends the program. Raises `EngineError` with the last line of its standard error when it fails,
    or when it takes more than `seconds`.
    """
    timed_out = threading.Event()
    # A file, because nothing reads a second pipe while the first is read.
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", f"streaming.engine.tuning.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )

        def end() -> None:
            timed_out.set()
            process.kill()

        timer = threading.Timer(max(0.0, seconds), end)
        timer.daemon = True
        timer.start()
        try:
            if process.stdin is None or process.stdout is None:
                raise EngineError(f"The measuring program {module} has no pipes: a bug.")
            try:
                json.dump(request, process.stdin)
                process.stdin.close()
                for line in process.stdout:
                    yield json.loads(line)
            except (BrokenPipeError, ValueError):
                # The program has ended; its exit code and standard error tell why.
                pass
            code = process.wait()
            if timed_out.is_set():
                raise EngineError("the budget was used up while it was measured")
            if code:
                errors.seek(0)
                lines = errors.read().decode(errors="replace").strip().splitlines()
                raise EngineError(f"measuring it ended with {code}: {lines[-1] if lines else 'no message'}")
        finally:
            timer.cancel()
            process.kill()
            process.wait()


def read_request() -> Any:
    """Return the request of the process that started this program."""
    return json.load(sys.stdin)


def write_line(line: Mapping[str, Any]) -> None:
    """Send a line to the process that started this program."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
