"""Which requests the child has, and what happens to them when it dies. Decisions only: no processes, no sockets.

Usually every request goes to the child at once, and waits there for a slot. When the child dies, one of the requests
that native code was working on may be to blame, and it is unknown which one. So each of these suspects is tried again
alone, with nothing else in the child. A suspect that is alone when the child dies again is to blame: it fails as
`EngineCrashed`, and the others continue.

A kill from outside (by an administrator, or by a system that runs out of memory) blames no request, unless it happens
three times while the same request is tried alone.
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

# A system out of memory also kills a process whose request needs too much; no document is worth a fourth load.
_OUTSIDE_KILLS = 3
_OUTSIDE_SIGNALS = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}

Cause = Literal["ended", "hung", "memory"]


@dataclass(frozen=True)
class Death:
    """How a child died: it "ended", by itself or from outside, or the server ended it as "hung" or for its "memory"."""

    cause: Cause
    returncode: int

    @property
    def from_outside(self) -> bool:
        """Whether the child was killed from outside, as far as its exit code shows."""
        return self.cause == "ended" and -self.returncode in _OUTSIDE_SIGNALS

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
    """A request; `on_answer` is called with its answer, and is None when nobody waits for one any more.

    `native` is true while native code works on the request, `sent` while the child has it. `kills` counts the kills
    from outside while it was tried alone.
    """

    request: Frame
    on_answer: Callable[[Frame | Exception], None] | None
    number: int = field(default_factory=count(1).__next__)
    sent: bool = False
    native: bool = False
    kills: int = 0


class Ledger:
    """All requests without an answer; `send` sends one to the child, `cancel` takes it back."""

    def __init__(self, *, send: Callable[[Entry], None], cancel: Callable[[Entry], None]) -> None:
        self._send, self._cancel = send, cancel
        self._entries: dict[int, Entry] = {}
        self._suspects: deque[Entry] = deque()
        # The suspect that is tried now.
        self._lone_suspect: Entry | None = None
        self._child_is_ready = False

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def suspects(self) -> int:
        """How many requests are tried, or are still to be tried, alone."""
        return len(self._suspects) + (self._lone_suspect is not None)

    def add(self, entry: Entry) -> None:
        """Add a request, and send it to the child unless it has to wait."""
        self._entries[entry.number] = entry
        if self._child_is_ready and not self.suspects:
            self._send_entry(entry)

    def on_child_ready(self) -> None:
        """Send the waiting requests to the child, which has loaded the model."""
        self._child_is_ready = True
        self._send_next()

    def on_native(self, number: int, working: bool) -> None:
        """Note that native code has begun to work on a request, or has released it."""
        if entry := self._entries.get(number):
            entry.native = working
            if not working and entry.on_answer is None:
                self._drop(entry)

    def on_answer(self, number: int, result: Frame | Exception) -> None:
        """Pass the child's answer on to the caller of a request."""
        if entry := self._entries.get(number):
            self._resolve(entry, result)
            self._drop(entry)

    def on_cancelled(self, number: int) -> None:
        """Drop a cancelled request, unless native code still works on it."""
        if (entry := self._entries.get(number)) and not entry.native:
            self._drop(entry)

    def give_up(self, entry: Entry, reason: Exception | None = None) -> None:
        """Cancel a request: its caller has gone, or gets `reason` as the answer now."""
        if entry.number not in self._entries or entry.on_answer is None:
            return
        if reason is not None:
            entry.on_answer(reason)
        entry.on_answer = None
        if entry.sent:
            self._cancel(entry)
        else:
            self._drop(entry)

    def expire(self, entry: Entry) -> None:
        """Cancel a request because its deadline has passed."""
        self.give_up(
            entry, DeadlineExceeded("the deadline passed before the generation ended; raise document_deadline")
        )

    def on_child_died(self, death: Death) -> int:
        """Blame a request for the child's death, or suspect the interrupted ones; return the number of suspects."""
        self._child_is_ready = False
        interrupted = [entry for entry in self._entries.values() if entry.sent]
        for entry in interrupted:
            working, entry.native, entry.sent = entry.native, False, False
            if entry.on_answer is None:
                self._forget(entry)
            elif entry is self._lone_suspect:
                self._judge(entry, death)
            elif working:
                self._suspects.append(entry)
        self._lone_suspect = None
        return self.suspects

    def fail_all(self, reason: Exception) -> None:
        """Answer all requests with the reason why there is no engine any more."""
        for entry in list(self._entries.values()):
            self._resolve(entry, reason)
            self._forget(entry)
        self._suspects.clear()
        self._lone_suspect = None

    def _judge(self, entry: Entry, death: Death) -> None:
        entry.kills += death.from_outside
        if death.from_outside and entry.kills < _OUTSIDE_KILLS:
            self._suspects.appendleft(entry)
            return
        self._resolve(entry, EngineCrashed(f"the engine {death} while it worked on this document alone"))
        self._forget(entry)

    def _drop(self, entry: Entry) -> None:
        self._forget(entry)
        if entry is self._lone_suspect:
            self._lone_suspect = None
            self._send_next()

    def _forget(self, entry: Entry) -> None:
        self._entries.pop(entry.number, None)
        if entry in self._suspects:
            self._suspects.remove(entry)

    def _resolve(self, entry: Entry, result: Frame | Exception) -> None:
        if entry.on_answer is not None:
            entry.on_answer(result)
            entry.on_answer = None

    def _send_next(self) -> None:
        if not self._child_is_ready or self._lone_suspect is not None:
            return
        if self._suspects:
            self._lone_suspect = self._suspects.popleft()
            self._send_entry(self._lone_suspect)
            return
        for entry in list(self._entries.values()):
            if not entry.sent:
                self._send_entry(entry)

    def _send_entry(self, entry: Entry) -> None:
        entry.sent = True
        self._send(entry)
