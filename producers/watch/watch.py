"""The watch over a folder: what the scans and events find is sent once it has settled, for days.

Item: a document of a file that `read` reads. Guarantee: each version of a file once, also after a restart or a crash
(`delivery`); a file that appears while nobody watches, or whose event is lost, is found by the next scan. A Kafka that
is away, or a folder, is waited for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from producers.watch.delivery import Delivery, DeliveryRules, SentFile
from producers.watch.events import FolderEvents
from producers.watch.leaving import Leaving
from producers.watch.lines import WatchLines
from producers.watch.reader import FileReader, ReadFile
from producers.watch.resuming import resume
from producers.watch.scan import FoundFile, WatchedFolder
from producers.watch.settling import Settling
from producers.watch.state import State, Status
from producers.watch.vanished import Vanished
from streaming.errors import BrokerAway, MachineError, TopicError
from streaming.settings import Settings

# Seconds between two scans: how late a file is whose event was lost. With 100,000 files a scan takes about 1 s of a
# core, and so it may take a fiftieth of one at most.
_SCAN_SECONDS = 30.0
_SCAN_SHARE = 50
# Seconds between two attempts to reach Kafka, or the folder.
_RETRY_SECONDS = 5.0
# Times in a row that a topic which was there may be missing.
_MOST_TOPIC_ERRORS = 3

# Says a line: what happened, as one word, and the sentence.
Say = Callable[[str, str], None]


@dataclass
class Counts:
    """What a watch did: documents that Kafka acknowledged, files that they are of, and so on."""

    acknowledged: int = 0
    files: int = 0
    failed: int = 0
    deleted: int = 0


class Watch:
    """A watch over one folder for one topic; `run` is all of it."""

    def __init__(
        self,
        settings: Settings,
        folder: WatchedFolder,
        state: State,
        read: ReadFile,
        leaving: Leaving,
        say: Say,
        stop: threading.Event,
        *,
        settle: float,
        deletes: bool,
        rate: float | None,
    ) -> None:
        self._settings, self._folder, self._state = settings, folder, state
        self._reader = FileReader(folder, state, read, stop)
        self._leaving, self._say, self._stop = leaving, say, stop
        self._lines = WatchLines(say)
        self._settle, self._settling = settle, Settling(settle)
        self._vanished = Vanished(folder, state, settle, say) if deletes else None
        self._rules = DeliveryRules(
            sent=Status.DONE if leaving.done else Status.SENT,
            refused=Status.ASIDE if leaving.failed else Status.FAILED,
            deletes=deletes,
            rate=rate,
        )
        self._events = FolderEvents(stop)
        self._listens_to: tuple[int, int] | None = None
        self._next_scan = 0.0
        self._scan_seconds = 0.0
        # Whether there were more files than can wait at a time.
        self._is_cut = False
        # What was said to be away.
        self._is_folder_away = self._is_kafka_away = False
        self.counts = Counts()

    @property
    def waiting(self) -> int:
        """How many files have not settled yet."""
        return len(self._settling)

    def run(self, on_round: Callable[[], None], *, once: bool) -> None:
        """Watch until the stop event is set, with `once` until all that has settled is sent.

        `on_round` is called about twice a second. Raises `BrokerError` when Kafka does not answer at the start, and
        whatever does not pass by itself.
        """
        began, failures = False, 0
        while not self._stop.is_set():
            try:
                with self._delivery() as delivery, closing(self._events):
                    self._begin(delivery)
                    began, failures = True, 0
                    self._once(delivery) if once else self._watch(delivery, on_round)
                return
            except (BrokerAway, TopicError) as error:
                failures += 1
                # A broker that has just started may not know its topics yet.
                if not began or once or (isinstance(error, TopicError) and failures > _MOST_TOPIC_ERRORS):
                    raise
                if not self._is_kafka_away:
                    self._say("kafka away", f"waiting for Kafka, what it does not have yet is sent again: {error}")
                self._is_kafka_away = True
                self._stop.wait(_RETRY_SECONDS)

    def _delivery(self) -> Delivery:
        return Delivery(
            self._settings, self._state, self._rules, self._stop,
            is_there=lambda name: self._folder.look(name) is not None,
            on_ended=self._on_ended, on_deleted=self._on_deleted,
        )  # fmt: skip

    def _begin(self, delivery: Delivery) -> None:
        self.counts.acknowledged += resume(delivery, self._state, self._settings, self._say)
        if self._is_kafka_away:
            self._is_kafka_away = False
            self._say("kafka back", "Kafka is back")
        self._next_scan, self._listens_to = 0.0, None

    def _watch(self, delivery: Delivery, on_round: Callable[[], None]) -> None:
        while not self._stop.is_set():
            has_room = self._is_cut and not self._settling.is_full
            if time.monotonic() >= self._next_scan or has_room or self._is_another_folder():
                self._scan(listens=True)
            self._take_settled(delivery)
            self._delete_vanished(delivery)
            on_round()
            for path in self._events.wait():
                self._on_event(path)
            self._lines.without_events(self._events.refusal)

    def _once(self, delivery: Delivery) -> None:
        """Take what looks the same before and after the seconds of settling; the rest is left to the next run."""
        self._is_cut = True
        while self._is_cut and not self._stop.is_set():
            self._scan(listens=False)
            if self._is_folder_away:
                raise MachineError(f"{self._folder.path} cannot be listed; see the line above.")
            if len(self._settling) or (self._vanished is not None and self._vanished.is_waiting):
                self._stop.wait(self._settle)
            self._take_settled(delivery)
        self._delete_vanished(delivery)

    def _scan(self, *, listens: bool) -> None:
        self._is_cut = False
        if self._vanished is not None:
            self._vanished.begin_scan()
        try:
            if listens:
                self._listen()
            began = time.monotonic()
            for file in self._folder.files():
                if self._vanished is not None:
                    self._vanished.see(file.name)
                self._consider(file)
                if self._stop.is_set():
                    return
            if self._vanished is not None:
                self._vanished.end_scan(time.monotonic())
        except OSError as error:
            if not self._is_folder_away:
                self._say("folder away", f"{self._folder.path} cannot be listed, waiting: {error.strerror or error}")
            self._is_folder_away, self._listens_to = True, None
            self._next_scan = time.monotonic() + _RETRY_SECONDS
            return
        if self._is_folder_away:
            self._is_folder_away = False
            self._say("folder back", f"{self._folder.path} is back")
        self._leaving.try_again()
        self._scan_seconds = time.monotonic() - began
        self._next_scan = time.monotonic() + max(_SCAN_SECONDS, _SCAN_SHARE * self._scan_seconds)
        if self._vanished is not None and self._vanished.is_waiting:
            self._scan_soon()
        self._lines.left_out(self._folder)

    def _scan_soon(self) -> None:
        soon = time.monotonic() + max(self._settle, _SCAN_SHARE * self._scan_seconds)
        self._next_scan = min(self._next_scan, soon)

    def _listen(self) -> None:
        """Listen to the folder that is there now; raises `OSError` when there is none."""
        identity = self._folder.identity()
        if identity != self._listens_to or self._events.refusal is not None:
            self._events.begin(self._folder.path)
            self._listens_to = identity

    def _is_another_folder(self) -> bool:
        """Tell whether the folder is gone, back, or another one than that of the last scan; none of it is an event."""
        try:
            return self._folder.identity() != self._listens_to
        except OSError:
            return not self._is_folder_away

    def _on_event(self, path: Path) -> None:
        if (name := self._folder.name_of(path)) is None:
            return
        if (file := self._folder.look(name)) is not None:
            self._consider(file)
        elif path.is_dir() and not path.is_symlink():
            # Files that came with their folder have no events of their own.
            for below in self._folder.files(name):
                self._consider(below)
        elif self._vanished is not None:
            self._scan_soon()

    def _consider(self, file: FoundFile) -> None:
        """Wait for a file to settle if it is to be taken, or to leave the folder."""
        # An empty file is one that its writer has only opened.
        if not file.stamp.size or self._is_over(file):
            return
        if self._settling.is_full and file.name not in self._settling:
            self._is_cut = True
        else:
            self._settling.look(file.name, file, time.monotonic())

    def _is_over(self, file: FoundFile) -> bool:
        known = self._state.known(file.name)
        if known is None or known.stamp != file.stamp:
            return False
        if known.status is Status.SENT:
            return self._leaving.done is None
        if known.status is Status.DONE:
            return self._leaving.done is None or file.name in self._leaving
        if known.status in (Status.FAILED, Status.ASIDE):
            return self._leaving.failed is None or file.name in self._leaving
        return False

    def _take_settled(self, delivery: Delivery) -> None:
        for name in self._settling.due(time.monotonic()):
            if self._stop.is_set():
                return
            file = self._folder.look(name)
            if not self._settling.look(name, file, time.monotonic()):
                continue
            self._settling.forget(name)
            if file is not None and not self._reader.send(file, delivery):
                # It changed meanwhile: the next look takes it again.
                self._settling.look(name, self._folder.look(name), time.monotonic())
        delivery.flush()

    def _delete_vanished(self, delivery: Delivery) -> None:
        if self._vanished is None:
            return
        for name in self._vanished.settled(time.monotonic()):
            if self._stop.is_set():
                return
            delivery.delete(name)
        delivery.flush()

    def _on_ended(self, files: list[SentFile]) -> None:
        for file in files:
            self.counts.acknowledged += file.documents
            if file.refusals:
                self.counts.failed += 1
            elif file.documents:
                self.counts.files += 1
        self._lines.ended(files)
        for file in files:
            self._leaving.take(file)

    def _on_deleted(self, deletions: list[tuple[str, int]]) -> None:
        self.counts.deleted += sum(number for _, number in deletions)
        self._lines.deleted(deletions)
