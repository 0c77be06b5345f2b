"""Finding the engine process of this executor, or starting it: one for all workers, whoever comes first."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from streaming.engine.process.folder import EngineFolder, engine_folder, engine_folders, locked, sweep
from streaming.engine.process.native import python_path
from streaming.engine.process.owner import open_owner
from streaming.engine.process.wire import Frame, encode, read
from streaming.errors import EngineError

# A server's loop does nothing that takes long; one that was stopped by a signal is as good as gone.
_ANSWER_SECONDS = 10
# Those that this process has started, by their folders: they are its children, and it must take note of their end.
_started: dict[Path, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Launch:
    """What an engine process is found by and started with.

    `packed` is its recipe as plain values and `digest` the recipe's SHA-256, `owner` the executor's process id; what
    the process prints goes to `log`, or to this process's standard error.
    """

    packed: Frame
    digest: str
    owner: int
    log: Path | None

    @property
    def folder(self) -> EngineFolder:
        """The folder of this executor's engine process; raises `EngineError`."""
        return engine_folder(self.owner, self.digest)


def find_or_start(launch: Launch) -> EngineFolder:
    """Return the folder of an engine process that listens; starts one when there is none. Raises `EngineError`."""
    reap()
    try:
        return _find_or_start(launch)
    except OSError as error:
        raise EngineError(
            f"The engine's process cannot be started: {error}; TMPDIR names another place for its folder."
        ) from error


def _find_or_start(launch: Launch) -> EngineFolder:
    place = launch.folder
    if asyncio.run(_answers(place)):
        return place
    # Not with the lock held: freeing a model takes time.
    for sibling in engine_folders():
        if sibling.owner == launch.owner and sibling != place:
            asyncio.run(_ask_to_yield(sibling))
    with locked():
        # Another worker may have been quicker.
        if not asyncio.run(_answers(place)):
            sweep()
            _bury(place)
            _start(launch, place)
    return place


def _bury(place: EngineFolder) -> None:
    """End what is left of an engine that does not answer, and wait until its memory is free again."""
    left = []
    for pid in place.pids():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            # The number may be another's by now.
            if any(part.startswith(__package__) for part in process.cmdline()):
                process.kill()
                left.append(process)
    psutil.wait_procs(left, timeout=_ANSWER_SECONDS)


def reap() -> None:
    """Take note of the end of processes that were started here."""
    for place, process in list(_started.items()):
        if process.poll() is not None:
            _started.pop(place, None)


def wait_for_end(launch: Launch) -> None:
    """Wait for the end of the process, if it was started here; end it when it does not by itself."""
    process = _started.pop(launch.folder.path, None)
    if process is None:
        return
    try:
        process.wait(_ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _start(launch: Launch, place: EngineFolder) -> None:
    try:
        descriptor = open_owner(launch.owner)
    except ProcessLookupError as error:
        raise EngineError("The executor has ended, so its engine is not started.") from error
    place.open()
    spec = {**launch.packed, "folder": str(place.path), "owner": launch.owner, "owner_descriptor": descriptor}
    try:
        with nullcontext() if launch.log is None else launch.log.open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "streaming.engine.process.server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                # Spark's daemon signals its process group when it ends, and a terminal those that it runs.
                start_new_session=True,
                pass_fds=[] if descriptor is None else [descriptor],
                env={**os.environ, "PYTHONPATH": python_path()},
            )
    finally:
        if descriptor is not None:
            os.close(descriptor)
    _started[place.path] = process
    if process.stdin is None or process.stdout is None:
        raise EngineError("The engine's process has no pipes: a bug.")
    with process.stdin, process.stdout:
        process.stdin.write(json.dumps(spec).encode())
        process.stdin.close()
        if process.stdout.readline() != b"listening\n":
            raise EngineError(
                f"The engine's process ended with code {process.wait()} before it listened; the reason is above, or in "
                "Spark's log."
            )


async def _answers(place: EngineFolder) -> bool:
    """Tell whether a server is there; one that is being killed may still accept a connection, and says nothing."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(place.socket))
        writer.write(encode({"hello": place.secret()}))
        try:
            return await asyncio.wait_for(read(reader), _ANSWER_SECONDS) is not None
        finally:
            writer.close()
    except (OSError, asyncio.TimeoutError):
        return False


async def _ask_to_yield(place: EngineFolder) -> None:
    """Have an engine end that nobody uses any more: its memory is needed for another."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(place.socket))
    except OSError:
        return
    writer.write(encode({"hello": place.secret()}) + encode({"id": 0, "do": "yield"}))

    async def wait_for_answer() -> None:
        # It answers when it stays, and else closes the connection after it has freed the model.
        while (frame := await read(reader)) is not None and "id" not in frame:
            pass

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(wait_for_answer(), _ANSWER_SECONDS)
    writer.close()
