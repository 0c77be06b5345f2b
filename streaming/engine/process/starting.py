"""Finds the engine process of this executor, or starts it: one for all workers, started by the first of them."""

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
from streaming.engine.process.wire import Frame, encode, read_frame
from streaming.errors import EngineError

# A server's loop does nothing long, so a server that does not answer in these seconds is treated as dead.
_ANSWER_SECONDS = 10
# Servers that this process has started, by their folders. They are its children, so it must reap them.
_started: dict[Path, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Launch:
    """The parameters by which an engine process is found or started.

    `packed` is its recipe as plain values and `digest` the recipe's SHA-256, `owner` the executor's process id. The
    process writes its log lines to `log`, or to this process's standard error. `caller` are the fields of its `Caller`.
    """

    packed: Frame
    digest: str
    owner: int
    log: Path | None
    caller: Frame | None

    @property
    def folder(self) -> EngineFolder:
        """The folder of this executor's engine process; raises `EngineError`."""
        return engine_folder(self.owner, self.digest)


def find_or_start(launch: Launch) -> EngineFolder:
    """Return the folder of an engine process that listens; start one when there is none. Raises `EngineError`."""
    reap()
    try:
        return _find_or_start(launch)
    except OSError as error:
        raise EngineError(
            f"The engine's process cannot be started: {error}; TMPDIR names another place for its folder."
        ) from error


def _find_or_start(launch: Launch) -> EngineFolder:
    folder = launch.folder
    if asyncio.run(_answers(folder)):
        return folder
    # Without the lock, because freeing a model takes time.
    for sibling in engine_folders():
        if sibling.owner == launch.owner and sibling != folder:
            asyncio.run(_ask_to_yield(sibling))
    with locked():
        # Another worker may have started it meanwhile.
        if not asyncio.run(_answers(folder)):
            sweep()
            _kill_remains(folder)
            _start(launch, folder)
    return folder


def _kill_remains(folder: EngineFolder) -> None:
    """Kill the processes of an engine that does not answer, and wait until their memory is free again."""
    processes = []
    for pid in folder.pids():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            # The number may belong to another process by now.
            if any(part.startswith(__package__) for part in process.cmdline()):
                process.kill()
                processes.append(process)
    psutil.wait_procs(processes, timeout=_ANSWER_SECONDS)


def reap() -> None:
    """Reap the ended processes that this process has started."""
    for path, process in list(_started.items()):
        if process.poll() is not None:
            _started.pop(path, None)


def wait_for_end(launch: Launch) -> None:
    """Wait for the end of the process, if this process has started it; kill it when it does not end in time."""
    process = _started.pop(launch.folder.path, None)
    if process is None:
        return
    try:
        process.wait(_ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _start(launch: Launch, folder: EngineFolder) -> None:
    try:
        descriptor = open_owner(launch.owner)
    except ProcessLookupError as error:
        raise EngineError("The executor has ended, so its engine is not started.") from error
    folder.open()
    spec = {
        **launch.packed,
        "folder": str(folder.path),
        "owner": launch.owner,
        "owner_descriptor": descriptor,
        "caller": launch.caller,
    }
    try:
        with nullcontext() if launch.log is None else launch.log.open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "streaming.engine.process.server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                # Spark's daemon signals its process group when it ends, and a terminal signals its foreground group.
                start_new_session=True,
                pass_fds=[] if descriptor is None else [descriptor],
                env={**os.environ, "PYTHONPATH": python_path()},
            )
    finally:
        if descriptor is not None:
            os.close(descriptor)
    _started[folder.path] = process
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


async def _answers(folder: EngineFolder) -> bool:
    """Return whether a server answers; a server that is being killed may still accept a connection."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(folder.socket))
        writer.write(encode({"hello": folder.secret()}))
        try:
            return await asyncio.wait_for(read_frame(reader), _ANSWER_SECONDS) is not None
        finally:
            writer.close()
    except (OSError, asyncio.TimeoutError):
        return False


async def _ask_to_yield(folder: EngineFolder) -> None:
    """Ask an engine to end if nobody uses it, because another engine needs its memory."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(folder.socket))
    except OSError:
        return
    writer.write(encode({"hello": folder.secret()}) + encode({"id": 0, "do": "yield"}))

    async def wait_for_answer() -> None:
        # A server that stays answers; a server that ends closes the connection after it has freed the model.
        while (frame := await read_frame(reader)) is not None and "id" not in frame:
            pass

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(wait_for_answer(), _ANSWER_SECONDS)
    writer.close()
