"""The child's side: one system in a process of its own, which gets orders as lines of JSON on standard input.

    {"do": "open", "opening": {...}}            ->  {"done": {"process": 4711}}
    {"do": "run", "documents": [...]}           ->  {"finished": 1} for each prompt, then {"done": {...}}
    {"do": "delays", "documents": [...]}        ->  the same; of an open pipeline
    {"do": "resident", "opening": ..., "documents": ...}  ->  {"done": {...}}; with nothing open

The answer to an error of gistream is {"error": sentence, "kind": class}; any other error ends the process. The end of
standard input closes the system and ends the process, too.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict
from types import FrameType
from typing import Any, NoReturn, TextIO

from pydantic import TypeAdapter

from benchmarks.contract import Document, Opening, System
from benchmarks.systems import open_system
from streaming.errors import GistreamError

_DOCUMENTS = TypeAdapter(list[Document])
_OPENING = TypeAdapter(Opening)


class Worker:
    """A system that the first order opens."""

    def __init__(self, name: str, answers: TextIO) -> None:
        self._name = name
        self._answers = answers
        self._system: System | None = None

    def obey(self, order: dict[str, Any]) -> None:
        """Carry out an order and answer."""
        try:
            self._answer({"done": self._do(order)})
        except GistreamError as error:
            self._answer({"error": str(error), "kind": type(error).__name__})

    def close(self) -> None:
        """Close the system, if it is open."""
        if self._system is not None:
            self._system.close()

    def _do(self, order: dict[str, Any]) -> Any:
        if order["do"] == "open":
            self._system = open_system(self._name, _OPENING.validate_python(order["opening"]))
            return {"process": self._system.process}
        documents = _DOCUMENTS.validate_python(order["documents"])
        if order["do"] == "resident":
            from benchmarks.resident import resident

            return asdict(resident(_OPENING.validate_python(order["opening"]), documents))
        if self._system is None:
            raise GistreamError("The system is not open: a bug.")
        if order["do"] == "run":
            return asdict(self._system.run(documents, self._on_part))
        # Imported here, because it loads PySpark.
        from benchmarks.latency import delays
        from benchmarks.systems.pipeline import Pipeline

        if not isinstance(self._system, Pipeline):
            raise GistreamError("Only a pipeline has delays: a bug.")
        return [asdict(delay) for delay in delays(self._system, documents, self._on_part)]

    def _on_part(self) -> None:
        self._answer({"finished": 1})

    def _answer(self, answer: dict[str, Any]) -> None:
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()


def main() -> None:
    """Carry out orders until standard input ends."""
    # Ctrl-C in a terminal is for the parent, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    # Libraries and Java print to standard output; only answers go through the pipe.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(sys.argv[1], answers)
    try:
        for line in sys.stdin:
            worker.obey(json.loads(line))
    finally:
        worker.close()


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    # A second signal must not interrupt the closing.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(143)


if __name__ == "__main__":
    main()
