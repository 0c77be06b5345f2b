"""What a watch says: a line for each event of interest, many files in one line, and what it leaves out once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from producers.watch.delivery import SentFile
from producers.watch.leaving import reason_of
from producers.watch.names import printable
from producers.watch.scan import WatchedFolder
from streaming.wording import counted

# Files that a line names.
_MOST_NAMED = 3


class WatchLines:
    """Says lines; `say` takes the kind of an event and the line."""

    def __init__(self, say: Callable[[str, str], None]) -> None:
        self._say = say
        self._left_out: set[str] = set()

    def ended(self, files: Sequence[SentFile]) -> None:
        """Say which files are on the topic, and which failed."""
        sent = [file for file in files if file.documents]
        if sent:
            documents = sum(file.documents for file in sent)
            self._say("sent", f"{counted(documents, 'document')} of {_named([file.file.name for file in sent])}")
        for file in files:
            if file.refusals:
                self._say("failed", f"{printable(file.file.name)}: {reason_of(file)}")

    def deleted(self, deletions: Sequence[tuple[str, int]]) -> None:
        """Say which files are gone."""
        documents = sum(number for _, number in deletions)
        self._say("deleted", f"{counted(documents, 'document')} of {_named([name for name, _ in deletions])}")

    def left_out(self, folder: WatchedFolder) -> None:
        """Say what a scan left out, unless it was said before."""
        for name, why in folder.unreadable.items():
            self._once("unreadable", f"folder {printable(name)} cannot be listed: {why}", name)
        if new := self._new(f"link {name}" for name in folder.links):
            self._say("not followed", f"{counted(len(new), 'link')} out of the folder: {new[0].removeprefix('link ')}")
        kinds = self._new(folder.skipped)
        if kinds:
            numbers = ", ".join(f"{folder.skipped[kind]:,} {kind}" for kind in sorted(kinds))
            self._say("skipped", f"files of other kinds: {numbers}; --pattern takes them, too")

    def without_events(self, refusal: str | None) -> None:
        """Say that the system tells no events, and why."""
        if refusal is not None:
            self._once("no events", f"the folder is listed every half a minute instead: {refusal}", "the folder")

    def _once(self, event: str, line: str, about: str) -> None:
        if self._new([f"{event} {about}"]):
            self._say(event, line)

    def _new(self, abouts: Iterable[str]) -> list[str]:
        new = [about for about in abouts if about not in self._left_out]
        self._left_out.update(new)
        return new


def _named(names: Sequence[str]) -> str:
    if len(names) == 1:
        return printable(names[0])
    more = len(names) - _MOST_NAMED
    listed = ", ".join(map(printable, names[:_MOST_NAMED]))
    return f"{counted(len(names), 'file')}: {listed}" + (f" and {more:,} more" if more > 0 else "")
