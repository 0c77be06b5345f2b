"""Reads the text of a document by reference: opens its file, checks the hash, decodes it as a file of that content.

    the file                            ends as
    ----------------------------------  ---------------------------------------------------------------
    outside of all roots, a bad URI      UriNotAllowed (`storage.roots`)
    missing, no file, not readable       UriNotFound, UriNoFile, UriNotReadable
    too large                            TooLarge, before a byte of it is read
    other bytes than the hash says       HashDiffers
    no text                              NotUtf8, Binary, Compressed, ... (`encoding.reading`), EmptyText

Each of them is the document's fault. A root that does not answer raises `StorageAway`: the micro-batch fails, because
every other document would, too. A file is read in a thread of its own kind, so a slow store holds up neither the
engine's results nor the work on other texts. Texts in memory together are no larger than the largest that may come.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from streaming.encoding.reading import decode_file
from streaming.errors import BadInput
from streaming.messages import Document, DocumentReference
from streaming.pipeline.document_text import with_text_read
from streaming.storage import Roots
from streaming.storage.root_file import RootFile

# Files that are opened or read at once: one that is slow to come does not hold up the next one.
_THREADS = 2
# This process's roots: a connection to a store outlives a task.
_roots: dict[tuple[str, ...], Roots] = {}


@dataclass(frozen=True)
class ReferencePlan:
    """Where files may be read from, and how many bytes such texts may have, each and together."""

    roots: tuple[str, ...] = ()
    most_bytes: int = 0


class ReferencedTexts:
    """Reads the texts of one task's documents; leave its context to end its threads."""

    def __init__(self, plan: ReferencePlan) -> None:
        self._plan = plan
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="gistream-uri")
        self._changed = asyncio.Condition()
        self._bytes = 0

    def close(self) -> None:
        """End the threads; a read that hangs ends with the process."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def document(self, document: Document | DocumentReference) -> AsyncIterator[tuple[Document, list[str]]]:
        """Yield a document with its text, and what was mended in the file; its memory counts until the context ends.

        Raises `BadInput`, and `StorageAway` or `MachineError` when a root cannot be read.
        """
        if isinstance(document, Document):
            yield document, []
            return
        loop = asyncio.get_running_loop()
        file = await loop.run_in_executor(self._threads, self._open, document.uri)
        try:
            await self._take(file.size)
            try:
                yield await loop.run_in_executor(self._threads, _read, document, file)
            finally:
                await self._give_back(file.size)
        finally:
            file.close()

    def _open(self, uri: str) -> RootFile:
        if self._plan.roots not in _roots:
            _roots[self._plan.roots] = Roots(self._plan.roots)
        file = _roots[self._plan.roots].open(uri)
        if file.size > self._plan.most_bytes:
            file.close()
            raise BadInput(
                f"the file of its uri has {file.size:,} bytes, and max_referenced_bytes is {self._plan.most_bytes:,}",
                type="TooLarge",
            )
        return file

    async def _take(self, size: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._bytes + size <= self._plan.most_bytes)
            self._bytes += size

    async def _give_back(self, size: int) -> None:
        async with self._changed:
            self._bytes -= size
            self._changed.notify_all()


def _read(reference: DocumentReference, file: RootFile) -> tuple[Document, list[str]]:
    raw = file.read()
    if hashlib.sha256(raw).hexdigest() != reference.sha256:
        raise BadInput(
            f"the file of its uri has other bytes than its sha256 says ({len(raw):,} of them)", type="HashDiffers"
        )
    content = decode_file(raw)
    # The text may be large, and its bytes are not needed any more.
    del raw
    document, mended = with_text_read(reference.with_text(content.text))
    return document, mended if content.code_page is None else [f"text: {content.code_page}", *mended]
