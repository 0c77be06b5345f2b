"""What a run has told of itself so far: the sums of its micro-batches, its restarts, its last heartbeat."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace

from streaming import __version__
from streaming.messages import Health, Heartbeat, health
from streaming.spark.counting import Tally
from streaming.spark.prepare import Plan
from streaming.spark.supervision import Restart
from streaming.spark.watch import Batch


@dataclass(frozen=True)
class RunState:
    """A run at one moment.

    `info` says what runs: version, query, model and recipe. `tally` and `batch_seconds` are sums over its `batches`,
    `last_batch` is the newest. `beat` is None until the query has begun.
    """

    info: dict[str, str] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    batches: int = 0
    batch_seconds: float = 0.0
    last_batch: Batch | None = None
    restarts: int = 0
    beat: Heartbeat | None = None

    @property
    def health(self) -> Health:
        """How the run does now; before its query has begun it is healthy, because this process answers."""
        return Health("healthy", "starting") if self.beat is None else health(self.beat, time.time())

    @property
    def is_ready(self) -> bool:
        """Whether the engine is loaded and the query reads its topics."""
        return self.beat is not None and self.beat.doing in ("working", "idle") and self.health.state == "healthy"


class RunRecorder:
    """Keeps the state of a run; its methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = RunState()

    @property
    def state(self) -> RunState:
        """The state now."""
        return self._state

    def on_plan(self, plan: Plan) -> None:
        """Note what runs."""
        work = plan.task_plan.work
        info = {
            "version": __version__,
            "query": plan.settings.query,
            "model": plan.choice.model.name,
            "representation": plan.choice.model.representation,
            "prompt": plan.settings.prompt,
            "recipe": work.recipe_name,
        }
        with self._lock:
            self._state = replace(self._state, info=info)

    def on_batch(self, batch: Batch) -> None:
        """Note a committed micro-batch."""
        with self._lock:
            self._state = replace(
                self._state,
                tally=self._state.tally + batch.tally,
                batches=self._state.batches + 1,
                batch_seconds=self._state.batch_seconds + batch.seconds,
                last_batch=batch,
            )

    def on_restart(self, restart: Restart) -> None:
        """Note a failure after which the query starts again."""
        with self._lock:
            self._state = replace(self._state, restarts=restart.number)

    def on_beat(self, beat: Heartbeat) -> None:
        """Note a heartbeat."""
        with self._lock:
            self._state = replace(self._state, beat=beat)
