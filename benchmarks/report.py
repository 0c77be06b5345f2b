"""The results in sections of text and tables: for a terminal, and for docs/performance.md.

Made from the JSON of a measurement, so a page can be made of one that was measured long ago.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.contract import settings_text
from benchmarks.figures import gains
from streaming.terminal.consoles import print_table
from streaming.wording import counted

_SYSTEMS = ("recipe", "cached", "llama_server", "lanes")
_RATIOS = {
    "lanes_vs_recipe": "lanes, in their fastest representation, against the recipe on the file as shipped",
    "lanes_vs_cached": "lanes, in their fastest representation, against one cached Llama on the file as shipped",
    "lanes_vs_one_at_a_time": "lanes against one cached Llama, the same representation",
    "lanes_vs_llama_server": "lanes against llama-server, the same representation",
    "lanes_vs_llama_server_busy": "lanes against llama-server, beside a busy process",
    "lanes_vs_llama_server_busy_searched": "lanes against llama-server, beside a busy process, both set up for it",
    "pipeline_vs_lanes": "the whole pipeline against the lanes alone, on the same documents",
}

# What `results.as_json` returns, also when it was read from a file.
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """A part of the report: a heading, sentences, and a table. Text and table may be empty."""

    heading: str
    text: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def show(results: Json, out: Console) -> None:
    """Print all sections that say something."""
    for section in sections(results):
        out.print(f"\n{section.heading}", style="bold", markup=False)
        if section.text:
            out.print(section.text, markup=False)
        if section.rows:
            table = Table(*section.columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
            for row in section.rows:
                table.add_row(*row)
            print_table(table, out)


def sections(results: Json) -> Iterator[Section]:
    """Yield all sections that say something, in the order of a report."""
    for make in (machine, systems, gain, ratios, not_measured, latency, memory, settings, notes):
        section = make(results)
        if section.text or section.rows:
            yield section


def machine(results: Json) -> Section:
    """Return the machine, the versions, the model and the documents of the measurement."""
    machine, model, work = results["machine"], results["model"], results["workload"]
    length = f"{counted(work['words'], 'word')} each" if work["words"] else "each of its full length"
    server = f", llama-server {results['llama_server']}" if "llama_server" in results else ""
    pipeline = (
        f", and {counted(work['pipeline_documents'], 'document')} for the pipeline"
        if work["pipeline_documents"]
        else ""
    )
    rounds = "one round" if results["repeats"] == 1 else f"medians of {results['repeats']} rounds, interleaved"
    return Section(
        "Machine",
        f"{machine['cpu']}, {counted(machine['cores'], 'core')}, {machine['memory'] / 1e3:,.0f} GB; llama-cpp-python "
        f"{results['llama_cpp']}, gistream {results['gistream']}{server}. {model['name']}, {model['representation']} "
        f"as shipped, SHA-256 {model['sha256']}. {counted(work['documents'], 'document')} of {work['text']}, {length}: "
        f"{work['tokens_in']:,} tokens of prompts, at most {work['max_tokens']} generated for each{pipeline}; "
        f"{rounds}.",
    )


def systems(results: Json) -> Section:
    """Return the speed and the memory of each system."""
    rows = [
        (
            _words(system["name"]),
            system["representation"],
            f"{system['documents_per_second']:.3f}",
            _range(system["spread"]),
            f"{system['tokens_in_per_second']:,.0f}",
            f"{system['tokens_out_per_second']:,.0f}",
            f"{system['peak_rss_mb']:,}",
        )
        for system in results["systems"]
    ]
    columns = ("system", "model", "documents/s", "slowest to fastest", "tokens/s in", "tokens/s out", "peak MB")
    return Section("Systems", "", columns, rows)


def gain(results: Json) -> Section:
    """Return the gain by a representation and the gain by lanes, each by itself."""
    rates = {(row["name"], row["representation"]): row["documents_per_second"] for row in results["systems"]}
    shipped = results["model"]["representation"]
    representations = list(dict.fromkeys(row["representation"] for row in results["systems"]))
    rows: list[list[str]] = []
    for system in _SYSTEMS:
        speeds = [rates.get((system, name)) for name in representations]
        if any(speeds):
            rows.append([_words(system), *("" if speed is None else f"{speed:.3f}" for speed in speeds)])
    if rows:
        factors = [gains(rates, shipped=shipped, representation=name) for name in representations]
        rows += [
            ["by representation", *("" if each is None else f"x {each.representation:.2f}" for each in factors)],
            ["by lanes", *("" if each is None else f"x {each.lanes:.2f}" for each in factors)],
            ["both, against one cached Llama", *("" if each is None else f"x {each.both:.2f}" for each in factors)],
        ]
    names = (f"{name} as shipped" if name == shipped else name for name in representations)
    return Section("Where the gain comes from", "", ("documents/s", *names), rows)


def ratios(results: Json) -> Section:
    """Return how many times faster one system is than another."""
    rows = [
        (_RATIOS[name], f"{ratio:.3f}", _range(results["ratios_spread"][name]))
        for name, ratio in results["ratios"].items()
    ]
    return Section(
        f"Ratios, systems compared in {results['compared_in']}",
        "",
        ("", "times as fast", "lowest to highest round"),
        rows,
    )


def not_measured(results: Json) -> Section:
    """Return the ratios that were not measured, and why."""
    rows = [(_RATIOS[name], reason) for name, reason in results["not_measured"].items()]
    return Section("Ratios that were not measured", "", ("", "reason"), rows)


def latency(results: Json) -> Section:
    """Return how long one document takes on an idle pipeline; without text when there was no pipeline."""
    if (delay := results["latency"]) is None:
        return Section("Latency")
    return Section(
        "Latency",
        f"One document on a warm, idle pipeline, median of {delay['documents']}: {delay['pipeline_seconds']:.2f} s "
        f"from produced to summary on the topic. An engine alone takes {delay['engine_seconds']:.2f} s for them: "
        f"{delay['added_seconds']:+.2f} s.",
    )


def memory(results: Json) -> Section:
    """Return the memory of engines, as predicted and as measured."""
    rows = [
        (
            engine["representation"],
            f"{engine['slots']} x {engine['context']:,}",
            str(engine["lanes"]),
            str(engine["ubatch"]),
            f"{engine['weights_mb']:,}",
            "unknown" if engine["kv_cache_mb"] is None else f"{engine['kv_cache_mb']:,}",
            f"{engine['buffers_mb']:,}",
            f"{engine['predicted_mb']:,}",
            f"{engine['measured_mb']:,}",
            f"{engine['ratio']:.2f}",
            "yes" if engine["flat"] else f"no: {engine['after_last_round_mb']:,}",
        )
        for engine in results["memory"]
    ]
    setup = ("model", "slots x context", "lanes", "ubatch")
    columns = (*setup, "weights", "KV", "buffers", "predicted", "measured", "ratio", "flat")
    return Section("Memory of an engine, MB", "", columns, rows)


def settings(results: Json) -> Section:
    """Return the settings that were tried of each system, the chosen ones first."""
    rows = [
        (_words(system["system"]), system["representation"], settings_text(knobs), f"{rate:.3f}" if rate else "")
        for system in results["settings"]
        for knobs, rate in _trials(system)
    ]
    return Section("Settings, the chosen ones first", "", ("system", "model", "settings", "documents/s"), rows)


def notes(results: Json) -> Section:
    """Return the remarks without which the figures mislead."""
    return Section("Notes", "\n".join(f"- {note}" for note in results["notes"]))


def _trials(system: Json) -> list[tuple[dict[str, int | bool], float]]:
    """Return settings and their documents a second, the chosen settings first; 0 where nothing was measured."""
    pairs = [({**trial}, trial["documents_per_second"]) for trial in system["tried"]]
    for knobs, _ in pairs:
        del knobs["documents_per_second"]
    return sorted(pairs, key=lambda pair: (pair[0] != system["chosen"], -pair[1]))


def _range(limits: Sequence[float]) -> str:
    return f"{limits[0]:.3f} to {limits[1]:.3f}"


def _words(name: str) -> str:
    return name.replace("llama_server", "llama-server").replace("_", " ")
