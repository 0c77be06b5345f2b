"""The parent's side: a child process that reads one file after another, and is killed when one takes too long."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from producers.formats.child.frames import (
    LENGTH_BYTES,
    Answer,
    End,
    PartFrame,
    PartRefusalFrame,
    Problem,
    Request,
    decode_answer,
    encode,
)
from producers.formats.child.limits import LONGEST_TEXT, MEMORY, deadline
from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from streaming.errors import BadInput, MachineError
from streaming.wording import duration

# The path is set in the code: `-m` would look for modules in the working directory first, a folder of documents.
_CODE = (
    "import sys; _, folder, memory, *sys.path = sys.argv; "
    "from producers.formats.child.main import main; main(folder, int(memory))"
)
_READ_BYTES = 1 << 20
# A character has at most four bytes; the rest is room for the other fields of a part.
_LONGEST_FRAME = 4 * LONGEST_TEXT + _READ_BYTES
# It starts in half a second, on a machine with nothing else to do.
_START_SECONDS = 60
# An idle child has nothing to do but to remove an empty folder.
_END_SECONDS = 5


class _ChildEnded(Exception):
    """The child has ended, or sends what no child sends."""


class ReaderProcess:
    """A child process with `memory` bytes, until `close`; `ready` says whether it can read another file.

    Raises `MachineError` when it does not start.
    """

    def __init__(self, *, memory: int = MEMORY) -> None:
        self._folder = tempfile.mkdtemp(prefix="gistream-reader-")
        search_path = [str(Path(path).absolute()) for path in sys.path]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE, self._folder, str(memory), *search_path],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A library's warning may quote the file.
            stderr=subprocess.DEVNULL,
            # Ctrl-C is the parent's business.
            start_new_session=True,
        )
        self.ready = False
        try:
            list(self._answers(_START_SECONDS))
        except (TimeoutError, _ChildEnded, msgspec.MsgspecError):
            self.close()
            command = "python -c 'import producers.formats.child.main'"
            raise MachineError(f"The process that reads files has not started; `{command}` says why.") from None
        self.ready = True

    def read(self, path: Path, options: ReadOptions) -> Iterator[Part | PartRefusal]:
        """Yield the parts of a file; raises `BadInput` or `OSError`, also when the file has cost the child."""
        seconds = deadline(path.stat().st_size)
        self.ready = False
        problem: Problem | None = None
        file = os.fsencode(path.absolute())
        try:
            field, keep = dict(options.field), options.keep
            self._send(Request(file, options.split.argument, field, keep, seconds))
            for answer in self._answers(seconds):
                if isinstance(answer, PartFrame):
                    yield answer.part
                elif isinstance(answer, PartRefusalFrame):
                    yield answer.refusal
                elif isinstance(answer, Problem):
                    problem = answer
                else:
                    self.ready = not answer.last
        except TimeoutError:
            self.close()
            raise BadInput(_took_forever(seconds), type="TooCostly") from None
        except (_ChildEnded, BrokenPipeError, msgspec.MsgspecError):
            raise BadInput(self._reason_of_end(seconds), type="TooCostly") from None
        if problem is not None:
            raise OSError(0, problem.message) if problem.type is None else BadInput(problem.message, type=problem.type)

    def is_alive(self) -> bool:
        """Whether nobody has ended the child meanwhile."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the child, at once when it is reading a file."""
        if not self.ready:
            self._process.kill()
        self.ready = False
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _send(self, request: Request) -> None:
        frame = memoryview(encode(request))
        while frame:
            frame = frame[os.write(_descriptor(self._process.stdin), frame) :]

    def _answers(self, seconds: float) -> Iterator[Answer]:
        """Yield what the child sends about one file, up to the end.

        Raises `TimeoutError` when this process has waited for it for `seconds`, or `_ChildEnded`.
        """
        pipe = _descriptor(self._process.stdout)
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        received = bytearray()
        while True:
            while len(received) < (size := _frame_size(received)):
                started = time.monotonic()
                if seconds <= 0 or not poll.poll(1000 * seconds):
                    raise TimeoutError
                seconds -= time.monotonic() - started
                chunk = os.read(pipe, _READ_BYTES)
                if not chunk:
                    raise _ChildEnded
                received += chunk
            answer = decode_answer(bytes(received[LENGTH_BYTES:size]))
            del received[:size]
            yield answer
            if isinstance(answer, End):
                return

    def _reason_of_end(self, seconds: float) -> str:
        """Return why the child ended on its own while it read a file."""
        try:
            code = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            code = 0
        self.close()
        if code == -signal.SIGXCPU:
            return _took_forever(seconds)
        if code == -signal.SIGKILL:
            return "its reader was killed, as the system does when memory runs out"
        return f"its reader crashed{f' ({signal.Signals(-code).name})' if code < 0 else ''}: damaged, or made to do so"


def _frame_size(received: bytearray) -> int:
    """Return how many bytes the frame has that begins in `received`; raises `_ChildEnded` for one that is none."""
    if len(received) < LENGTH_BYTES:
        return LENGTH_BYTES
    size = LENGTH_BYTES + int.from_bytes(received[:LENGTH_BYTES], "big")
    if size > _LONGEST_FRAME:
        raise _ChildEnded
    return size


def _descriptor(pipe: object) -> int:
    return pipe.fileno()  # type: ignore[attr-defined,no-any-return]


def _took_forever(seconds: float) -> str:
    return f"not read in {duration(seconds)}: it may be made to take forever"
