"""Continuous batching: many callers, one context, every slot busy.

One thread owns the context. In a turn it gives each free slot the oldest waiting request and prefills that prompt
alone, at full width; then it computes one token of every active slot together. Prefill and decode are separate calls
because mixing them in one batch was slower (design measurements, section 3). A slot is refilled in the turn its
sequence ends. What the next prompt of a slot shares with the last one - the system message, mostly - stays in the
cache and is not computed again.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from streaming.engine.lanes.llama import UBATCH, Sampler, Weights
from streaming.errors import DeadlineExceeded, EngineError, PromptTooLong
from streaming.protocol import EngineStatus, Generation, Message, Sampling

# Tokens that the first request after an idle moment may generate before the next prompt is prefilled. Filling all
# slots first took 8 s with four prompts of 700 tokens; alone, a short document is answered in 1 s, so whoever watches
# sees that it works. Over 16 documents the cost was within the noise: 0.278 and 0.294 a second with it, 0.297 and 0.274
# without.
_HEAD_START = 128


@dataclass
class _Request:
    prompt: list[int]
    sampling: Sampling
    max_tokens: int
    deadline: float | None
    grammar: str | None
    admitted: float
    result: Future[Generation] = field(default_factory=Future)

    def unwanted(self) -> bool:
        """Tell whether the caller no longer waits, or must not wait any longer (then it is told)."""
        if self.result.cancelled():
            return True
        if self.deadline is not None and time.monotonic() > self.deadline:
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


@dataclass
class _Slot:
    number: int
    cached: list[int] = field(default_factory=list)
    request: _Request | None = None
    sampler: Sampler | None = None
    generated: list[int] = field(default_factory=list)


class BatchingEngine:
    """A loaded model that generates for many callers at once; see `streaming.protocol.Engine`."""

    def __init__(self, weights: Weights, *, slots: int, context: int, threads: int) -> None:
        self._weights = weights
        self._native = weights.open_context(slots=slots, context=min(context, weights.trained_context), threads=threads)
        self._context = self._native.tokens_per_slot
        self._slots = [_Slot(number) for number in range(slots)]
        # The slot that began when all were free, for as long as it has its head start.
        self._first: _Slot | None = None
        # None asks the thread to end.
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._failure: EngineError | None = None
        self._closing = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="gistream-engine", daemon=True)
        self._thread.start()

    @property
    def context(self) -> int:
        """Tokens that one sequence may hold."""
        return self._context

    @property
    def slots(self) -> int:
        """Sequences that are generated at once."""
        return len(self._slots)

    def status(self) -> EngineStatus:
        """Say what the engine is doing now."""
        busy = sum(slot.request is not None for slot in self._slots)
        return EngineStatus(len(self._slots), busy, self._waiting.qsize(), 0, 0, 0.0)

    def count(self, messages: Sequence[Message]) -> int:
        """Return the length of the rendered prompt in tokens."""
        self._check_open()
        return len(self._weights.render(messages))

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        sampling: Sampling,
        max_tokens: int,
        deadline: float | None = None,
        grammar: str | None = None,
        native: Callable[[bool], None] | None = None,
    ) -> Generation:
        """Generate one completion; see `streaming.protocol.Engine.generate`."""
        # Before anything touches the model: what has been freed ends the process when it is read.
        self._check_open()
        prompt = self._weights.render(messages)
        if len(prompt) + max_tokens > self._context:
            raise PromptTooLong(
                f"a prompt of {len(prompt)} tokens and {max_tokens} more do not fit a context of {self._context}"
            )
        request = _Request(prompt, sampling, max_tokens, deadline, grammar, time.monotonic())
        with self._lock:
            self._check_open()
            self._waiting.put(request)
        return await asyncio.wrap_future(request.result)

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closing:
            raise EngineError("The engine is closed.")

    def close(self) -> None:
        """Stop after the token being computed, fail what waits, free the model; idempotent."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            self._waiting.put(None)
        self._thread.join()
        self._native.close()
        self._weights.close()

    def _run(self) -> None:
        try:
            while self._admit():
                self._step()
            self._fail_all(EngineError("The engine was closed."))
        except Exception as error:  # noqa: BLE001 - whatever it is, no caller may wait for a thread that has ended
            failure = error if isinstance(error, EngineError) else EngineError(f"The engine failed: {error!r}.")
            self._fail_all(failure)

    def _admit(self) -> bool:
        """Fill the free slots; wait when there is nothing at all to do. False asks to end."""
        if self._first is not None and self._first.request and len(self._first.generated) < _HEAD_START:
            return not self._closing
        self._first = None
        for slot in self._slots:
            while slot.request is None:
                alone = False
                try:
                    request = self._waiting.get_nowait()
                except queue.Empty:
                    if any(s.request for s in self._slots):
                        return True
                    alone, request = True, self._waiting.get()
                if request is None:
                    return False
                if request.unwanted():
                    continue
                self._start(slot, request)
                if alone and slot.request is not None:
                    self._first = slot
                    return not self._closing
        return not self._closing

    def _start(self, slot: _Slot, request: _Request) -> None:
        """Prefill a prompt into a slot and sample its first token."""
        # From here on the slot answers for the request, whatever fails.
        slot.request, slot.generated = request, []
        shared = _shared_prefix(slot.cached, request.prompt)
        if not self._native.truncate(slot.number, shared):
            shared = 0
            self._native.truncate(slot.number, 0)
        slot.cached = request.prompt[:shared]
        for start in range(shared, len(request.prompt), UBATCH):
            if request.unwanted():
                self._free(slot)
                return
            part = request.prompt[start : start + UBATCH]
            end = start + len(part)
            self._native.prefill(slot.number, part, start, last=end == len(request.prompt))
            slot.cached = request.prompt[:end]
        slot.sampler = self._weights.sampler(request.sampling, grammar=request.grammar)
        self._accept(slot, (len(request.prompt) - shared - 1) % UBATCH)

    def _step(self) -> None:
        """Compute one token of every active slot."""
        for slot in self._slots:
            if slot.request is not None and slot.request.unwanted():
                self._free(slot)
        active = [slot for slot in self._slots if slot.request is not None]
        if not active:
            return
        self._native.decode([(s.number, s.generated[-1], len(s.cached)) for s in active])
        for place, slot in enumerate(active):
            slot.cached.append(slot.generated[-1])
            self._accept(slot, place)

    def _accept(self, slot: _Slot, place: int) -> None:
        """Sample the next token of a slot; hand over the result when it was the last one."""
        request, sampler = slot.request, slot.sampler
        if request is None or sampler is None:
            raise EngineError(f"Slot {slot.number} has nothing to generate: a bug.")
        token = self._native.sample(sampler, place)
        if not self._weights.ends(token):
            slot.generated.append(token)
            if len(slot.generated) < request.max_tokens:
                return
        stopped = self._weights.ends(token)
        generation = Generation(
            text=self._weights.text(slot.generated),
            prompt_tokens=len(request.prompt),
            completion_tokens=len(slot.generated),
            finish="stop" if stopped else "length",
            seconds=time.monotonic() - request.admitted,
        )
        self._free(slot)
        request.resolve(generation)

    def _free(self, slot: _Slot) -> None:
        if slot.sampler is not None:
            slot.sampler.close()
        slot.request = slot.sampler = None

    def _fail_all(self, failure: EngineError) -> None:
        with self._lock:
            self._failure = failure
        requests = [slot.request for slot in self._slots]
        for slot in self._slots:
            self._free(slot)
        while not self._waiting.empty():
            requests.append(self._waiting.get())
        for request in requests:
            if request is not None:
                request.resolve(failure)


def _shared_prefix(cached: Sequence[int], prompt: Sequence[int]) -> int:
    """Return how many tokens `prompt` shares with `cached`, less the last one, whose logits must be computed."""
    limit = min(len(cached), len(prompt) - 1)
    for place in range(limit):
        if cached[place] != prompt[place]:
            return place
    return limit
