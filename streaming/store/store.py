"""The store of one folder: gets and puts entries, and goes on without them when the folder fails.

Item: one entry, a file of its own. Unit of parallelism: a call; any number of threads, processes and machines.
Guarantee: an entry is the whole of what was put under its key, or it is not there. Two that put one key put the same.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, TypeVar

import pyarrow as pa

from streaming.errors import MachineError
from streaming.storage import Folder
from streaming.store.entry import Labels, pack, unpack

Kind = Literal["summaries", "generations"]
SUFFIX = ".json"
# A disk answers in a millisecond, an object store in 50; one that hangs must not hold up documents that can be made.
_ANSWER_SECONDS = 10
# How long a store that failed is left alone; what it had is generated meanwhile.
_REST_SECONDS = 60
# An object store answers slowly and many at a time.
_THREADS = 4

_T = TypeVar("_T")


class Store:
    """The store in a folder; every method may be called from any thread."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="gistream-store")
        self._rests_until = 0.0
        self._said: set[str] = set()

    async def get(self, kind: Kind, key: str) -> dict[str, Any] | None:
        """Return the value of a key; None when there is none that can be trusted, or the store fails."""
        return await self._tried(lambda: self._read(kind, key))

    async def put(self, kind: Kind, key: str, labels: Labels, value: Mapping[str, Any]) -> None:
        """Put a value; a store that fails loses it, and says so once."""
        entry = pa.py_buffer(pack(key, labels, value))
        # Not durable: an entry that a power cut took is generated again.
        await self._tried(lambda: self._folder.write(_path(kind, key), entry, durable=False))

    def _read(self, kind: Kind, key: str) -> dict[str, Any] | None:
        raw = self._folder.read_bytes(_path(kind, key))
        if raw is None:
            return None
        try:
            return unpack(key, raw)[1]
        except ValueError as error:
            self._say("damaged", f"an entry of the store {self._folder.url} is left out and made again: {error}")
            return None

    async def _tried(self, action: Callable[[], _T]) -> _T | None:
        if time.monotonic() < self._rests_until:
            return None
        running = asyncio.get_running_loop().run_in_executor(self._threads, action)
        try:
            return await asyncio.wait_for(running, _ANSWER_SECONDS)
        except MachineError as error:
            self._fail(str(error))
        # Python 3.10 has a time-out of asyncio's own.
        except asyncio.TimeoutError:
            self._fail(f"the store {self._folder.url} did not answer within {_ANSWER_SECONDS} s.")
        return None

    def _fail(self, reason: str) -> None:
        self._rests_until = time.monotonic() + _REST_SECONDS
        self._say("failed", f"{reason} Summaries are made without the store; it is tried again every minute.")

    def _say(self, about: str, sentence: str) -> None:
        if about not in self._said:
            self._said.add(about)
            sys.stderr.write(f"gistream: {sentence}\n")


def _path(kind: Kind, key: str) -> str:
    # 256 folders each: a folder of a million files is slow to list.
    return f"{kind}/{key[:2]}/{key}{SUFFIX}"
