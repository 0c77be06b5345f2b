"""A lane: one context of llama.cpp, its slots, and the work of one thread on them.

Prefill and decode are separate calls because mixing them in one batch was slower (docs/design/measurements.md, Separate
calls, separate caches). A prompt is prefilled alone, at full width; a step computes one token of every active slot
together. The prefix that the next prompt of a slot shares with the last one, mostly the system message, stays in the
cache and is not computed again.

All methods are for the lane's own thread; every other thread may read the properties.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from streaming.engine.lanes.admission import LaneRequest, Room
from streaming.engine.lanes.llama import Context, Sampler, Weights
from streaming.errors import EngineError
from streaming.protocol import Generation

# Tokens that the first request after an idle moment may generate before the next prompt is prefilled: a user who
# watches then sees an answer after 1 s instead of 8 s (measurements.md, Head start).
_HEAD_START = 128
# How long a slot waits for its prompt to come again while the lane has other slots to compute. A caller has looked at
# its answer after 99 to 158 ms in nine cases of ten (measurements.md, Kept prompts).
_KEEP_SECONDS = 0.25


@dataclass
class Slot:
    """One sequence; `cached` are the tokens of the native cache that are still valid.

    `next_tokens` are fed next: the sampled token, and the tokens that must follow it (see `thinking.Answer`).
    """

    number: int
    cached: list[int] = field(default_factory=list)
    request: LaneRequest | None = None
    sampler: Sampler | None = None
    next_tokens: list[int] = field(default_factory=list)
    # Whether the sampler is for the answer, not for the thinking.
    answering: bool = False
    # Until when the slot is kept for the prompt that it holds, a moment of `time.monotonic()`.
    keep_until: float = 0.0

    @property
    def generated(self) -> int:
        """Tokens generated so far."""
        # Other threads read this, too, while the lane's own thread may be freeing the slot.
        request = self.request
        return 0 if request is None else request.answer.completion_tokens

    @property
    def load(self) -> int:
        """Prompt tokens not yet prefilled, plus tokens that may still be generated."""
        request = self.request
        if request is None:
            return 0
        return max(0, len(request.prompt) - len(self.cached)) + request.limit - self.generated

    def holds(self, prompt: list[int]) -> bool:
        """Tell whether the cache has all of a prompt."""
        return self.cached[: len(prompt)] == prompt


class Lane:
    """The slots of one context; `threads` are the lane's own, `threads_now` returns how many the next call may have."""

    def __init__(
        self,
        number: int,
        weights: Weights,
        context: Context,
        *,
        slots: int,
        threads: int,
        threads_now: Callable[[Lane], int],
    ) -> None:
        self.number = number
        self.threads = self._threads = threads
        self._threads_now = threads_now
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self._weights, self._context = weights, context
        self._slots = [Slot(slot) for slot in range(slots)]
        # The slot that has, or had, a head start over the others.
        self._head_start_slot: Slot | None = None
        # Whether the end of a cache can be dropped; the state of a recurrent model cannot.
        self._can_truncate = True
        # When the running native call began.
        self._call_began: float | None = None

    @property
    def busy(self) -> int:
        """Slots that have a request."""
        return sum(slot.request is not None for slot in self._slots)

    @property
    def computed(self) -> int:
        """Tokens computed since the lane was opened, of prompts and of completions."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def has_head_start(self) -> bool:
        """Tell whether the lane's only request has its head start."""
        first = self._head_start_slot
        return first is not None and first.request is not None and first.generated < _HEAD_START

    @property
    def room(self) -> Room:
        """The lane's load, and how many requests it can take."""
        load = sum(slot.load for slot in self._slots)
        free = [slot for slot in self._slots if slot.request is None]
        if len(free) < len(self._slots):
            now = time.monotonic()
            free = [slot for slot in free if slot.keep_until <= now]
        return Room(load, self.number, 0 if self.has_head_start else len(free))

    @property
    def full(self) -> bool:
        """Tell whether every slot has a request."""
        return self.busy == len(self._slots)

    def count_holding(self, prompt: list[int]) -> int:
        """Return how many free slots hold all of a prompt."""
        if not self._can_truncate:
            return 0
        return sum(slot.request is None and slot.holds(prompt) for slot in self._slots)

    def stalled(self, now: float) -> float:
        """Return for how many seconds the current native call has been running; 0 when none runs."""
        began = self._call_began
        return 0.0 if began is None else now - began

    def reserve(self, request: LaneRequest, *, head_start: bool) -> Slot:
        """Give `request` the free slot that holds most of its prompt, and return the slot; `begin` computes it.

        A slot that is kept for another prompt is taken only when no other slot is free.
        """
        now = time.monotonic()

        def preference(slot: Slot) -> tuple[bool, bool, int]:
            return slot.holds(request.prompt), slot.keep_until <= now, _shared_prefix(slot.cached, request.prompt)

        slot = max((slot for slot in self._slots if slot.request is None), key=preference)
        shared = _shared_prefix(slot.cached, request.prompt)
        slot.cached, slot.next_tokens, slot.request, slot.keep_until = request.prompt[:shared], [], request, 0.0
        self._head_start_slot = slot if head_start else None
        return slot

    def begin(self, slot: Slot) -> None:
        """Prefill the prompt of a reserved slot and sample its first token."""
        request = slot.request
        if request is None:
            raise EngineError(f"Slot {slot.number} has nothing to prefill: a bug.")
        request.on_native(True)
        if not self._take_sampler(slot, request):
            return
        if not self._context.truncate(slot.number, len(slot.cached)):
            self._can_truncate = False
            slot.cached = []
            self._context.truncate(slot.number, 0)
        shared = len(slot.cached)
        ubatch = self._context.ubatch
        for start in range(shared, len(request.prompt), ubatch):
            if request.expired(time.monotonic()):
                self._free(slot)
                return
            part = request.prompt[start : start + ubatch]
            end = start + len(part)
            self._take_threads()
            with self._native_call():
                self._context.prefill(slot.number, part, start, last=end == len(request.prompt))
            slot.cached.extend(part)
            self.prompt_tokens += len(part)
        self._accept(slot, (len(request.prompt) - shared - 1) % ubatch)
        self._feed_forced_tokens([slot])

    def step(self) -> None:
        """Compute one token of every active slot."""
        now = time.monotonic()
        for slot in self._slots:
            if slot.request is not None and slot.request.expired(now):
                self._free(slot)
        active = [slot for slot in self._slots if slot.request is not None]
        if not active:
            return
        self._take_threads()
        with self._native_call():
            self._context.decode([(slot.number, slot.next_tokens[0], len(slot.cached)) for slot in active])
        for place, slot in enumerate(active):
            slot.cached.append(slot.next_tokens[0])
            self._accept(slot, place)
        self._feed_forced_tokens(active)

    def fail(self, failure: EngineError) -> None:
        """Answer every caller with `failure`, without `on_native`: the failed call may still hold its request."""
        for slot in self._slots:
            if slot.sampler is not None:
                slot.sampler.close()
            request, slot.request, slot.sampler = slot.request, None, None
            if request is not None:
                request.resolve(failure)

    def close(self) -> None:
        """Free the context."""
        self._context.close()

    def _accept(self, slot: Slot, place: int) -> None:
        """Sample the next token of a slot; resolve the request when it was the last token."""
        request, sampler = slot.request, slot.sampler
        if request is None or sampler is None:
            raise EngineError(f"Slot {slot.number} has nothing to generate: a bug.")
        with self._native_call():
            token = self._context.sample(sampler, place)
        answer, before = request.answer, slot.generated
        slot.next_tokens = [token, *answer.accept(token)]
        self.completion_tokens += answer.completion_tokens - before
        if answer.done:
            generation = Generation(
                text=answer.text,
                prompt_tokens=len(request.prompt),
                completion_tokens=answer.completion_tokens,
                finish=answer.finish,
                seconds=time.monotonic() - request.admitted,
            )
            slot.keep_until = time.monotonic() + _KEEP_SECONDS if request.keep and self._can_truncate else 0.0
            self._free(slot)
            request.resolve(generation)
        elif answer.in_answer and not slot.answering:
            self._take_sampler(slot, request)

    def _feed_forced_tokens(self, slots: Sequence[Slot]) -> None:
        """Compute the tokens that the model did not choose, and sample the token after them.

        Only when every slot of the last call has been sampled: each call overwrites the logits of the last one.
        """
        for slot in slots:
            while slot.request is not None and len(slot.next_tokens) > 1:
                tokens = slot.next_tokens
                with self._native_call():
                    self._context.prefill(slot.number, tokens, len(slot.cached), last=True)
                slot.cached.extend(tokens)
                self._accept(slot, len(tokens) - 1)

    def _take_threads(self) -> None:
        threads = self._threads_now(self)
        if threads != self._threads:
            self._context.compute_with(threads)
            self._threads = threads

    def _take_sampler(self, slot: Slot, request: LaneRequest) -> bool:
        """Make the sampler for the thinking or the answer; return False when that fails, and the request is over."""
        if slot.sampler is not None:
            slot.sampler.close()
            slot.sampler = None
        slot.answering = request.answer.in_answer
        try:
            slot.sampler = self._weights.sampler(request.sampling, grammar=request.grammar if slot.answering else None)
        except EngineError as error:
            # Only this request's grammar is wrong; the other requests go on.
            self._free(slot)
            request.resolve(error)
            return False
        return True

    def _free(self, slot: Slot) -> None:
        if slot.sampler is not None:
            slot.sampler.close()
        if slot.request is not None:
            slot.request.on_native(False)
        slot.request = slot.sampler = None

    @contextmanager
    def _native_call(self) -> Iterator[None]:
        self._call_began = time.monotonic()
        try:
            yield
        finally:
            self._call_began = None


def _shared_prefix(cached: Sequence[int], prompt: Sequence[int]) -> int:
    """Return how many tokens `prompt` shares with `cached`, without its last one, whose logits must be computed."""
    limit = min(len(cached), len(prompt) - 1)
    for place in range(limit):
        if cached[place] != prompt[place]:
            return place
    return limit
