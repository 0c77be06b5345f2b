"""What is to be tuned and within which limits, and what a tuning says while it is under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from streaming.engine.model.memory import predict
from streaming.engine.model.model_file import ModelFile
from streaming.engine.setup import Setup
from streaming.engine.tuning.tuning_file import Quality, Skipped, Speed, Tuning

# The setup in which representations are compared: a lane for each core, where 8 slots are most of the way to many. No
# more than these, because every slot makes each document of a batch wait longer.
_SLOTS_A_LANE = 8
_MOST_LANES = 16
MOST_SLOTS = 64
# Of a deadline, what may be used up on a machine that has nothing else to do.
_SHARE_OF_A_DEADLINE = 1 / 3


@dataclass(frozen=True)
class TuningTask:
    """What is to be tuned, and for what: prompts of `prompt_tokens` tokens and `completion_tokens` more.

    `model` is the file as given; `texts` are of the kind that is summarized; `cores`, `context` and the `memory` in
    bytes are what an engine has; `folder` is where representations are kept. A tuning takes at most `budget` seconds, a
    `quick` one leaves out what seldom pays. `allow_loss` is the share by which perplexity may rise. A call of llama.cpp
    and a document must stay well within their deadlines, in seconds.
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

    def predicted(self, file_bytes: int, setup: Setup) -> int:
        """Return the bytes that an engine takes, as far as the model's architecture is known."""
        return predict(
            self.model.shape,
            file_bytes=file_bytes,
            slots=setup.slots,
            lanes=setup.lanes,
            context=self.context,
            ubatch=setup.ubatch,
        ).total

    def fitted(self, file_bytes: int, setup: Setup) -> Setup | None:
        """Return `setup` with as many slots as fit the memory, the same in every lane; None when not one does."""
        while self.predicted(file_bytes, setup) > self.memory:
            if setup.slots <= setup.lanes:
                return None
            setup = replace(setup, slots=max(setup.lanes, setup.slots - setup.lanes))
        return setup

    def first_setup(self) -> Setup:
        """Return the setup in which the file as given is measured first; of one slot, whether that fits or not."""
        lanes = min(self.cores, _MOST_LANES)
        setup = Setup(min(_SLOTS_A_LANE * lanes, max(MOST_SLOTS, lanes)), lanes, self.cores)
        return self.fitted(self.model.file_bytes, setup) or Setup(1, 1, self.cores)

    def calmer(self, speed: Speed) -> Setup | None:
        """Return the setup to take instead of one that is too slow for its deadlines, as a large model is; else None.

        Fewer lanes have more threads each, so a call is shorter; with fewer slots a document is sooner through.
        """
        setup = speed.setup
        call = speed.prefill / speed.prompt_tokens * min(setup.ubatch, speed.prompt_tokens)
        too_long = call / (self.native_deadline * _SHARE_OF_A_DEADLINE)
        # A worker holds twice as many documents as there are slots, and a document's clock starts when it does.
        through = 2 * setup.slots / speed.documents_per_second
        too_late = through / (self.document_deadline * _SHARE_OF_A_DEADLINE)
        lanes = max(1, int(setup.lanes / max(1.0, too_long)))
        slots = max(lanes, int(setup.slots / max(1.0, too_late)))
        return None if (slots, lanes) == (setup.slots, setup.lanes) else replace(setup, slots=slots, lanes=lanes)


@dataclass(frozen=True)
class Step:
    """What is being measured now."""

    doing: str


Event = Step | Speed | Quality | Skipped | Tuning
