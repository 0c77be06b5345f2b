"""Which requests the child has, and what becomes of them when it dies. No processes, no sockets: decisions only.

Usually every request goes to the child at once, which lets them wait for a slot. When the child dies, one of the
requests that native code was working on may be to blame, and nobody knows which: each of these suspects is tried again
alone, with nothing else in the child. The one that is alone in a child that dies again is the one: it fails as
`EngineCrashed`, and the others go on.

Being killed from outside (by an administrator, or by a system that runs out of memory) blames nobody, unless it happens
to the same lone request three times.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from streaming.engine.process.wire import Frame
from streaming.errors import DeadlineExceeded, EngineCrashed

# A system out of memory kills whoever asks for it, too; but no document deserves a fourth load of the model.
_OUTSIDE_KILLS = 3
_FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}

Cause = Literal["ended", "hung", "memory"]


@dataclass(frozen=True)
class Death:
    """How a child died: by itself or from outside ("ended"), or by the server's hand because it was "hung" or grew."""

    cause: Cause
    returncode: int

    @property
    def from_outside(self) -> bool:
        """Whether nothing that the child did ended it, as far as one can know."""
        return self.cause == "ended" and -self.returncode in _FROM_OUTSIDE

    def __str__(self) -> str:
        if self.cause == "hung":
            return "did not come back from native code"
        if self.cause == "memory":
            return "outgrew its memory"
        if self.returncode >= 0:
            return f"ended with code {self.returncode}"
        return f"was ended by signal {-self.returncode} ({signal.strsignal(-self.returncode)})"


@dataclass(eq=False)
class Entry:
    """A request: what is to be done, and whom to answer; `answer` is None when nobody waits any more.

    `native` is true while native code works on it, `sent` while the child has it.
    """

    request: Frame
    answer: Callable[[Frame | Exception], None] | None
    number: int = field(default_factory=count(1).__next__)
    sent: bool = False
    native: bool = False
    kills: int = 0


class Ledger:
    """All requests that have not been answered; `send` gives one to the child, `cancel` takes it back."""

    def __init__(self, *, send: Callable[[Entry], None], cancel: Callable[[Entry], None]) -> None:
        self._send, self._cancel = send, cancel
        self._entries: dict[int, Entry] = {}
        self._suspects: deque[Entry] = deque()
        self._alone: Entry | None = None
        self._open = False

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def suspects(self) -> int:
        """How many requests are tried, or still to be tried, alone."""
        return len(self._suspects) + (self._alone is not None)

    def add(self, entry: Entry) -> None:
        """Take a request in."""
        self._entries[entry.number] = entry
        if self._open and not self.suspects:
            self._give(entry)

    def child_ready(self) -> None:
        """The child has loaded the model: give it what there is to do."""
        self._open = True
        self._next()

    def native(self, number: int, working: bool) -> None:
        """Native code has begun to work on a request, or has let go of it."""
        if entry := self._entries.get(number):
            entry.native = working
            if not working and entry.answer is None:
                self._drop(entry)

    def answered(self, number: int, result: Frame | Exception) -> None:
        """The child has done a request."""
        if entry := self._entries.get(number):
            self._resolve(entry, result)
            self._drop(entry)

    def cancelled(self, number: int) -> None:
        """The child no longer waits for a request that was taken back; native code may."""
        if (entry := self._entries.get(number)) and not entry.native:
            self._drop(entry)

    def give_up(self, entry: Entry, reason: Exception | None = None) -> None:
        """Nobody waits for a request any more: its caller has gone, or is told `reason` now."""
        if entry.number not in self._entries or entry.answer is None:
            return
        if reason is not None:
            entry.answer(reason)
        entry.answer = None
        if entry.sent:
            self._cancel(entry)
        else:
            self._drop(entry)

    def expire(self, entry: Entry) -> None:
        """The deadline of a request has passed."""
        self.give_up(entry, DeadlineExceeded("the deadline passed before the generation ended"))

    def child_died(self, death: Death) -> int:
        """The child is gone with all it was doing: name the one to blame, or whom to suspect; returns how many."""
        self._open = False
        lost = [entry for entry in self._entries.values() if entry.sent]
        for entry in lost:
            working, entry.native, entry.sent = entry.native, False, False
            if entry.answer is None:
                self._forget(entry)
            elif entry is self._alone:
                self._judge(entry, death)
            elif working:
                self._suspects.append(entry)
        self._alone = None
        return self.suspects

    def fail_all(self, reason: Exception) -> None:
        """Tell everybody that there is no engine any more."""
        for entry in list(self._entries.values()):
            self._resolve(entry, reason)
            self._forget(entry)
        self._suspects.clear()
        self._alone = None

    def _judge(self, entry: Entry, death: Death) -> None:
        entry.kills += death.from_outside
        if death.from_outside and entry.kills < _OUTSIDE_KILLS:
            self._suspects.appendleft(entry)
            return
        self._resolve(entry, EngineCrashed(f"the engine {death} while it worked on this document alone"))
        self._forget(entry)

    def _drop(self, entry: Entry) -> None:
        self._forget(entry)
        if entry is self._alone:
            self._alone = None
            self._next()

    def _forget(self, entry: Entry) -> None:
        self._entries.pop(entry.number, None)
        if entry in self._suspects:
            self._suspects.remove(entry)

    def _resolve(self, entry: Entry, result: Frame | Exception) -> None:
        if entry.answer is not None:
            entry.answer(result)
            entry.answer = None

    def _next(self) -> None:
        if not self._open or self._alone is not None:
            return
        if self._suspects:
            self._alone = self._suspects.popleft()
            self._give(self._alone)
            return
        for entry in list(self._entries.values()):
            if not entry.sent:
                self._give(entry)

    def _give(self, entry: Entry) -> None:
        entry.sent = True
        self._send(entry)
