"""The store of one folder: gets and puts entries, and goes on without them when the folder fails.

Item: one entry, a file of its own. Unit of parallelism: a call; any number of threads, processes and machines.
Guarantee: an entry is the whole of what was put under its key, or it is not there. Two that put one key put the same.
Each document that put or got an entry has a mark beside it.
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
# Of a mark: an empty file beside an entry, for each document that put it or got it. It names the document, so that one
# can be forgotten by listing names.
MARK_SUFFIX = ".user"
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

    async def get(self, kind: Kind, key: str, id_sha256: str | None) -> dict[str, Any] | None:
        """Return the value of a key; None when there is none that can be trusted, or the store fails.

        `id_sha256` is that of the document which gets it; it gets a mark beside the entry, if it has none. None is for
        one who only looks whether there is an entry.
        """
        return await self._tried(lambda: self._read(kind, key, id_sha256))

    async def put(self, kind: Kind, key: str, labels: Labels, value: Mapping[str, Any]) -> None:
        """Put a value; a store that fails loses it, and says so once."""
        entry = pa.py_buffer(pack(key, labels, value))

        def write() -> None:
            # Before the entry: no entry is without the mark of its document, whoever else writes it at the same time.
            self._mark(kind, key, labels.id_sha256)
            # Not durable: an entry that a power cut took is generated again.
            self._folder.write(entry_path(kind, key), entry, durable=False)

        await self._tried(write)

    def _read(self, kind: Kind, key: str, id_sha256: str | None) -> dict[str, Any] | None:
        raw = self._folder.read_bytes(entry_path(kind, key))
        if raw is None:
            return None
        try:
            labels, value = unpack(key, raw)
        except ValueError as error:
            self._say("damaged", f"an entry of the store {self._folder.url} is left out and made again: {error}")
            return None
        if id_sha256 is not None and id_sha256 != labels.id_sha256:
            self._mark(kind, key, id_sha256)
        return value

    def _mark(self, kind: Kind, key: str, id_sha256: str) -> None:
        path = mark_path(kind, key, id_sha256)
        if self._folder.read_bytes(path) is None:
            self._folder.write(path, pa.py_buffer(b""), durable=False)

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


def entry_path(kind: Kind, key: str) -> str:
    """Return the path of an entry in its store."""
    # 256 folders each: a folder of a million files is slow to list.
    return f"{kind}/{key[:2]}/{key}{SUFFIX}"


def mark_path(kind: Kind, key: str, id_sha256: str) -> str:
    """Return the path of the mark of the document whose id has this SHA-256."""
    return f"{kind}/{key[:2]}/{key}.{id_sha256}{MARK_SUFFIX}"
