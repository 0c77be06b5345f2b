"""The results for a person to read: a table of the systems, and how sure their differences are."""

from __future__ import annotations

from statistics import mean

from rich.console import Console
from rich.table import Table

from evaluation.bootstrap import Difference
from evaluation.results import EvaluationResults, SystemScores
from evaluation.rouge import MEASURES
from streaming.terminal.consoles import print_table
from streaming.wording import counted

_HEADINGS = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeLsum": "ROUGE-Lsum"}


def show(results: EvaluationResults, out: Console) -> None:
    """Print everything."""
    unit = ", ROUGE in percent" if results.scored else "; no ROUGE, which needs references for every text"
    out.print(f"{counted(len(results.stories), 'text')} of {results.data}; means over the texts{unit}\n", markup=False)
    print_table(_systems(results), out)
    if differences := results.differences():
        first = results.systems[0].name
        sure = any(gap.low is not None for _, by_measure in differences for gap in by_measure.values())
        intervals = "with 95% intervals (paired bootstrap)" if sure else "too few texts for intervals"
        out.print(f"\n{first} minus each other, {intervals}", style="bold", markup=False)
        table = Table("", *_HEADINGS.values(), box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for other, by_measure in differences:
            table.add_row(other.name, *map(_difference, by_measure.values()))
        print_table(table, out)
    for story, reason in results.failed.items():
        out.print(f"- without {story}: {reason}", markup=False)


def _systems(results: EvaluationResults) -> Table:
    headings = _HEADINGS.values() if results.scored else ()
    table = Table(
        "system", *headings, "words", "repaired", "extracts", "supported", "grounding", "repetition", "copy",
        "s a text", "tokens in", "out", box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold",
    )  # fmt: skip
    for system in results.systems:
        scores = (f"{100 * getattr(system.mean, measure):.1f}" for measure in MEASURES if results.scored)
        table.add_row(system.name, *scores, f"{mean(system.lengths):.0f}", *_of_model(system))
    return table


def _difference(gap: Difference) -> str:
    if gap.low is None or gap.high is None:
        return f"{100 * gap.mean:+.1f}"
    return f"{100 * gap.mean:+.1f} ({100 * gap.low:+.1f} to {100 * gap.high:+.1f})"


def _of_model(system: SystemScores) -> list[str]:
    if not system.summaries:
        return []
    prompt, completion = system.tokens
    signals = (system.signal(name) for name in ("supported", "grounding", "repetition", "copy"))
    return [
        f"{system.share('repaired'):.0%}",
        f"{system.share('extractive_fallback'):.0%}",
        *("" if value is None else f"{value:.2f}" for value in signals),
        f"{system.seconds / len(system.summaries):.1f}",
        f"{prompt:,}",
        f"{completion:,}",
    ]
