"""A watch over a folder in this process: once, or in a thread until the test has seen what it waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from installation import read_topic

from producers.watch.starting import WatchOptions, open_watch
from producers.watch.watch import Counts
from streaming.messages import Document
from streaming.settings import Settings

# Files of tests are there at once.
_QUICK = WatchOptions(settle=0.05)


@dataclass
class Watched:
    """What a watch did so far, and what it said: (event, line)."""

    counts: Counts = field(default_factory=Counts)
    said: list[tuple[str, str]] = field(default_factory=list)

    def events(self) -> list[str]:
        return [event for event, _ in self.said]

    def lines(self, event: str) -> list[str]:
        return [line for kind, line in self.said if kind == event]

    def until(self, holds: Callable[[], object], seconds: float = 60) -> None:
        """Wait until `holds` returns something true."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.said
            threading.Event().wait(0.05)


def watch_once(settings: Settings, folder: Path, **options: Any) -> Watched:
    """Take what is there, as `--once` does."""
    watched, stop = Watched(), threading.Event()
    with open_watch(
        settings, folder, replace(_QUICK, **options), lambda *said: watched.said.append(said), stop
    ) as watch:
        watched.counts = watch.counts
        watch.run(lambda: None, once=True)
    return watched


@contextmanager
def watching(settings: Settings, folder: Path, **options: Any) -> Iterator[Watched]:
    """Watch for as long as the context lasts; what the watch raises, the context raises."""
    watched, stop = Watched(), threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with open_watch(
                settings, folder, replace(_QUICK, **options), lambda *said: watched.said.append(said), stop
            ) as watch:
                watched.counts = watch.counts
                watch.run(lambda: None, once=False)
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield watched
    finally:
        stop.set()
        thread.join(timeout=60)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


def fill(inbox: Path, *names: str) -> None:
    for name in names:
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / name).write_bytes(f"The text of {name}.".encode(errors="replace"))


def records(settings: Settings) -> dict[str, list[str | None]]:
    """Return the texts of each key in their order, None for a tombstone."""
    texts: dict[str, list[str | None]] = {}
    for record in read_topic(settings, settings.input_topic):
        text = None if record.value is None else Document.model_validate_json(record.value).text
        texts.setdefault(record.key.decode(), []).append(text)
    return texts
