"""A result as text for people, and as JSON for machines."""

from __future__ import annotations

import json
import textwrap

from rich.console import Group, RenderableType
from rich.text import Text

from streaming.messages import DeadLetter, Deletion, OutputMessage, Summary, SummarySentence

# Characters of a quotation from the document: the beginning and the end of a longer place.
_LONGEST_QUOTATION = 160


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
    return Group(
        _heading(result), Text("".join(f"  {line}\n" for line in textwrap.wrap(_clean(result.summary), width)))
    )


def evidence_block(result: Summary, document: str, width: int = 100) -> RenderableType:
    """Return a summary sentence by sentence, each with the places of the document's text that it stands on.

    A summary without sentences, which is JSON, looks as in `tail_block`.
    """
    if not result.sentences:
        return tail_block(result, width)
    lines = [_heading(result)]
    for sentence in result.sentences:
        words = _clean(result.summary[sentence.start : sentence.end])
        lines += [Text(f"  {line}") for line in textwrap.wrap(words, width)]
        lines.append(_evidence(sentence, document))
    return Group(*lines, Text())


def _heading(result: Summary) -> Text:
    chunks = f"{result.chunks} chunks" if result.chunks > 1 else "1 chunk"
    facts = f"  {chunks}, {result.tokens.prompt + result.tokens.completion:,} tokens, {result.seconds:.1f} s"
    if result.status != "ok":
        facts += f", {result.status}"
    if result.status == "repaired":
        from_text = sum(sentence.origin == "text" for sentence in result.sentences)
        verb = "is" if from_text == 1 else "are"
        facts += f": {from_text} of {len(result.sentences)} sentences {verb} the text's"
    title = f"  {_clean(result.title)}" if result.title else ""
    return Text.assemble((_clean(result.id), "bold green"), title, (facts, "dim"))


def _evidence(sentence: SummarySentence, document: str) -> Text:
    """Return the line below a sentence: how it stands on the document, and the places that show it."""
    places = " ".join(f"“{_quotation(document[start:end])}”" for start, end in sentence.evidence)
    if sentence.origin == "text":
        return Text.assemble("      ", ("text", "green"), f" {places}")
    if sentence.support is None:
        return Text.assemble("      ", ("not measured", "dim"))
    if sentence.stands:
        return Text.assemble("      ", (f"model {sentence.support:.2f}", "green"), f" {places}")
    nearest = f"  (nearest, {sentence.support:.2f}: {places})" if places else ""
    return Text.assemble("      ", ("nothing", "bold red"), (nearest, "dim"))


def _quotation(place: str) -> str:
    """Return a place of a document on one line, without its middle when it is long."""
    line = " ".join(_clean(place).split())
    if len(line) <= _LONGEST_QUOTATION:
        return line
    half = (_LONGEST_QUOTATION - len(" … ")) // 2
    return f"{line[:half].rstrip()} … {line[-half:].lstrip()}"


def _clean(text: str) -> str:
    """Return `text` without control characters: a document must not control the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def tail_json(result: OutputMessage) -> str:
    """Return a result as the contract's JSON, on one line."""
    if isinstance(result, Deletion):
        return json.dumps({"id": result.id, "deleted": True})
    return result.to_json().decode() if isinstance(result, Summary) else result.model_dump_json()
