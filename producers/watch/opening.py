"""Where the state of a watched folder is, and that one process at a time has it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from producers.watch.state import State, connect, explained
from streaming.errors import CheckpointError
from streaming.settings import Settings

_STATE, _LOCK = "state.sqlite", "lock"


def state_folder(settings: Settings, folder: Path) -> Path:
    """Return the folder of the state in the data dir: one for each watched folder and topic, recognizable by both."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{folder.name}-{settings.input_topic}")[:80]
    digest = hashlib.sha256(os.fsencode(folder) + b"\0" + settings.input_topic.encode()).hexdigest()
    return settings.data_dir / "watch" / f"{name}-{digest[:8]}"


@contextmanager
def open_state(settings: Settings, folder: Path) -> Iterator[State]:
    """Hold the state of a watched folder for as long as the context lasts.

    Raises `CheckpointError` when another process has it or it is damaged, and `MachineError` when it cannot be written.
    """
    place = state_folder(settings, folder)
    with explained(place):
        place.mkdir(parents=True, exist_ok=True)
        lock = (place / _LOCK).open("w")
    with lock:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CheckpointError(
                f"Another `gistream produce watch` watches {folder} for topic '{settings.input_topic}'; stop it first."
            ) from error
        with closing(connect(place / _STATE)) as state:
            yield state
