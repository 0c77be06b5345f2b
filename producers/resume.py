"""The file of `--resume`: how far earlier runs of the same command came, so that the next one sends only the rest.

It says how many documents from the first one on are settled, which of them were refused, and a checksum of those that
Kafka acknowledged: it holds no text, and stays small. It is replaced as a whole, so it is never half written.

A document goes by its place in the input. A later run reads the input from its first document, sends none of the
settled ones, and compares their checksum: another input is an error, never a wrong skip. Refused documents are tried
again. After a kill those come twice that were in flight, or acknowledged since the last save; each id is there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ValidationError

from producers.records import ProducerRecord, Refusal
from streaming.errors import UsageError

# A save takes 0.2 ms, and longer with thousands of refused documents: 5% of the time at most goes into saving.
_SAVE_SECONDS = 0.25
_MOST_SHARE = 0.05
_CHECKSUM_BYTES = 16


class _State(BaseModel):
    """What the file holds. `checksum` is the sum of those of all acknowledged documents before `settled`."""

    version: int = 1
    command: dict[str, str]
    topic: str
    topic_id: str = ""
    settled: int = 0
    refused: list[int] = []
    checksum: int = 0


@contextmanager
def open_resume_file(path: Path, command: Mapping[str, str], topic: str) -> Iterator[ResumeFile]:
    """Hold a resume file for as long as the context lasts; raises `UsageError` also when another command has it.

    Two at once would send the same documents, and each would lose what the other noted.
    """
    place = path.with_name(f"{path.name}.lock")
    try:
        lock = place.open("w")
    except OSError as error:
        raise UsageError(f"{path} of --resume cannot be written: {error.strerror}.") from error
    with lock:
        if not _is_free(lock, place):
            raise UsageError(f"Another command is sending with --resume {path}; let it end, or name another file.")
        try:
            yield ResumeFile(path, command, topic)
        finally:
            place.unlink(missing_ok=True)


def _is_free(lock: IO[str], place: Path) -> bool:
    """Take a lock; false when somebody has it, or has removed its file since it was opened."""
    try:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(lock.fileno()), place.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


class ResumeFile:
    """The state of one command in its file; both the sending thread and the client's tell it what became of a document.

    Documents are given by their name: those of one name are settled in the order in which they were sent.
    """

    def __init__(self, path: Path, command: Mapping[str, str], topic: str) -> None:
        """Read the file if it is there; raises `UsageError` when it is damaged, or another command's."""
        self._path = path
        self._state = self._read() or _State(command=dict(command), topic=topic)
        self._check_command(
            {**command, "--input-topic": topic}, {**self._state.command, "--input-topic": self._state.topic}
        )
        self._refused = set(self._state.refused)
        # Documents that were settled before an earlier one: their checksum, or None for a refused one.
        self._early: dict[int, int | None] = {}
        self._in_flight: dict[str, list[tuple[int, int]]] = {}
        self._lock = threading.Lock()
        self._next_save = 0.0
        # How many documents earlier runs have sent.
        self.sent_before = self._state.settled - len(self._refused)

    def check_topic(self, topic_id: str) -> None:
        """Take the topic's id for the file; raises `UsageError` when the file is about another topic of this name."""
        if self._state.topic_id not in ("", topic_id):
            raise UsageError(
                f"{self._path} is about another topic '{self._state.topic}': this one was created since, or is another "
                "Kafka's. Delete the file to send all documents, or name another with --resume."
            )
        self._state.topic_id = topic_id

    def rest(self, documents: Iterable[ProducerRecord | Refusal]) -> Iterator[ProducerRecord | Refusal]:
        """Yield those of `documents` that are not acknowledged; raises `UsageError` when it is another input."""
        settled, checksum, again, position = self._state.settled, 0, [], -1
        refused = frozenset(self._refused)
        for position, document in enumerate(documents):
            if position >= settled:
                yield self._register(position, document)
                continue
            if position in refused:
                again.append((position, document))
            elif isinstance(document, Refusal):
                raise self._other_input()
            else:
                checksum += _checksum(position, document)
            if position == settled - 1:
                if checksum != self._state.checksum:
                    raise self._other_input()
                for earlier, item in again:
                    yield self._register(earlier, item)
        if position < settled - 1:
            raise self._other_input(f"it has {position + 1:,} documents, or --limit takes no more of them")

    def on_acknowledged(self, record: ProducerRecord) -> None:
        """Note that Kafka has a document."""
        with self._lock:
            position, checksum = self._take(record.name)
            self._settle(position, checksum)

    def on_refused(self, refusal: Refusal) -> None:
        """Note that a document was refused."""
        with self._lock:
            position, _ = self._take(refusal.name)
            self._settle(position, None)

    def save_in_time(self) -> None:
        """Save when the last save is long enough ago."""
        if time.monotonic() >= self._next_save:
            self.save()

    def save(self) -> None:
        """Write the file; raises `UsageError` when that is impossible."""
        began = time.monotonic()
        with self._lock:
            self._state.refused = sorted(self._refused)
            content = self._state.model_dump_json()
        partial = self._path.with_name(f"{self._path.name}.partial")
        try:
            # Not forced to the disk, which may take a second: what a power failure empties is refused as damaged.
            partial.write_text(content, encoding="utf-8")
            partial.replace(self._path)
        except OSError as error:
            raise UsageError(f"{self._path} of --resume cannot be written: {error.strerror}.") from error
        end = time.monotonic()
        self._next_save = end + max(_SAVE_SECONDS, (end - began) / _MOST_SHARE)

    def _read(self) -> _State | None:
        # A device may have no end.
        if self._path.exists() and not self._path.is_file():
            raise UsageError(f"{self._path} of --resume is no file; name another.")
        try:
            return _State.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{self._path} of --resume cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            raise UsageError(
                f"{self._path} is no file of --resume, or is damaged; name another, or delete it to send all documents."
            ) from error

    def _check_command(self, command: Mapping[str, str], before: Mapping[str, str]) -> None:
        names = [name for name in {**before, **command} if before.get(name) != command.get(name)]
        if names:
            said = "; ".join(
                f"{name} was {before.get(name, 'not given')}, and is {command.get(name, 'not given')}" for name in names
            )
            raise UsageError(
                f"{self._path} is about another command: {said}. Delete the file to send all documents, or name "
                "another with --resume."
            )

    def _other_input(self, why: str = "") -> UsageError:
        return UsageError(
            f"{self._path} is about another input: the first {self._state.settled:,} documents of this one are not "
            f"those that were sent{f' ({why})' if why else ''}. Nothing was sent now. Delete the file to send all "
            "documents, or name another with --resume."
        )

    def _register(self, position: int, document: ProducerRecord | Refusal) -> ProducerRecord | Refusal:
        checksum = 0 if isinstance(document, Refusal) else _checksum(position, document)
        with self._lock:
            self._in_flight.setdefault(document.name, []).append((position, checksum))
        return document

    def _take(self, name: str) -> tuple[int, int]:
        places = self._in_flight[name]
        place = places.pop(0)
        if not places:
            del self._in_flight[name]
        return place

    def _settle(self, position: int, checksum: int | None) -> None:
        state = self._state
        if position < state.settled:
            if checksum is not None:
                self._refused.discard(position)
                state.checksum += checksum
            return
        self._early[position] = checksum
        while state.settled in self._early:
            early = self._early.pop(state.settled)
            if early is None:
                self._refused.add(state.settled)
            else:
                state.checksum += early
            state.settled += 1


def _checksum(position: int, record: ProducerRecord) -> int:
    """Return a checksum of a document at its place, whatever its name: the same file may be named in two ways."""
    content = hashlib.blake2b(digest_size=_CHECKSUM_BYTES)
    for part in (str(position).encode(), record.key or b"", record.value or b""):
        content.update(len(part).to_bytes(8, "big"))
        content.update(part)
    return int.from_bytes(content.digest(), "big")
