"""The results as a person reads them: the machine, tables, ratios, and where the gain comes from."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks.contract import settings_text
from benchmarks.figures import gains
from benchmarks.results import BenchResults

_SYSTEMS = ("recipe", "cached", "llama_server", "lanes")


def show(results: BenchResults, out: Console) -> None:
    """Print everything."""
    work, machine = results.workload, results.machine
    rounds = "one round" if results.repeats == 1 else f"medians of {results.repeats} rounds, interleaved"
    more = f"; {work.pipeline_documents} for the pipeline" if work.pipeline_documents else ""
    length = f"{work.words} words each" if work.words else "each of its full length"
    out.print(
        f"{machine.cpu}, {machine.cores} cores, {machine.memory / 1e9:,.0f} GB; llama-cpp-python "
        f"{results.versions['llama_cpp']}, gistream {results.versions['gistream']}"
        + (f", llama-server {results.versions['llama_server']}" if "llama_server" in results.versions else "")
    )
    out.print(f"{results.model}, {results.shipped} as shipped, SHA-256 {results.sha256}")
    out.print(
        f"{work.documents} documents of {work.text}, {length}: {work.tokens_in:,} tokens of prompts, at most "
        f"{work.max_tokens} generated for each{more}; {rounds}\n"
    )
    out.print(_systems(results))
    out.print("\n[bold]Settings[/bold]")
    for (name, representation), trials in results.trials.items():
        out.print(f"  {name.replace('_', ' ')}, {representation}: {settings_text(trials[-1].knobs)}")
    if any(figure.case.name in _SYSTEMS for figure in results.figures):
        out.print(_gains(results))
    _show_ratios(results, out)
    if (delay := results.delay) is not None:
        out.print(
            f"\nLatency of one document on a warm, idle pipeline, median of {len(results.delays)}: "
            f"{delay.pipeline:.2f} s from produced to summary, the engine alone {delay.engine:.2f} s: "
            f"{delay.pipeline - delay.engine:+.2f} s"
        )
    if results.footprints:
        out.print(_memory(results))
    for note in results.notes:
        out.print(f"- {note}")


def _systems(results: BenchResults) -> Table:
    table = Table(
        "system", "model", "documents/s", "slowest to fastest", "tokens/s in", "out", "peak MB", box=None,
        pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", title="Systems", title_justify="left",
    )  # fmt: skip
    for figure in results.figures:
        slow, fast = figure.spread
        table.add_row(
            figure.case.name.replace("_", " "),
            figure.case.representation,
            f"{figure.documents_per_second:.3f}",
            f"{slow:.3f} to {fast:.3f}",
            f"{figure.tokens_in_per_second:,.0f}",
            f"{figure.tokens_out_per_second:,.0f}",
            f"{figure.peak_bytes / 1e6:,.0f}",
        )
    return table


def _gains(results: BenchResults) -> Table:
    """Return the table that separates the gain by representation from the gain by lanes."""
    representations = list(dict.fromkeys(figure.case.representation for figure in results.figures))
    rates = {(one.case.name, one.case.representation): one.documents_per_second for one in results.figures}
    table = Table(
        "documents/s",
        *(f"{name} as shipped" if name == results.shipped else name for name in representations),
        box=None, header_style="bold", title="\nGain by representation and gain by lanes", title_justify="left",
    )  # fmt: skip
    for system in _SYSTEMS:
        row = [rates.get((system, name)) for name in representations]
        if any(row):
            table.add_row(system.replace("_", "-"), *("" if rate is None else f"{rate:.3f}" for rate in row))
    found = [gains(results.figures, shipped=results.shipped, representation=name) for name in representations]
    table.add_row("by representation", *("" if one is None else f"x {one.representation:.2f}" for one in found))
    table.add_row("by lanes", *("" if one is None else f"x {one.lanes:.2f}" for one in found))
    table.add_row("both", *("" if one is None else f"x {one.both:.2f}" for one in found))
    return table


def _show_ratios(results: BenchResults, out: Console) -> None:
    out.print(f"\n[bold]Ratios[/bold] (systems compared in {results.compared}; of each round, lowest to highest)")
    for name, ratio in results.ratios.found.items():
        between = f"   {ratio.lowest:.3f} to {ratio.highest:.3f}" if results.repeats > 1 else ""
        out.print(f"  {name:<38}{ratio.median:.3f}{between}")
    for name, reason in results.ratios.absent.items():
        out.print(f"  {name:<38}{reason}")


def _memory(results: BenchResults) -> Table:
    table = Table(
        "model", "slots", "lanes", "ubatch", "context", "weights", "KV", "buffers", "predicted", "measured", "ratio",
        "flat", box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold",
        title="\nMemory of an engine, MB", title_justify="left",
    )  # fmt: skip
    for one in results.footprints:
        cache = "unknown" if one.predicted.kv_cache is None else f"{one.predicted.kv_cache / 1e6:,.0f}"
        table.add_row(
            one.representation,
            str(one.knobs["slots"]),
            str(one.knobs["lanes"]),
            str(one.knobs["ubatch"]),
            f"{one.context:,}",
            f"{one.predicted.weights / 1e6:,.0f}",
            cache,
            f"{one.predicted.buffers / 1e6:,.0f}",
            f"{one.predicted.total / 1e6:,.0f}",
            f"{one.measured.first / 1e6:,.0f}",
            f"{one.ratio:.2f}",
            "yes" if one.flat else f"no: {one.measured.last / 1e6:,.0f}",
        )
    return table
