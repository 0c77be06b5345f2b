"""People's ratings for a person to read: a table of the systems, how sure their differences are, who is preferred."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluation.bootstrap import Difference
from evaluation.rating_results import SCALES, SHARES, RatingResults
from evaluation.thresholds import FEWEST, SUPPORTED, Threshold
from streaming.terminal.consoles import print_table

_HEADINGS = {"supported": "supported", "usable": "usable", "main": "main point", "reads": "reads well"}


def show_ratings(results: RatingResults, out: Console) -> None:
    """Print everything."""
    raters = _count(results.raters, "person", "people")
    out.print(
        f"{_count(results.texts, 'text')} of {results.data}, judged by {raters}; means over the texts\n", markup=False
    )
    print_table(_systems(results), out)
    if len(results.systems) > 1:
        out.print(f"\n{results.systems[0].name} minus each other, {_intervals(results)}", style="bold", markup=False)
        print_table(_differences(results), out)
    if results.preferences:
        out.print("\nPreferences", style="bold")
        print_table(_preferences(results), out)
    if results.thresholds:
        out.print("\nLeast support", style="bold")
        for each in results.thresholds:
            out.print(_least_support(each), markup=False)
    if results.incomplete:
        out.print(
            f"- some ratings are missing in {results.incomplete} of {results.judgements} judgements of a text",
            markup=False,
        )


def _systems(results: RatingResults) -> Table:
    table = _table("system", "texts", "supported", "partly", "unsupported", "usable", "main point", "reads well")
    for system in results.systems:
        table.add_row(
            escape(system.name),
            str(system.texts),
            *(_share(system.mean(name)) for name in ("supported", "partly", "unsupported")),
            f"{system.usable} of {system.usable_of}",
            *(_scale(system.mean(name)) for name in SCALES),
        )
    return table


def _least_support(threshold: Threshold) -> str:
    """Say from which support on the sentences of a system may be kept."""
    judged = _count(threshold.judged, "sentence")
    if threshold.judged < FEWEST:
        return f"{threshold.system}: none; {judged} judged, and {FEWEST} are needed"
    if threshold.least is None:
        return (
            f"{threshold.system}: none; no threshold keeps {FEWEST} of {judged} with {SUPPORTED:.0%} of them supported"
        )
    return (
        f"{threshold.system}: least_support = {threshold.least:g}; with so much support {threshold.supported} of "
        f"{_count(threshold.sentences, 'sentence')} were supported, with less {threshold.supported_below} of "
        f"{threshold.judged - threshold.sentences}"
    )


def _differences(results: RatingResults) -> Table:
    table = _table("", *_HEADINGS.values())
    for other, by_measure in results.differences():
        cells = (_difference(gap, 100 if name in SHARES else 1) for name, gap in by_measure.items())
        table.add_row(escape(other.name), *cells)
    return table


def _preferences(results: RatingResults) -> Table:
    table = _table("", "to", "preferred", "reverse", "ties", "net, % of texts")
    for each in results.preferences:
        counts = (str(count) for count in (each.preferred, each.reverse, each.ties))
        table.add_row(escape(each.system), escape(each.other), *counts, _difference(each.net, 100))
    return table


def _intervals(results: RatingResults) -> str:
    gaps = [gap for _, by_measure in results.differences() for gap in by_measure.values()]
    sure = any(gap is not None and gap.low is not None for gap in gaps)
    return "with 95% intervals (paired bootstrap)" if sure else "too few texts for intervals"


def _table(*headings: str) -> Table:
    return Table(*headings, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def _difference(gap: Difference | None, factor: int) -> str:
    if gap is None:
        return ""
    digits = 1 if factor > 1 else 2
    values = [f"{factor * value:+.{digits}f}" for value in (gap.mean, gap.low, gap.high) if value is not None]
    return values[0] if len(values) == 1 else f"{values[0]} ({values[1]} to {values[2]})"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _scale(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _count(number: int, one: str, several: str | None = None) -> str:
    return f"{number} {one if number == 1 else several or f'{one}s'}"
