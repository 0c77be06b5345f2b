"""The lines that a running query prints: its plan, how far the model is loaded, each micro-batch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from streaming.wording import counted, megabytes

if TYPE_CHECKING:
    # These import Spark, which takes a second.
    from streaming.kafka.topic import Topic
    from streaming.spark.prepare import Plan
    from streaming.spark.supervision import Restart
    from streaming.spark.watch import Batch

# Between two lines about a model that loads: a 7B from a slow disk takes a minute or two.
_LOADING_SECONDS = 5


def plan_block(plan: Plan) -> RenderableType:
    """Return the block that a start prints: everything that decides the results of the query."""
    lines = plan_lines(plan)
    return Text("\n").join(Text.assemble((f"{name:<12}", "bold"), value) for name, value in lines.items())


def plan_lines(plan: Plan) -> dict[str, str]:
    """Return the lines of `plan_block`, each with its name."""
    settings, model, setup = plan.settings, plan.choice.model, plan.choice.setup
    work = plan.task_plan.work
    created = f"; created: {', '.join(plan.created)}" if plan.created else ""
    archive = {} if plan.archive_location is None else {"archive": plan.archive_location.url}
    return {
        "broker": settings.servers,
        "topics": f"{_topics(plan.inputs)} -> {_topics(plan.outputs) or 'none'}{created}",
        **archive,
        "model": f"{model.name}, {megabytes(model.file_bytes)}, sha256 {plan.choice.original.sha256[:12]}",
        "computed": f"{model.representation}, {plan.choice.why}",
        "recipe": f"{work.recipe_name} (prompt '{settings.prompt}', chunks of {work.recipe.chunk_tokens} tokens)",
        "executors": f"{plan.layout.executors} on {plan.layout.master}, each 1 model, {counted(setup.slots, 'slot')} "
        f"in {counted(setup.lanes, 'lane')}, {counted(setup.threads, 'thread')}",
        "checkpoint": settings.checkpoint_location,
    }


def _topics(topics: list[Topic]) -> str:
    return ", ".join(f"{t.name} ({counted(t.partitions, 'partition')}, {counted(t.offsets, 'offset')})" for t in topics)


class LoadingLines:
    """The lines about a model that loads; for a small model only the last line, when it is loaded."""

    def __init__(self) -> None:
        self._start: float | None = None
        self._last_line = 0.0

    def line(self, share: float) -> str | None:
        """Return the line for this share of the model, from 0 to 1; None when no line is due."""
        now = time.monotonic()
        if self._start is None:
            self._start = self._last_line = now
        if share >= 1:
            return f"the model is loaded ({now - self._start:.1f} s)"
        if now - self._last_line < _LOADING_SECONDS:
            return None
        self._last_line = now
        return f"loading the model: {share:.0%}"


class BatchLines:
    """The lines about the micro-batches of a run, each with the totals so far, and about all of them at its end."""

    def __init__(self) -> None:
        self.batches = self.restarts = self._records = self._dead_letters = self._deletions = 0
        self._seconds = 0.0

    def line(self, batch: Batch) -> str:
        """Return the line of the micro-batch that has just been committed."""
        self.batches += 1
        self._records += batch.records
        self._dead_letters += batch.dead_letters
        self._deletions += batch.deletions
        self._seconds += batch.seconds
        dead = f", {counted(batch.dead_letters, 'dead letter')}" if batch.dead_letters else ""
        if batch.dead_letters and batch.reason:
            dead += f" (most often: {batch.reason})"
        if batch.reused:
            dead += f", {batch.reused} from the store"
        if batch.deletions:
            dead += f", {counted(batch.deletions, 'deletion')}"
        if batch.undeletable:
            dead += (
                f", {batch.undeletable} with another id than their key names, which a deletion with this key does not "
                "find (see --id-from)"
            )
        pace = 60 * self._records / max(self._seconds, 0.1)
        return (
            f"batch {batch.number}: {counted(batch.records, 'record')} in {batch.seconds:.1f} s{dead}; "
            f"{self._records:,} so far, {pace:.1f} a minute"
        )

    def restart_line(self, restart: Restart) -> str:
        """Return the line about a failure after which the query starts again."""
        self.restarts += 1
        return f"{restart.error} Restart {restart.number} in {restart.seconds:.1f} s."

    def total(self, *, stopped: bool, uncommitted: int = 0) -> str:
        """Return the last line of a run, which was `stopped` or ended with the records that were there.

        `uncommitted` is the number of offsets that an open transaction holds back.
        """
        rest = (
            ""
            if not uncommitted
            else (
                f"; {counted(uncommitted, 'offset')} at the end of the input cannot be read before an open transaction "
                "ends"
            )
        )
        rest += f"; {counted(self.restarts, 'restart')} after failures" if self.restarts else ""
        if not self._records:
            records = "all committed records" if uncommitted else "all records"
            nothing = "stopped; nothing was summarized" if stopped else f"nothing to do: {records} have results"
            return f"{nothing}{rest}"
        parts = [counted(self._records - self._dead_letters - self._deletions, "summary", "summaries")]
        parts += [counted(self._dead_letters, "dead letter")] if self._dead_letters else []
        parts += [counted(self._deletions, "deletion")] if self._deletions else []
        batches = counted(self.batches, "batch", "batches")
        return f"done: {', '.join(parts)} in {batches}, {self._seconds:.1f} s{rest}"
