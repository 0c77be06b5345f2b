"""A result as text for people, and as JSON for machines."""

from __future__ import annotations

import json
import textwrap

from rich.console import Group, RenderableType
from rich.text import Text

from streaming.messages import DeadLetter, Deletion, OutputMessage, Summary


def tail_block(result: OutputMessage, width: int = 100) -> RenderableType:
    """Return a result for people, with the summary in lines of `width` characters."""
    if isinstance(result, Deletion):
        return Text(f"{_clean(result.id)}: its summary was deleted", style="dim")
    if isinstance(result, DeadLetter):
        position = f"{result.source.topic}-{result.source.partition} offset {result.source.offset}"
        size = "null" if result.value is None else f"{len(result.value):,} bytes"
        cut = f", cut from {result.truncated:,}" if result.truncated is not None else ""
        return Group(
            Text.assemble(
                (position, "bold red"),
                f"  {_clean(f'{result.error.type} in {result.error.stage}: {result.error.message}')}",
            ),
            Text(f"  value of {size}{cut}", style="dim"),
        )
    chunks = f"{result.chunks} chunks" if result.chunks > 1 else "1 chunk"
    facts = f"  {chunks}, {result.tokens.prompt + result.tokens.completion:,} tokens, {result.seconds:.1f} s"
    if result.status != "ok":
        facts += f", {result.status}"
    title = f"  {_clean(result.title)}" if result.title else ""
    return Group(
        Text.assemble((_clean(result.id), "bold green"), title, (facts, "dim")),
        Text("".join(f"  {line}\n" for line in textwrap.wrap(_clean(result.summary), width))),
    )


def _clean(text: str) -> str:
    """Return `text` without control characters: a document must not control the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def tail_json(result: OutputMessage) -> str:
    """Return a result as the contract's JSON, on one line."""
    if isinstance(result, Deletion):
        return json.dumps({"id": result.id, "deleted": True})
    return result.to_json().decode() if isinstance(result, Summary) else result.model_dump_json()
