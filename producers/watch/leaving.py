"""How files leave the watched folder: to one folder when they are done, to another when something of them failed.

A file that changed since it was read stays, and so does one that cannot be moved: that is said once, and tried again
after each scan.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from producers.records import Refusal
from producers.watch.delivery import SentFile
from producers.watch.moving import move, write_reason
from producers.watch.names import printable
from producers.watch.scan import WatchedFolder
from streaming.wording import counted

# Refused documents that a reason names.
_MOST_NAMED = 5


class Leaving:
    """The folders for files that are `done` and for those that `failed`; None: such files stay."""

    def __init__(
        self, folder: WatchedFolder, done: Path | None, failed: Path | None, say: Callable[[str, str], None]
    ) -> None:
        self.done, self.failed = done, failed
        self._folder, self._say = folder, say
        self._stuck: dict[str, SentFile] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._stuck

    def take(self, file: SentFile) -> None:
        """Move a file whose end is noted."""
        target, name = self.failed if file.refusals else self.done, file.file.name
        if target is None or self._folder.look(name) != file.file:
            self._stuck.pop(name, None)
            return
        try:
            place = move(self._folder.path / name, target, name)
            if file.refusals:
                write_reason(place, reason_of(file))
        except OSError as error:
            if name not in self._stuck:
                why = error.strerror or error
                self._say("not moved", f"{printable(name)} cannot be moved to {target}: {why}; tried again")
            self._stuck[name] = file
        else:
            self._stuck.pop(name, None)

    def try_again(self) -> None:
        """Move what could not be moved before."""
        for file in list(self._stuck.values()):
            self.take(file)


def reason_of(file: SentFile) -> str:
    """Return in one line why a file failed: why it cannot be read, or which of its documents were refused."""
    name = file.file.name
    if len(file.refusals) == 1 and file.refusals[0].name.encode() == name.encode(errors="replace"):
        return printable(file.refusals[0].reason)
    named = "; ".join(map(_phrase, file.refusals[:_MOST_NAMED]))
    more = len(file.refusals) - _MOST_NAMED
    return f"{counted(len(file.refusals), 'document')} refused: {named}" + (f"; and {more:,} more" if more > 0 else "")


def _phrase(refusal: Refusal) -> str:
    return printable(f"{refusal.name}: {refusal.reason}")
