"""What commands print: a plan, a micro-batch, a summary, as text for people and JSON for machines."""

from __future__ import annotations

import json
import textwrap
import time
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from streaming.messages import DeadLetter, Deleted, Read, Summary

if TYPE_CHECKING:
    # Both bring Spark, which `tail` does not need and which takes a second to import.
    from streaming.query import Plan
    from streaming.topics import Topic
    from streaming.watch import Batch

# Between two lines on a loading model: a 7B from a slow disk takes a minute or two.
_LOADING_SECONDS = 5


def plan_block(plan: Plan) -> RenderableType:
    """Return the block that a start prints: everything that decides what the query will do."""
    settings, model, setup = plan.settings, plan.choice.model, plan.choice.setup
    work = plan.job.work
    created = f"; created: {', '.join(plan.created)}" if plan.created else ""
    archive = {} if plan.place is None else {"archive": plan.place.url}
    lines = {
        "broker": settings.servers,
        "topics": f"{_named(plan.inputs)} -> {_named(plan.outputs) or 'none'}{created}",
        **archive,
        "model": f"{model.name}, {model.bytes / 1e6:,.0f} MB, sha256 {plan.choice.given.sha256[:12]}",
        "computed": f"{model.representation}, {plan.choice.why}",
        "recipe": f"{work.recipe_name} (prompt '{settings.prompt}', chunks of {work.recipe.chunk_tokens} tokens)",
        "executors": f"{plan.spread.executors} on {plan.spread.master}, each 1 model, {setup.slots} slots "
        f"in {setup.lanes} lanes, {setup.threads} threads",
        "checkpoint": settings.checkpoint_location,
    }
    return Text("\n").join(Text.assemble((f"{name:<12}", "bold"), value) for name, value in lines.items())


def _named(topics: list[Topic]) -> str:
    return ", ".join(f"{t.name} ({t.partitions} partitions, {t.messages:,} messages)" for t in topics)


class LoadingLines:
    """The lines that say how far the loading of the model is: none for a small one but that it is done."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._told = 0.0

    def line(self, share: float) -> str | None:
        """Return the line for this much of the model, from 0 to 1; None when there is nothing new to say."""
        now = time.monotonic()
        if self._began is None:
            self._began = self._told = now
        if share >= 1:
            return f"the model is loaded ({now - self._began:.1f} s)"
        if now - self._told < _LOADING_SECONDS:
            return None
        self._told = now
        return f"loading the model: {share:.0%}"


class BatchLines:
    """The lines that say what each micro-batch of a run did, and what all of them have done so far."""

    def __init__(self) -> None:
        self._records = 0
        self._seconds = 0.0

    def line(self, batch: Batch) -> str:
        """Return the line of the micro-batch that has just been committed."""
        self._records += batch.records
        self._seconds += batch.seconds
        dead = f", {batch.dead_letters} dead letters" if batch.dead_letters else ""
        pace = 60 * self._records / max(self._seconds, 0.1)
        return (
            f"batch {batch.number}: {batch.records} records in {batch.seconds:.1f} s{dead}; {self._records:,} so far, "
            f"{pace:.1f} a minute"
        )


def tail_block(read: Read, width: int = 100) -> RenderableType:
    """Return a result as a person reads it, the summary in lines of `width` characters."""
    if isinstance(read, Deleted):
        return Text(f"{_clean(read.id)}: its summary was deleted", style="dim")
    if isinstance(read, DeadLetter):
        place = f"{read.source.topic}-{read.source.partition} offset {read.source.offset}"
        size = "null" if read.value is None else f"{len(read.value):,} bytes"
        cut = f", cut from {read.truncated:,}" if read.truncated is not None else ""
        return Group(
            Text.assemble(
                (place, "bold red"), f"  {_clean(f'{read.error.type} in {read.error.stage}: {read.error.message}')}"
            ),
            Text(f"  value of {size}{cut}", style="dim"),
        )
    chunks = f"{read.chunks} chunks" if read.chunks > 1 else "1 chunk"
    facts = f"  {chunks}, {read.tokens.prompt + read.tokens.completion:,} tokens, {read.seconds:.1f} s"
    if read.status != "ok":
        facts += f", {read.status}"
    title = f"  {_clean(read.title)}" if read.title else ""
    return Group(
        Text.assemble((_clean(read.id), "bold green"), title, (facts, "dim")),
        Text("".join(f"  {line}\n" for line in textwrap.wrap(_clean(read.summary), width))),
    )


def _clean(text: str) -> str:
    """Return `text` without control characters: what a document says must not steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def tail_json(read: Read) -> str:
    """Return a result as the contract's JSON, on one line."""
    if isinstance(read, Deleted):
        return json.dumps({"id": read.id, "deleted": True})
    return read.to_json().decode() if isinstance(read, Summary) else read.model_dump_json()
