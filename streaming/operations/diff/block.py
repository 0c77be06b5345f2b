"""A comparison on the screen: what each side has, and each difference sentence by sentence.

What one side says and the other does not is red and crossed out in A, green and underlined in B; without colours it
stands in `[-...-]` and `{+...+}`, as `git diff --word-diff` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from consumers.marks import Piece, pieces
from consumers.rendering import Paragraph, clean
from streaming.messages import Summary, SummarySentence
from streaming.operations.diff.comparison import LETTERS, Change, Counts, Difference, Letter
from streaming.wording import counted

# Characters of a recipe's hash that tell two of them apart.
RECIPE_LENGTH = 8
_STYLE = {"a": "red strike", "b": "green underline"}
_SIGNS = {"a": ("[-", "-]"), "b": ("{+", "+}")}
# Cells before a sentence; a side's letter stands in them.
_INDENT = 5
_SIGNALS = ("supported", "grounding", "repetition", "copied", "compression")
_CHANGES: dict[Change, str] = {
    "changed": "changed", "only_in_a": "only in A", "only_in_b": "only in B", "same": "the same"
}  # fmt: skip


def counts_block(title: str, letter: Letter, counts: Counts) -> RenderableType:
    """Return what one side has."""
    lines = [
        Text.assemble(
            (f"{letter.upper()}: {clean(title)}", "bold"),
            f"  {counted(counts.documents, 'document')}" + _listed(counts.status),
        )
    ]
    for recipe in counts.recipes:
        made = f"{clean(recipe.model)}, prompt {clean(recipe.prompt)}: {recipe.documents:,}"
        lines.append(Text(f"   recipe {clean(recipe.recipe[:RECIPE_LENGTH])}  {made}"))
    if counts.signals:
        means = ", ".join(f"{name} {mean:.2f}" for name, mean in counts.signals.items())
        lines.append(Text(f"   means: {means}"))
    if counts.deleted:
        lines.append(Text(f"   {counted(counts.deleted, 'deleted document')}"))
    if counts.dead_letters:
        total = sum(counts.dead_letters.values())
        lines.append(Text(f"   {counted(total, 'dead letter')}{_listed(counts.dead_letters)}"))
    return Group(*lines)


def changes_line(changes: Mapping[Change, int]) -> Text:
    """Return how many documents there are of each change."""
    return Text(", ".join(f"{number:,} {_CHANGES[change]}" for change, number in changes.items()), style="bold")


def difference_block(difference: Difference) -> RenderableType:
    """Return a document's summaries, A above B."""
    summary = difference.b or difference.a
    title = f"  {clean(summary.title)}" if summary is not None and summary.title else ""
    lines: list[RenderableType] = [
        Text.assemble((clean(difference.id), "bold"), title, (f"  {'; '.join(_facts(difference))}", "dim"))
    ]
    for letter, parts in zip(LETTERS, pieces(difference.a, difference.b), strict=True):
        lines += [_Marked(letter, piece, "" if place else f"  {letter.upper()}") for place, piece in enumerate(parts)]
    return Group(*lines, Text())


@dataclass(frozen=True)
class _Marked:
    """A piece of a summary with the words that the other side lacks, and what it stands on."""

    letter: Letter
    piece: Piece
    mark: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        before, after = ("", "") if console.color_system else _SIGNS[self.letter]
        text = Text()
        for words, changed in self.piece.runs:
            shown = clean(words, keep="\n")
            text.append(f"{before}{shown}{after}" if changed else shown, style=_STYLE[self.letter] if changed else "")
        if self.piece.sentence is not None:
            text.append_text(_support(self.piece.sentence))
        yield Paragraph(text, indent=_INDENT, mark=self.mark)


def _support(sentence: SummarySentence) -> Text:
    """Return how a sentence stands on the document: whose it is, its support, and where its evidence is."""
    places = ", ".join(f"{start}-{end}" for start, end in sentence.evidence)
    if sentence.origin == "text":
        words, style = f"text at {places}" if places else "text", "dim"
    elif sentence.support is None:
        words, style = "not measured", "dim"
    elif sentence.stands:
        words, style = f"model {sentence.support:.2f} at {places}", "dim"
    else:
        nearest = f", nearest {sentence.support:.2f} at {places}" if places else ""
        words, style = f"stands on nothing{nearest}", "red"
    return Text(f"  ({words})", style=style)


def _facts(difference: Difference) -> Iterator[str]:
    """Yield what has changed about a document, beside its text."""
    a, b = difference.a, difference.b
    yield _CHANGES[difference.change] + (f" ({clean(difference.reason)})" if difference.reason else "")
    if a is None or b is None:
        for summary in filter(None, (a, b)):
            yield summary.status
            yield f"recipe {clean(summary.recipe[:RECIPE_LENGTH])}"
            yield from (f"{name} {value:.2f}" for name, value in _signals(summary).items())
        return
    if difference.other_document:
        yield "other text of the document"
    yield a.status if a.status == b.status else f"{a.status} → {b.status}"
    if a.recipe != b.recipe:
        yield f"recipe {clean(a.recipe[:RECIPE_LENGTH])} → {clean(b.recipe[:RECIPE_LENGTH])}"
    signals_a, signals_b = _signals(a), _signals(b)
    for name in _SIGNALS:
        values = [f"{signals[name]:.2f}" if name in signals else "none" for signals in (signals_a, signals_b)]
        if values[0] != values[1]:
            yield f"{'copy' if name == 'copied' else name} {values[0]} → {values[1]}"


def _signals(summary: Summary) -> dict[str, float]:
    return {name: value for name in _SIGNALS if (value := getattr(summary.signals, name)) is not None}


def _listed(counts: Mapping[str, int]) -> str:
    return ": " * bool(counts) + ", ".join(f"{number:,} {clean(name)}" for name, number in counts.items())
