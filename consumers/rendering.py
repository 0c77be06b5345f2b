"""A result as text for people, and as JSON for machines."""

from __future__ import annotations

import json
import textwrap

from rich.console import Group, RenderableType
from rich.text import Text

from streaming.messages import DeadLetter, Deleted, Read, Summary


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
