"""Admission: the requests that wait for a slot, which of them goes next, and to which lane.

A request whose prompt is still in a lane's cache returns to that lane before all others: it costs no prefill.

Pure bookkeeping, not thread-safe: no threads, no llama.cpp. The caller holds the engine's lock.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from streaming.engine.lanes.thinking import Answer
from streaming.errors import DeadlineExceeded
from streaming.protocol import Generation, Sampling

# A waiting request counts as one token cheaper for every 40 tokens that were computed for others: short documents
# behind two books then wait 0.8 to 1.6 times as long as without the books (measurements.md, Ageing).
AGEING = 40


@dataclass
class LaneRequest:
    """A rendered `GenerationRequest`: a prompt in tokens, continued for at most `limit` tokens.

    `admitted` and `deadline` are moments of `time.monotonic()`; `answer` takes the tokens; `on_native` is called with
    True when native code begins to work on the request, and with False when native code has released it.
    """

    prompt: list[int]
    sampling: Sampling
    limit: int
    deadline: float | None
    grammar: str | None
    admitted: float
    answer: Answer
    on_native: Callable[[bool], None]
    # Whether the same prompt may come again when the caller has looked at the answer.
    keep: bool = False
    result: Future[Generation] = field(default_factory=Future)

    @property
    def cost(self) -> int:
        """The most tokens that the request takes: its prompt and its limit."""
        return len(self.prompt) + self.limit

    def overdue(self, now: float) -> bool:
        """Tell whether the deadline has passed."""
        return self.deadline is not None and now > self.deadline

    def expired(self, now: float) -> bool:
        """Tell whether the caller has gone or the deadline has passed; the second is answered with the error."""
        if self.result.cancelled():
            return True
        if self.overdue(now):
            self.resolve(DeadlineExceeded("the deadline passed before the generation ended; raise document_deadline"))
            return True
        return False

    def resolve(self, outcome: Generation | Exception) -> None:
        """Answer the caller, unless it has gone."""
        if not self.result.set_running_or_notify_cancel():
            return
        if isinstance(outcome, Generation):
            self.result.set_result(outcome)
        else:
            self.result.set_exception(outcome)


class Admission:
    """The requests without a slot: a heap by cost and age, and for each lane the requests that return to it."""

    def __init__(self) -> None:
        # The second number keeps the order of arrival, so that requests are never compared.
        self._heap: list[tuple[int, int, LaneRequest]] = []
        self._arrivals = 0
        self._returning: defaultdict[int, list[LaneRequest]] = defaultdict(list)
        # No deadline passes before this moment; the request that has it may be gone already.
        self._earliest_deadline = math.inf

    def __len__(self) -> int:
        """Return how many requests wait for any lane; they include abandoned requests until their turn comes."""
        return len(self._heap)

    @property
    def any_waiting(self) -> bool:
        """Tell whether any request waits, for any lane or for one."""
        return bool(self._heap) or any(self._returning.values())

    @property
    def callers_waiting(self) -> int:
        """How many requests wait whose callers still wait, too."""
        return sum(not request.result.cancelled() for request in self._all())

    def add(self, request: LaneRequest, *, computed: int, lane: int | None = None) -> None:
        """Let a request wait for `lane`, else for any lane; `computed` is how many tokens the engine has computed."""
        if lane is not None:
            self._returning[lane].append(request)
        else:
            self._arrivals += 1
            heapq.heappush(self._heap, (computed + AGEING * request.cost, self._arrivals, request))
        if request.deadline is not None:
            self._earliest_deadline = min(self._earliest_deadline, request.deadline)

    def next_returning(self, lane: int, now: float) -> LaneRequest | None:
        """Remove and return the first request that returns to a lane; None when there is none."""
        requests = self._returning[lane]
        while requests:
            request = requests.pop(0)
            if not request.expired(now):
                return request
        return None

    def count_returning(self, lane: int, prompt: list[int]) -> int:
        """Return how many requests with this prompt return to a lane."""
        return sum(request.prompt == prompt for request in self._returning[lane])

    def next(self, now: float) -> LaneRequest | None:
        """Remove and return the next request of those that wait for any lane; None when there is none."""
        while self._heap:
            request = heapq.heappop(self._heap)[-1]
            if not request.expired(now):
                return request
        return None

    def drop_expired(self, now: float) -> None:
        """Drop the requests whose callers have gone or whose deadlines have passed; the latter are answered."""
        if now <= self._earliest_deadline:
            return
        self._heap = [entry for entry in self._heap if not entry[-1].expired(now)]
        heapq.heapify(self._heap)
        for requests in self._returning.values():
            requests[:] = [request for request in requests if not request.expired(now)]
        deadlines = (request.deadline for request in self._all())
        self._earliest_deadline = min((deadline for deadline in deadlines if deadline is not None), default=math.inf)

    def resolve_all(self, outcome: Exception) -> None:
        """Answer every caller with `outcome`."""
        for request in self._all():
            request.resolve(outcome)
        self._heap.clear()
        self._returning.clear()

    def _all(self) -> Iterator[LaneRequest]:
        yield from (request for _, _, request in self._heap)
        for requests in self._returning.values():
            yield from requests


@dataclass(frozen=True, order=True)
class Room:
    """The load of a lane in outstanding tokens, and how many slots it has free; the lightest lane sorts first."""

    load: int
    lane: int
    free: int


def takes_next(own: Room, rooms: Iterable[Room], *, waiting: int) -> bool:
    """Tell whether a lane takes the next of `waiting` requests now: the lighter lanes have no room for all of them.

    So the last requests of a batch go to different lanes, not side by side into one, and no slot stays free while
    enough requests wait for all slots.
    """
    return own.free > 0 and waiting > sum(room.free for room in rooms if room < own)
