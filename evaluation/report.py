"""The results as a person reads them: a table of the systems, and how sure their differences are."""

from __future__ import annotations

from statistics import mean

from rich.console import Console
from rich.table import Table

from evaluation.bootstrap import Difference
from evaluation.results import EvaluationResults, Scored
from evaluation.rouge import MEASURES

_HEADINGS = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeLsum": "ROUGE-Lsum"}


def show(results: EvaluationResults, out: Console) -> None:
    """Print everything."""
    out.print(f"{len(results.stories)} texts of {results.data}; means over the texts, ROUGE in percent\n", markup=False)
    out.print(_systems(results))
    if differences := results.differences():
        first = results.systems[0].name
        sure = any(found.low is not None for _, by_measure in differences for found in by_measure.values())
        intervals = "with 95% intervals (paired bootstrap)" if sure else "too few texts for intervals"
        out.print(f"\n{first} minus each other, {intervals}", style="bold", markup=False)
        table = Table("", *_HEADINGS.values(), box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for other, by_measure in differences:
            table.add_row(other.name, *map(_difference, by_measure.values()))
        out.print(table)
    for story, why in results.failed.items():
        out.print(f"- without {story}: {why}", markup=False)


def _systems(results: EvaluationResults) -> Table:
    table = Table(
        "system", *_HEADINGS.values(), "words", "extracts", "grounding", "repetition", "copy", "s a text", "tokens in",
        "out", box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold",
    )  # fmt: skip
    for one in results.systems:
        scores = (f"{100 * getattr(one.mean, measure):.1f}" for measure in MEASURES)
        table.add_row(one.name, *scores, f"{mean(one.lengths):.0f}", *_of_model(one))
    return table


def _difference(found: Difference) -> str:
    if found.low is None or found.high is None:
        return f"{100 * found.mean:+.1f}"
    return f"{100 * found.mean:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"


def _of_model(one: Scored) -> list[str]:
    if not one.summaries:
        return []
    prompt, completion = one.tokens
    signals = (one.signal(name) for name in ("grounding", "repetition", "copy"))
    return [
        f"{one.fallback_share:.0%}",
        *("" if value is None else f"{value:.2f}" for value in signals),
        f"{one.seconds / len(one.summaries):.1f}",
        f"{prompt:,}",
        f"{completion:,}",
    ]
