"""A folder of texts that are named by their own SHA-256: each is written once, and is complete or absent.

A file is never changed, so whoever has its URI and its hash gets the bytes that were meant. Nothing is ever deleted.
"""

from __future__ import annotations

import hashlib
from urllib.parse import quote

import pyarrow as pa

from streaming.storage.folder import Folder
from streaming.storage.uris import root_location


class ContentFolder:
    """The folder that a path or URL names."""

    def __init__(self, url: str) -> None:
        """Find the file system; raises `UsageError` for an unknown one, `MachineError` when it fails."""
        self._folder = Folder(url)
        place = root_location(url if self._folder.local is None else str(self._folder.local))
        # Without the login and the options of the URL: whoever reads has some of their own.
        self._uri = f"{place.scheme}://{'/'.join((place.host, *map(quote, place.parts)))}"

    def put(self, raw: bytes) -> tuple[str, str]:
        """Write a file unless it is there, and return its URI and its SHA-256; raises `MachineError`."""
        sha256 = hashlib.sha256(raw).hexdigest()
        # 256 folders: a million files stay quick to list and to find.
        path = f"{sha256[:2]}/{sha256}.txt"
        if not self._has(path, len(raw)):
            self._folder.write(path, pa.py_buffer(raw))
        return f"{self._uri}/{path}", sha256

    def _has(self, path: str, size: int) -> bool:
        file = self._folder.find(path)
        return file is not None and file.bytes == size
