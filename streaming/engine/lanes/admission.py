"""Admission: the requests that wait for a slot, which of them goes next, and to which lane.

A request whose prompt a lane still has goes back there, before all others: it costs no prefill.

Pure bookkeeping, not thread-safe: no threads, no llama.cpp. Whoever calls holds the engine's lock.
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

# A request that waited while this many tokens were computed for others counts as one token cheaper. The engine's work
# is the clock, not seconds, so that the balance is the same for a small model and a large one, on a CPU or a GPU.
# A chunk of a book (900 tokens) gives way to tweets (200) that come within the next 32 x 700 = 22,400 computed tokens,
# a minute of the sample model on 2 cores, and to none after that: it does not starve. How many times as long 100 short
# documents wait behind two books as without them (tests/unit/test_fairness.py, 4 to 16 slots):
#
#     AGEING                                     0           8          32
#     all at once                        2.1 - 4.0   1.0 - 1.3   1.1 - 1.3
#     as a Spark task hands them over    3.9 - 6.8   3.7 - 4.4   0.8 - 1.0
#     faster than they are served        7.7 - 9.8   6.1 - 9.5   1.3 - 1.8
AGEING = 32


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
    # Whether the same prompt may come back when the answer has been looked at.
    keep: bool = False
    result: Future[Generation] = field(default_factory=Future)

    @property
    def cost(self) -> int:
        """Tokens that it takes at most."""
        return len(self.prompt) + self.limit

    def overdue(self, now: float) -> bool:
        """Tell whether its deadline has passed."""
        return self.deadline is not None and now > self.deadline

    def unwanted(self, now: float) -> bool:
        """Tell whether the caller no longer waits, or must not wait any longer (then it is told)."""
        if self.result.cancelled():
            return True
        if self.overdue(now):
            self.resolve(DeadlineExceeded("the deadline passed before the generation ended"))
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
    """The requests without a slot: a heap by cost and age, and for each lane those that go back to it."""

    def __init__(self) -> None:
        # The second number keeps the order of arrival, and requests from being compared.
        self._heap: list[tuple[int, int, LaneRequest]] = []
        self._arrivals = 0
        self._back: defaultdict[int, list[LaneRequest]] = defaultdict(list)
        # No deadline passes before this moment; what bears it may have left.
        self._earliest = math.inf

    def __len__(self) -> int:
        """Return how many wait for any lane; those whose callers have gone are among them until their turn comes."""
        return len(self._heap)

    @property
    def anything(self) -> bool:
        """Tell whether any request waits, for any lane or for one."""
        return bool(self._heap) or any(self._back.values())

    @property
    def wanted(self) -> int:
        """How many wait whose callers do, too."""
        return sum(not request.result.cancelled() for request in self._all())

    def add(self, request: LaneRequest, *, computed: int, lane: int | None = None) -> None:
        """Let a request wait for `lane`, else for any, from when the engine has computed so many tokens."""
        if lane is not None:
            self._back[lane].append(request)
        else:
            self._arrivals += 1
            heapq.heappush(self._heap, (computed + AGEING * request.cost, self._arrivals, request))
        if request.deadline is not None:
            self._earliest = min(self._earliest, request.deadline)

    def back(self, lane: int, now: float) -> LaneRequest | None:
        """Remove and return the request that goes back to a lane; None when there is none."""
        requests = self._back[lane]
        while requests:
            request = requests.pop(0)
            if not request.unwanted(now):
                return request
        return None

    def going_back(self, lane: int, prompt: list[int]) -> int:
        """Return how many requests with a prompt go back to a lane."""
        return sum(request.prompt == prompt for request in self._back[lane])

    def next(self, now: float) -> LaneRequest | None:
        """Remove and return the request whose turn it is among those for any lane; None when there is none."""
        while self._heap:
            request = heapq.heappop(self._heap)[-1]
            if not request.unwanted(now):
                return request
        return None

    def drop_unwanted(self, now: float) -> None:
        """Drop the requests that nobody waits for; tell those whose deadline has passed."""
        if now <= self._earliest:
            return
        self._heap = [entry for entry in self._heap if not entry[-1].unwanted(now)]
        heapq.heapify(self._heap)
        for requests in self._back.values():
            requests[:] = [request for request in requests if not request.unwanted(now)]
        deadlines = (request.deadline for request in self._all())
        self._earliest = min((deadline for deadline in deadlines if deadline is not None), default=math.inf)

    def resolve_all(self, outcome: Exception) -> None:
        """Answer every caller with `outcome`."""
        for request in self._all():
            request.resolve(outcome)
        self._heap.clear()
        self._back.clear()

    def _all(self) -> Iterator[LaneRequest]:
        yield from (request for _, _, request in self._heap)
        for requests in self._back.values():
            yield from requests


@dataclass(frozen=True, order=True)
class Room:
    """What a lane has to do, in outstanding tokens, and how many slots it has free; the lightest lane comes first."""

    load: int
    lane: int
    free: int


def takes_next(mine: Room, rooms: Iterable[Room], *, waiting: int) -> bool:
    """Tell whether a lane takes the next of `waiting` requests now: when no lighter lanes have room for all of them.

    So the last requests of a batch are spread over the lanes, rather than side by side in one, and no slot stays free
    while enough requests wait for all.
    """
    return mine.free > 0 and waiting > sum(room.free for room in rooms if room < mine)
