"""A watch from what a user says: the folder, the options, and the settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from producers.files import IdRule, read_file
from producers.formats.kinds import is_known
from producers.formats.options import ReadOptions
from producers.records import ProducerRecord, Refusal
from producers.watch.leaving import Leaving
from producers.watch.opening import open_state
from producers.watch.scan import WatchedFolder, matches
from producers.watch.watch import Watch
from streaming.errors import UsageError
from streaming.settings import Settings
from streaming.wording import counted

# A program that writes a file writes more than once a second; more than two seconds only delay each file.
SETTLE_SECONDS = 2.0


@dataclass(frozen=True)
class WatchOptions:
    """How a folder is watched; the flags of the command say what each of them does."""

    patterns: Sequence[str] = ()
    settle: float = SETTLE_SECONDS
    done: Path | None = None
    failed: Path | None = None
    deletes: bool = False
    rate: float | None = None
    reading: ReadOptions = field(default_factory=ReadOptions)
    ids: IdRule = "path"


@contextmanager
def open_watch(
    settings: Settings,
    folder: Path,
    options: WatchOptions,
    say: Callable[[str, str], None],
    stop: threading.Event,
) -> Iterator[Watch]:
    """Yield a watch that is ready to run, and hold its state for as long as the context lasts.

    Raises `UsageError` for folders that cannot be watched so, and as `open_state` does.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.")
    path = folder.resolve()
    done, failed = (target.resolve() if target else None for target in (options.done, options.failed))
    for flag, target in (("--done", done), ("--failed", failed)):
        if target is not None and path.is_relative_to(target):
            raise UsageError(f"{flag} {target} is the watched folder, or holds it; name another folder.")
    is_wanted = matches(options.patterns) if options.patterns else _has_known_suffix
    watched = WatchedFolder(path, is_wanted, [target for target in (done, failed) if target])

    def read(file: Path, name: str) -> Iterator[ProducerRecord | Refusal]:
        return read_file(
            file, name.rpartition("/")[2] if options.ids == "name" else name, options.reading, ids=options.ids
        )

    with open_state(settings, path) as state:
        if state.set_reading(repr((options.reading, options.ids))):
            say("read again", "--split, --id, --field or --keep changed, so files are read again; what differs is sent")
        say("watching", f"{path} for topic '{settings.input_topic}', {counted(state.count(), 'file')} known")
        yield Watch(
            settings, watched, state, read, Leaving(watched, done, failed, say), say, stop,
            settle=options.settle, deletes=options.deletes, rate=options.rate,
        )  # fmt: skip


def _has_known_suffix(name: str) -> bool:
    return is_known(Path(name))
