"""Continuous batching: many callers, one loaded model, several lanes, every slot busy.

Each lane has a thread. In a turn it takes what it may of the waiting requests into its free slots, one after the other,
and prefills them; then it computes one token of all its slots together. So a slot is refilled in the turn its sequence
ends, and a request is bound to a lane only when that lane can begin it. A slot whose prompt may be asked again is left
free for a moment: an answer is looked at faster than a prompt is prefilled. The threads run side by side because ctypes
frees the interpreter's lock for as long as llama.cpp computes. A lane that works alone computes with the threads of the
idle ones, too (see `threads`): a single document, and the last ones of a micro-batch.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Sequence

from streaming.engine.lanes.admission import Admission, LaneRequest, takes_next
from streaming.engine.lanes.lane import Lane, Slot
from streaming.engine.lanes.llama import Context, Weights
from streaming.engine.lanes.threads import FreeCores, lane_threads
from streaming.engine.setup import shares
from streaming.errors import EngineError, PromptTooLong
from streaming.protocol import EngineStatus, Generation, GenerationRequest, Message

# After this long without work the first request has a head start (see `lane`). Between two micro-batches there is about
# a second; somebody who watches has just seen the results of the last one.
_REST_SECONDS = 10.0
# A request that comes to an idle engine waits this long for a second one before it gets the threads of all lanes: a
# native call cannot give back what it has. Those of a micro-batch come 10 ms apart; two threads for the first beside
# the one of the second would cost both half their speed for a part of a prefill.
_LINGER_SECONDS = 0.05


class BatchingEngine:
    """A loaded model that generates for many callers at once; see `streaming.protocol.Engine`."""

    def __init__(
        self,
        weights: Weights,
        *,
        slots: int,
        lanes: int,
        context: int,
        threads: int,
        ubatch: int,
        thinking_tokens: int = 0,
        free_cores: Callable[[], float] | None = None,
    ) -> None:
        """Open `lanes` contexts, at most `slots`, and share `slots` and `threads` out to them; `close` frees `weights`.

        Each sequence may hold `context` tokens, and no more than the model was trained for; a prefill computes at most
        `ubatch` tokens at once; a model that reasons may do so for `thinking_tokens` of each generation; `free_cores`
        tells how many cores no other process uses. Raises `EngineError` when there is no memory for them.
        """
        self._weights = weights
        self._slots = slots
        self._thinking = thinking_tokens if weights.thinks else 0
        of_lanes = [
            (own_slots, max(1, own_threads))
            for own_slots, own_threads in zip(shares(slots, lanes), shares(threads, lanes), strict=True)
        ]
        natives: list[Context] = []
        try:
            for own_slots, own_threads in of_lanes:
                natives.append(
                    weights.open_context(
                        slots=own_slots,
                        context=min(context, weights.trained_context),
                        threads=own_threads,
                        ubatch=ubatch,
                    )
                )
        except EngineError:
            for native in natives:
                native.close()
            weights.close()
            raise
        self._context = natives[0].tokens_per_slot
        self._lanes = [
            Lane(number, weights, native, slots=own_slots, threads=own_threads, threads_now=self._threads_of)
            for number, (native, (own_slots, own_threads)) in enumerate(zip(natives, of_lanes, strict=True))
        ]
        self._free_cores = free_cores or FreeCores()
        # What follows is guarded by `_changed`, which is never held during a native call.
        self._changed = threading.Condition()
        self._waiting = Admission()
        self._failure: EngineError | None = None
        # When the last step of any lane ended.
        self._worked = -math.inf
        self._closing = False
        self._threads = [
            threading.Thread(target=self._serve, args=(lane,), name=f"gistream-lane-{lane.number}", daemon=True)
            for lane in self._lanes
        ]
        for thread in self._threads:
            thread.start()

    @property
    def context(self) -> int:
        """Tokens that one sequence may hold."""
        return self._context

    @property
    def slots(self) -> int:
        """Sequences that are generated at once, of all lanes."""
        return self._slots

    def status(self) -> EngineStatus:
        """Say what the engine is doing now.

        Prompt tokens are those prefilled, without what a slot still had of an earlier prompt; completion tokens those
        handed out or about to be, also of generations that were given up. Raises the `EngineError` that ended it.
        """
        if self._failure is not None:
            raise self._failure
        now = time.monotonic()
        with self._changed:
            waiting = self._waiting.wanted
        return EngineStatus(
            slots=self._slots,
            busy=sum(lane.busy for lane in self._lanes),
            waiting=waiting,
            prompt_tokens=sum(lane.prompt_tokens for lane in self._lanes),
            completion_tokens=sum(lane.completion_tokens for lane in self._lanes),
            stalled=max(lane.stalled(now) for lane in self._lanes),
        )

    def count(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt in tokens."""
        self._check_open()
        return len(self._weights.render(messages))

    async def generate(
        self, request: GenerationRequest, *, on_native: Callable[[bool], None] | None = None
    ) -> Generation:
        """Generate one completion; see `streaming.protocol.Engine.generate`.

        A grammar that llama.cpp cannot parse is an `EngineError` for this caller alone.
        """
        # Before anything touches the model: what has been freed ends the process when it is read.
        self._check_open()
        on_native = on_native or _ignore
        on_native(True)
        try:
            prompt = self._weights.render(request.messages)
            answer = self._weights.answer(
                prompt,
                max_tokens=request.max_tokens,
                thinking_tokens=self._thinking,
                constrained=request.grammar is not None,
            )
        finally:
            on_native(False)
        limit = self._thinking + request.max_tokens
        if len(prompt) + limit > self._context:
            raise PromptTooLong(
                f"a prompt of {len(prompt)} tokens and {limit} more do not fit a context of {self._context}"
            )
        waiting = LaneRequest(
            prompt,
            request.sampling,
            limit,
            request.deadline,
            request.grammar,
            time.monotonic(),
            answer,
            on_native,
            request.keep,
        )
        with self._changed:
            self._check_open()
            computed = sum(lane.computed for lane in self._lanes)
            self._waiting.add(waiting, computed=computed, lane=self._lane_that_has(prompt))
            self._changed.notify_all()
        return await asyncio.wrap_future(waiting.result)

    def close(self) -> None:
        """Stop after the tokens being computed, fail what waits, free the model; idempotent."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        for lane in self._lanes:
            lane.close()
        self._weights.close()

    def _lane_that_has(self, prompt: list[int]) -> int | None:
        """Return a lane with a free slot that has all of a prompt, and that no equal one goes back to."""
        for lane in self._lanes:
            if lane.having(prompt) > self._waiting.going_back(lane.number, prompt):
                return lane.number
        return None

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closing:
            raise EngineError("The engine is closed.")

    def _serve(self, lane: Lane) -> None:
        """Run a lane until the engine closes, or any of its lanes fails."""
        try:
            while self._refill(lane):
                lane.step()
                self._worked = time.monotonic()
        except Exception as error:  # noqa: BLE001 - whatever it is, no caller may wait for a thread that has ended
            self._fail(error if isinstance(error, EngineError) else EngineError(f"The engine failed: {error!r}."))
        # Each lane answers its own callers: another thread might do it while they get their results.
        failure = self._failure or EngineError("The engine was closed.")
        lane.fail(failure)
        with self._changed:
            self._waiting.resolve_all(failure)

    def _fail(self, failure: EngineError) -> None:
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()

    def _refill(self, lane: Lane) -> bool:
        """Begin what a lane may take; wait while it has nothing at all to do. False asks to end."""
        while True:
            with self._changed:
                slot = self._reserve(lane)
                while slot is None and not lane.busy and not self._ending:
                    self._changed.wait()
                    slot = self._reserve(lane, woken=True)
                    if slot is not None and self._alone(lane):
                        self._changed.wait(_LINGER_SECONDS)
                if self._ending:
                    return False
            if slot is None:
                return True
            lane.begin(slot)

    def _alone(self, lane: Lane) -> bool:
        """Tell whether all other lanes are idle, and will stay so; there is at least one."""
        return (
            len(self._lanes) > 1
            and not self._waiting.anything
            and not any(one.busy for one in self._lanes if one is not lane)
        )

    def _threads_of(self, lane: Lane) -> int:
        """Return how many threads a lane that has something to do takes for its next call."""
        total = sum(one.threads for one in self._lanes)
        with self._changed:
            # Whoever waits wakes an idle lane, which needs its own.
            busy = [one for one in self._lanes if one is lane or one.busy or self._waiting.anything]
            free = self._free_cores()
        return lane_threads(lane.threads, total=total, busy=len(busy), place=busy.index(lane), free=free)

    @property
    def _ending(self) -> bool:
        return self._closing or self._failure is not None

    def _reserve(self, lane: Lane, *, woken: bool = False) -> Slot | None:
        """Give `lane` the next request, if there is one and no other lane should have it."""
        now = time.monotonic()
        self._waiting.drop_unwanted(now)
        request = None if lane.full or lane.ahead else self._waiting.back(lane.number, now)
        if (
            request is None
            and self._waiting
            and takes_next(lane.room, (other.room for other in self._lanes), waiting=len(self._waiting))
        ):
            request = self._waiting.next(now)
        if request is None:
            return None
        # The first request of all, in one lane: the others fill their slots meanwhile.
        rested = woken and now - self._worked > _REST_SECONDS and not any(other.busy for other in self._lanes)
        slot = lane.reserve(request, head_start=rested)
        # An idle lane may have left this one to us, and does not look again until it is told.
        self._changed.notify_all()
        return slot


def _ignore(_: bool) -> None:
    """Take note of nothing: the caller does not ask when native code works on its request."""
