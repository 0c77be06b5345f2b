"""A result as text for people, and as JSON for machines.

The lines of a summary are as wide as the console, with whole words, also where the console wraps no other line.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from streaming.messages import DeadLetter, Deletion, OutputMessage, Summary, SummarySentence
from streaming.wording import counted, shortened

# Characters of a quotation from the document: the beginning and the end of a longer place.
_LONGEST_QUOTATION = 160
# Cells of a title that are shown also on a line that has no room for them.
_LEAST_TITLE = 20
# What ends a headline as the first sentence of a summary.
_STOPS = (".", "。", "!", "?", "！", "？")
# Between letters of Persian and the parts of an emoji; no terminal is controlled by them.
_JOINERS = "\u200c\u200d"


def tail_block(result: OutputMessage) -> RenderableType:
    """Return a result for people."""
    if isinstance(result, Deletion):
        deleted = "a deletion that met no summary" if result.met is False else "its summary was deleted"
        return Text(f"{clean(result.id)}: {deleted}", style="dim")
    if isinstance(result, DeadLetter):
        position = f"{result.source.topic}-{result.source.partition} offset {result.source.offset}"
        size = "null" if result.value is None else counted(len(result.value), "byte")
        cut = f", cut from {result.truncated:,}" if result.truncated is not None else ""
        return Group(
            Text.assemble(
                (position, "bold red"),
                f"  {clean(f'{result.error.type} in {result.error.stage}: {result.error.message}')}",
            ),
            Text(f"  value of {size}{cut}", style="dim"),
        )
    if result.answer is not None:
        return Group(_Heading(result), _Json(result.answer), Text())
    return Group(_Heading(result), Paragraph(Text(clean(result.summary, keep="\n"))), Text())


def evidence_block(result: Summary, document: str) -> RenderableType:
    """Return a summary sentence by sentence, each with the places of the document's text that it stands on.

    A summary without sentences, which is JSON, looks as in `tail_block`.
    """
    if not result.sentences:
        return tail_block(result)
    lines: list[RenderableType] = [_Heading(result)]
    for sentence in result.sentences:
        lines.append(Paragraph(Text(clean(result.summary[sentence.start : sentence.end]))))
        lines.append(_Place(_evidence(sentence, document)))
    return Group(*lines, Text())


@dataclass(frozen=True)
class _Heading:
    """The first line of a summary: id, title and facts; a terminal that is too narrow has the title's first words."""

    result: Summary

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        name, facts = clean(self.result.id), f"  {_facts(self.result)}"
        title = clean(self.result.title or "")
        if title and self.result.summary.startswith(tuple(f"{title}{stop}" for stop in _STOPS)):
            # The summary says it.
            title = ""
        if not options.no_wrap:
            room = options.max_width - cell_len(name) - cell_len(facts) - 2
            title = shortened(title, max(room, _LEAST_TITLE))
        yield Text.assemble((name, "bold green"), f"  {title}" if title else "", (facts, "dim"))


@dataclass(frozen=True)
class Paragraph:
    """A text in indented lines of whole words, as wide as the console; `mark` stands in the first line's indent."""

    text: Text
    indent: int = 2
    mark: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, before = max(options.max_width - self.indent, 1), self.mark.ljust(self.indent)
        for line in self.text.split(allow_blank=True):
            for words in line.wrap(console, width, overflow="fold", no_wrap=False):
                words.rstrip()
                yield Text(before).append_text(words)
                before = " " * self.indent


@dataclass(frozen=True)
class _Json:
    """A value as indented JSON, whose lines are never wrapped, so that what is copied can be parsed."""

    value: Any

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = Text(clean(json.dumps(self.value, ensure_ascii=False, indent=2), keep="\n"))
        yield from console.render(text, options.update(no_wrap=True, overflow="ignore"))


@dataclass(frozen=True)
class _Place:
    """What a sentence stands on: a paragraph on a terminal, one line elsewhere."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("      ").append_text(self.text) if options.no_wrap else Paragraph(self.text, indent=6)


def _facts(result: Summary) -> str:
    tokens = counted(result.tokens.prompt + result.tokens.completion, "token")
    facts = f"{counted(result.chunks, 'chunk')}, {tokens}, {result.seconds:.1f} s"
    if result.status != "ok":
        facts += f", {result.status}"
    if result.status == "repaired":
        from_text = sum(sentence.origin == "text" for sentence in result.sentences)
        verb = "is" if from_text == 1 else "are"
        facts += f": {from_text} of {counted(len(result.sentences), 'sentence')} {verb} the text's"
    if result.signals.missing:
        facts += f"; missing: {', '.join(result.signals.missing)}"
    if result.left_out:
        amounts = ", ".join(f"{counted(item.characters, 'character')} ({item.kind})" for item in result.left_out)
        facts += f"; left out: {amounts}"
    return facts


def _evidence(sentence: SummarySentence, document: str) -> Text:
    """Return the line below a sentence: how it stands on the document, and the places that show it."""
    places = " ".join(f"“{_quotation(document[start:end])}”" for start, end in sentence.evidence)
    if sentence.origin == "text":
        return Text.assemble(("text", "green"), f" {places}")
    if sentence.support is None:
        return Text.assemble(("not measured", "dim"))
    if sentence.stands:
        return Text.assemble((f"model {sentence.support:.2f}", "green"), f" {places}")
    nearest = f"  (nearest, {sentence.support:.2f}: {places})" if places else ""
    return Text.assemble(("nothing", "bold red"), (nearest, "dim"))


def _quotation(place: str) -> str:
    """Return a place of a document on one line, without its middle when it is long."""
    line = " ".join(clean(place).split())
    if len(line) <= _LONGEST_QUOTATION:
        return line
    half = _LONGEST_QUOTATION // 2
    beginning, end = shortened(line, half, len), shortened(line[::-1], half, len)[::-1]
    return f"{beginning} {end.removeprefix('… ')}"


def clean(text: str, *, keep: str = "") -> str:
    """Return `text` without control characters but those to `keep`: a document must not control the terminal.

    What has no width (soft hyphens, marks of direction) leaves no blank; joiners, which scripts and emoji need, stay.
    """
    keep += _JOINERS
    return "".join(c if c.isprintable() or c in keep else "" if unicodedata.category(c) == "Cf" else " " for c in text)


def tail_json(result: OutputMessage) -> str:
    """Return a result as the contract's JSON, on one line."""
    if isinstance(result, Deletion):
        met = {} if result.met is None else {"met": result.met}
        return json.dumps({"id": result.id, "deleted": True, **met})
    return result.to_json().decode() if isinstance(result, Summary) else result.model_dump_json()
