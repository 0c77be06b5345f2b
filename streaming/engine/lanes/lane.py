"""A lane: one context of llama.cpp, its slots, and what one thread does with them.

Prefill and decode are separate calls because mixing them in one batch was slower (design measurements, section 3): a
prompt is prefilled alone, at full width; a step computes one token of every active slot together. What the next prompt
of a slot shares with the last one - the system message, mostly - stays in the cache and is not computed again.

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

# Tokens that the first request after an idle moment may generate before the next prompt is prefilled. Filling all
# slots first took 8 s with four prompts of 700 tokens; alone, a short document is answered in 1 s, so whoever watches
# sees that it works. It costs what a lane of one slot makes less than a lane of all: with the sample as BF16, 96 steps
# of 22 ms alone, of 9 ms as one of eight; so one lane has it, and not at every micro-batch.
_HEAD_START = 128
# For so long a slot waits for its prompt to come back, while the lane has others to compute: until the caller has
# looked at the answer. With the sample on three stories of SQuALITY that took 20 to 80 ms (medians of three runs), and
# 99 to 158 ms in nine cases of ten.
_KEPT_SECONDS = 0.25


@dataclass
class Slot:
    """One sequence; of what the native cache holds, `cached` is the part that still counts.

    `next` are the tokens to be fed next: the one that was sampled, and what must follow it (see `thinking.Answer`).
    """

    number: int
    cached: list[int] = field(default_factory=list)
    request: LaneRequest | None = None
    sampler: Sampler | None = None
    next: list[int] = field(default_factory=list)
    # Whether the sampler is the answer's.
    answering: bool = False
    # Until when the slot is kept for the prompt that it has, a moment of `time.monotonic()`.
    kept_until: float = 0.0

    @property
    def generated(self) -> int:
        """Tokens generated so far."""
        # Other threads ask, too, while the lane's may just be freeing the slot.
        request = self.request
        return 0 if request is None else request.answer.completion_tokens

    @property
    def load(self) -> int:
        """Tokens of the prompt not yet prefilled, and those that may still be generated."""
        request = self.request
        if request is None:
            return 0
        return max(0, len(request.prompt) - len(self.cached)) + request.limit - self.generated

    def has(self, prompt: list[int]) -> bool:
        """Tell whether it has all of a prompt."""
        return self.cached[: len(prompt)] == prompt


class Lane:
    """The slots of one context. It has `threads` threads of its own; `threads_now` says how many a call may have."""

    def __init__(
        self,
        number: int,
        weights: Weights,
        native: Context,
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
        self._weights, self._native = weights, native
        self._slots = [Slot(slot) for slot in range(slots)]
        # The slot that has, or had, a head start over the others.
        self._first: Slot | None = None
        # Whether a part of what a slot has can be taken back; a recurrent model's state cannot.
        self._truncates = True
        # When the native call that runs now began.
        self._since: float | None = None

    @property
    def busy(self) -> int:
        """Slots that have a request."""
        return sum(slot.request is not None for slot in self._slots)

    @property
    def computed(self) -> int:
        """Tokens computed since it was opened, of prompts and of completions."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def ahead(self) -> bool:
        """Tell whether its only request has its head start."""
        first = self._first
        return first is not None and first.request is not None and first.generated < _HEAD_START

    @property
    def room(self) -> Room:
        """What it has to do, and how many requests it can take."""
        load = sum(slot.load for slot in self._slots)
        free = [slot for slot in self._slots if slot.request is None]
        if len(free) < len(self._slots):
            now = time.monotonic()
            free = [slot for slot in free if slot.kept_until <= now]
        return Room(load, self.number, 0 if self.ahead else len(free))

    @property
    def full(self) -> bool:
        """Tell whether every slot has a request."""
        return self.busy == len(self._slots)

    def having(self, prompt: list[int]) -> int:
        """Return how many free slots have all of a prompt."""
        if not self._truncates:
            return 0
        return sum(slot.request is None and slot.has(prompt) for slot in self._slots)

    def stalled(self, now: float) -> float:
        """Return for how many seconds the native call that runs now has been running; 0 when none does."""
        since = self._since
        return 0.0 if since is None else now - since

    def reserve(self, request: LaneRequest, *, head_start: bool) -> Slot:
        """Give `request` the free slot that has most of its prompt, and return it; `begin` computes it.

        A slot that is kept for another prompt is taken only when no other is free.
        """
        now = time.monotonic()

        def worth(slot: Slot) -> tuple[bool, bool, int]:
            return slot.has(request.prompt), slot.kept_until <= now, _shared_prefix(slot.cached, request.prompt)

        slot = max((slot for slot in self._slots if slot.request is None), key=worth)
        shared = _shared_prefix(slot.cached, request.prompt)
        slot.cached, slot.next, slot.request, slot.kept_until = request.prompt[:shared], [], request, 0.0
        self._first = slot if head_start else None
        return slot

    def begin(self, slot: Slot) -> None:
        """Prefill the prompt of a reserved slot and sample its first token."""
        request = slot.request
        if request is None:
            raise EngineError(f"Slot {slot.number} has nothing to prefill: a bug.")
        request.on_native(True)
        if not self._take_sampler(slot, request):
            return
        if not self._native.truncate(slot.number, len(slot.cached)):
            self._truncates = False
            slot.cached = []
            self._native.truncate(slot.number, 0)
        shared = len(slot.cached)
        ubatch = self._native.ubatch
        for start in range(shared, len(request.prompt), ubatch):
            if request.unwanted(time.monotonic()):
                self._free(slot)
                return
            part = request.prompt[start : start + ubatch]
            end = start + len(part)
            self._take_threads()
            with self._native_call():
                self._native.prefill(slot.number, part, start, last=end == len(request.prompt))
            slot.cached.extend(part)
            self.prompt_tokens += len(part)
        self._accept(slot, (len(request.prompt) - shared - 1) % ubatch)
        self._feed_what_follows([slot])

    def step(self) -> None:
        """Compute one token of every active slot."""
        now = time.monotonic()
        for slot in self._slots:
            if slot.request is not None and slot.request.unwanted(now):
                self._free(slot)
        active = [slot for slot in self._slots if slot.request is not None]
        if not active:
            return
        self._take_threads()
        with self._native_call():
            self._native.decode([(slot.number, slot.next[0], len(slot.cached)) for slot in active])
        for place, slot in enumerate(active):
            slot.cached.append(slot.next[0])
            self._accept(slot, place)
        self._feed_what_follows(active)

    def fail(self, failure: EngineError) -> None:
        """Answer every caller with `failure`; native code has not let go of what it failed on."""
        for slot in self._slots:
            if slot.sampler is not None:
                slot.sampler.close()
            request, slot.request, slot.sampler = slot.request, None, None
            if request is not None:
                request.resolve(failure)

    def close(self) -> None:
        """Free the context."""
        self._native.close()

    def _accept(self, slot: Slot, place: int) -> None:
        """Sample the next token of a slot; hand over the result when it was the last one."""
        request, sampler = slot.request, slot.sampler
        if request is None or sampler is None:
            raise EngineError(f"Slot {slot.number} has nothing to generate: a bug.")
        with self._native_call():
            token = self._native.sample(sampler, place)
        answer, before = request.answer, slot.generated
        slot.next = [token, *answer.accept(token)]
        self.completion_tokens += answer.completion_tokens - before
        if answer.done:
            generation = Generation(
                text=answer.text,
                prompt_tokens=len(request.prompt),
                completion_tokens=answer.completion_tokens,
                finish=answer.finish,
                seconds=time.monotonic() - request.admitted,
            )
            slot.kept_until = time.monotonic() + _KEPT_SECONDS if request.keep and self._truncates else 0.0
            self._free(slot)
            request.resolve(generation)
        elif answer.begun and not slot.answering:
            self._take_sampler(slot, request)

    def _feed_what_follows(self, slots: Sequence[Slot]) -> None:
        """Compute the tokens that the model did not choose, and sample the one after them.

        Only when every slot of the last call has been sampled: a call takes the place of the last one's logits.
        """
        for slot in slots:
            while slot.request is not None and len(slot.next) > 1:
                following = slot.next
                with self._native_call():
                    self._native.prefill(slot.number, following, len(slot.cached), last=True)
                slot.cached.extend(following)
                self._accept(slot, len(following) - 1)

    def _take_threads(self) -> None:
        threads = self._threads_now(self)
        if threads != self._threads:
            self._native.compute_with(threads)
            self._threads = threads

    def _take_sampler(self, slot: Slot, request: LaneRequest) -> bool:
        """Have a sampler for what comes next, thinking or answer; False when there is none, and the request is over."""
        if slot.sampler is not None:
            slot.sampler.close()
            slot.sampler = None
        slot.answering = request.answer.begun
        try:
            slot.sampler = self._weights.sampler(request.sampling, grammar=request.grammar if slot.answering else None)
        except EngineError as error:
            # This request's grammar; what the others ask for can be done.
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
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._since = None


def _shared_prefix(cached: Sequence[int], prompt: Sequence[int]) -> int:
    """Return how many tokens `prompt` shares with `cached`, less the last one, whose logits must be computed."""
    limit = min(len(cached), len(prompt) - 1)
    for place in range(limit):
        if cached[place] != prompt[place]:
            return place
    return limit
