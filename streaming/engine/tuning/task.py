"""The task of a tuning, with its limits, and the events of a tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from streaming.engine.model.memory import predict
from streaming.engine.model.model_file import ModelFile
from streaming.engine.setup import Setup
from streaming.engine.tuning.tuning_file import Quality, Skipped, Speed, Tuning

# Representations are compared with one lane for each core and 8 slots in each lane: more slots gain little, and every
# slot makes each document of a batch wait longer.
_SLOTS_PER_LANE = 8
_MAX_LANES = 16
MAX_SLOTS = 64
# The share of a deadline that may be used on a machine that does nothing else.
_DEADLINE_SHARE = 1 / 3


@dataclass(frozen=True)
class TuningTask:
    """The model to tune, and the work: prompts of `prompt_tokens` tokens and answers of `completion_tokens` tokens.

    `model` is the original file; `texts` are samples of the documents. An engine has `cores` cores, slots of `context`
    tokens and `memory` bytes; representations are stored in `folder`. A tuning takes at most `budget` seconds; a
    `quick` tuning leaves out measurements that seldom pay. `allow_loss` is the share by which perplexity may rise. A
    call of llama.cpp and a document must stay well below their deadlines, in seconds.
    """

    model: ModelFile
    texts: Sequence[str]
    cores: int
    context: int
    prompt_tokens: int
    completion_tokens: int
    memory: int
    folder: Path
    budget: float
    native_deadline: float
    document_deadline: float
    quick: bool = False
    allow_loss: float = 0.0

    def predicted_bytes(self, file_bytes: int, setup: Setup) -> int:
        """Return a prediction of an engine's memory in bytes, as far as the model's architecture is known."""
        return predict(
            self.model.shape,
            file_bytes=file_bytes,
            slots=setup.slots,
            lanes=setup.lanes,
            context=self.context,
            ubatch=setup.ubatch,
        ).total

    def fitting_setup(self, file_bytes: int, setup: Setup) -> Setup | None:
        """Return `setup` with as many slots as fit the memory, the same in every lane; None when one does not fit."""
        while self.predicted_bytes(file_bytes, setup) > self.memory:
            if setup.slots <= setup.lanes:
                return None
            setup = replace(setup, slots=max(setup.lanes, setup.slots - setup.lanes))
        return setup

    def first_setup(self) -> Setup:
        """Return the first setup for the original file; it has one slot when no more fit, even if that does not fit."""
        lanes = min(self.cores, _MAX_LANES)
        setup = Setup(min(_SLOTS_PER_LANE * lanes, max(MAX_SLOTS, lanes)), lanes, self.cores)
        return self.fitting_setup(self.model.file_bytes, setup) or Setup(1, 1, self.cores)

    def setup_for_deadlines(self, speed: Speed) -> Setup | None:
        """Return a setup that keeps the deadlines when the measured one is too slow for them; else None.

        Fewer lanes have more threads each, so a call is shorter; with fewer slots a document is finished sooner.
        """
        setup = speed.setup
        call_seconds = speed.prefill / speed.prompt_tokens * min(setup.ubatch, speed.prompt_tokens)
        call_excess = call_seconds / (self.native_deadline * _DEADLINE_SHARE)
        # A worker holds twice as many documents as slots, and a document's deadline counts from its arrival there.
        document_seconds = 2 * setup.slots / speed.documents_per_second
        document_excess = document_seconds / (self.document_deadline * _DEADLINE_SHARE)
        lanes = max(1, int(setup.lanes / max(1.0, call_excess)))
        slots = max(lanes, int(setup.slots / max(1.0, document_excess)))
        return None if (slots, lanes) == (setup.slots, setup.lanes) else replace(setup, slots=slots, lanes=lanes)


@dataclass(frozen=True)
class Step:
    """A description of the measurement that runs now."""

    description: str


Event = Step | Speed | Quality | Skipped | Tuning
