"""Reads a file that has settled, and hands its documents to the delivery, if this version of it is new."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from producers.records import ProducerRecord, Refusal
from producers.watch.delivery import Delivery, SentFile
from producers.watch.scan import FoundFile, WatchedFolder
from producers.watch.state import State, Status

_HASH_BYTES = 1 << 20

# Reads the documents of a file: its path, and its name, of which the ids are made.
ReadFile = Callable[[Path, str], Iterator[ProducerRecord | Refusal]]


class FileReader:
    """Reads files by `read`; when `stop` is set, it ends between two documents."""

    def __init__(self, folder: WatchedFolder, state: State, read: ReadFile, stop: threading.Event) -> None:
        self._folder, self._state, self._read, self._stop = folder, state, read, stop

    def send(self, file: FoundFile, delivery: Delivery) -> bool:
        """Hand over the documents of a file; returns False when it is another one by now, or gone.

        Raises `BrokerError`, `TopicError`.
        """
        known, path = self._state.known(file.name), self._folder.path / file.name
        try:
            version = self._version(path)
        except FileNotFoundError:
            return False
        except OSError as error:
            delivery.end(SentFile(file, b"", refusals=[Refusal(file.name, error.strerror or str(error))]))
            return True
        sent = SentFile(file, version)
        # Touched, put back, or to be moved now: nothing of it is read again.
        if known is None or known.version != version or known.status not in (Status.SENT, Status.DONE):
            # A file name may hold bytes that are no text; an id must not.
            for record in self._read(path, file.name.encode(errors="replace").decode()):
                if self._stop.is_set():
                    return True
                if isinstance(record, Refusal):
                    sent.refusals.append(record)
                else:
                    delivery.add(sent, record)
        if self._folder.look(file.name) != file:
            # What was read may be of two versions.
            return False
        delivery.end(sent)
        return True

    def _version(self, path: Path) -> bytes:
        """Return what tells this content from another, or from the same one that is read otherwise."""
        version = hashlib.blake2b((self._state.fact("reading") or "").encode(), digest_size=16)
        with path.open("rb") as file:
            while block := file.read(_HASH_BYTES):
                version.update(block)
        return version.digest()
