"""Continuous batching: many callers, one loaded model, several lanes, every slot busy.

Each lane has a thread. In a turn the lane takes the requests that it may take into its free slots, one after the other,
and prefills them; then it computes one token of all its slots together. So a slot is refilled in the turn in which its
sequence ends, and a request is bound to a lane only when that lane can begin it. A slot whose prompt may come again is
left free for a moment, because a caller looks at an answer faster than a prompt is prefilled.

The threads run side by side because ctypes releases the interpreter's lock while llama.cpp computes. A lane that works
alone also computes with the threads of the idle lanes (see `threads`): for a single document, and for the last ones of
a micro-batch.
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

# After this long without work the first request has a head start (see `lane`); between two micro-batches there is 1 s.
_REST_SECONDS = 10.0
# How long the first request at an idle engine waits for a second one before it gets the threads of all lanes: the
# requests of a micro-batch come 10 ms apart (measurements.md, Linger).
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

        Each sequence may hold `context` tokens, but no more than the model was trained for. A prefill computes at most
        `ubatch` tokens at once. A reasoning model may think for `thinking_tokens` tokens of each generation.
        `free_cores` returns how many cores no other process uses. Raises `EngineError` when there is no memory for the
        contexts.
        """
        self._weights = weights
        self._slots = slots
        self._thinking = thinking_tokens if weights.thinks else 0
        lane_sizes = [
            (own_slots, max(1, own_threads))
            for own_slots, own_threads in zip(shares(slots, lanes), shares(threads, lanes), strict=True)
        ]
        contexts: list[Context] = []
        try:
            for own_slots, own_threads in lane_sizes:
                contexts.append(
                    weights.open_context(
                        slots=own_slots,
                        context=min(context, weights.trained_context),
                        threads=own_threads,
                        ubatch=ubatch,
                    )
                )
        except EngineError:
            for native_context in contexts:
                native_context.close()
            weights.close()
            raise
        self._context = contexts[0].tokens_per_slot
        self._lanes = [
            Lane(number, weights, native_context, slots=own_slots, threads=own_threads, threads_now=self._thread_count)
            for number, (native_context, (own_slots, own_threads)) in enumerate(zip(contexts, lane_sizes, strict=True))
        ]
        self._free_cores = free_cores or FreeCores()
        # The fields below are guarded by `_changed`, which is never held during a native call.
        self._changed = threading.Condition()
        self._waiting = Admission()
        self._failure: EngineError | None = None
        # When the last step of any lane ended.
        self._last_step = -math.inf
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
        """Return the state of the engine now.

        Prompt tokens are the prefilled ones, without the prefix that a slot still held of an earlier prompt. Completion
        tokens include those of generations that were given up. Raises the `EngineError` that ended the engine.
        """
        if self._failure is not None:
            raise self._failure
        now = time.monotonic()
        with self._changed:
            waiting = self._waiting.callers_waiting
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
        # Checked before anything touches the model: reading freed memory ends the process.
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
                f"a prompt of {len(prompt)} tokens and {limit} more do not fit a context of {self._context}; raise "
                "--context"
            )
        lane_request = LaneRequest(
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
            self._waiting.add(lane_request, computed=computed, lane=self._lane_holding(prompt))
            self._changed.notify_all()
        return await asyncio.wrap_future(lane_request.result)

    def close(self) -> None:
        """Stop after the tokens being computed, fail the waiting requests, free the model; idempotent."""
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

    def _lane_holding(self, prompt: list[int]) -> int | None:
        """Return a lane with a free slot that holds all of a prompt, and to which no equal prompt returns already."""
        for lane in self._lanes:
            if lane.count_holding(prompt) > self._waiting.count_returning(lane.number, prompt):
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
                self._last_step = time.monotonic()
        except Exception as error:  # noqa: BLE001 - no caller may wait for a thread that has ended
            self._fail(error if isinstance(error, EngineError) else EngineError(f"The engine failed: {error!r}."))
        # Each lane answers its own callers: another thread could do so while they get their results.
        failure = self._failure or EngineError("The engine was closed.")
        lane.fail(failure)
        with self._changed:
            self._waiting.resolve_all(failure)

    def _fail(self, failure: EngineError) -> None:
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()

    def _refill(self, lane: Lane) -> bool:
        """Begin the requests that a lane may take; wait while it has nothing to do. False means that it must end."""
        while True:
            with self._changed:
                slot = self._reserve(lane)
                while slot is None and not lane.busy and not self._ending:
                    self._changed.wait()
                    slot = self._reserve(lane, woken=True)
                    if slot is not None and self._is_alone(lane):
                        self._changed.wait(_LINGER_SECONDS)
                if self._ending:
                    return False
            if slot is None:
                return True
            lane.begin(slot)

    def _is_alone(self, lane: Lane) -> bool:
        """Tell whether there are other lanes and all of them are idle and will stay idle."""
        return (
            len(self._lanes) > 1
            and not self._waiting.any_waiting
            and not any(other.busy for other in self._lanes if other is not lane)
        )

    def _thread_count(self, lane: Lane) -> int:
        """Return how many threads a lane that has something to do takes for its next call."""
        total = sum(other.threads for other in self._lanes)
        with self._changed:
            # A waiting request wakes an idle lane, which then needs its own threads.
            busy = [other for other in self._lanes if other is lane or other.busy or self._waiting.any_waiting]
            free = self._free_cores()
        return lane_threads(lane.threads, total=total, busy=len(busy), place=busy.index(lane), free=free)

    @property
    def _ending(self) -> bool:
        return self._closing or self._failure is not None

    def _reserve(self, lane: Lane, *, woken: bool = False) -> Slot | None:
        """Give `lane` the next request, if there is one and no other lane should have it."""
        now = time.monotonic()
        self._waiting.drop_expired(now)
        request = None if lane.full or lane.has_head_start else self._waiting.next_returning(lane.number, now)
        if (
            request is None
            and self._waiting
            and takes_next(lane.room, (other.room for other in self._lanes), waiting=len(self._waiting))
        ):
            request = self._waiting.next(now)
        if request is None:
            return None
        # Only the very first request, in one lane: the other lanes fill their slots meanwhile.
        rested = woken and now - self._last_step > _REST_SECONDS and not any(other.busy for other in self._lanes)
        slot = lane.reserve(request, head_start=rested)
        # An idle lane may have left this request to us, and looks again only when it is notified.
        self._changed.notify_all()
        return slot


def _ignore(_: bool) -> None:
    """Take note of nothing: the caller does not ask when native code works on its request."""
