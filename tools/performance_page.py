"""Writes docs/performance.md from what `gistream bench` wrote: docs/performance.json and performance-pipeline.json.

The first is a run of everything, the second a later one of the pipeline and the lanes beside it. So there is nothing on
the page that the benchmark did not print. A new run: `make bench`, its bench.json in the place of docs/performance.json
and its bench.png in that of docs/performance.png, and `python tools/write_docs.py`; of the pipeline alone:
`gistream bench TEXT --systems pipeline --json docs/performance-pipeline.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

_METHOD = """# Performance

gistream beside the ways in which llama.cpp is commonly used, measured in one run of `gistream bench` on a machine
that did nothing else:

    make llama-server                                       # llama.cpp's own server, from the sources gistream has
    make bench TEXT=book.txt LLAMA_SERVER=build/llama-server

Without a text it takes gistream's own samples; `QUICK=1` is a rough look in five minutes.

## Method

- Every system gets **the same tokens**: prompts are rendered once, by gistream's own chat template code, and the
  tokens that each system counts are compared. Temperature 0, repeat penalty 1.1 over 256 tokens, the same longest
  completion.
- Systems are compared in the representation that `gistream tune` chose for this CPU, in BF16 where it was not tuned;
  `--representations` names another.
- Every system has **its best settings** out of a small grid of its own (threads, flash attention, tokens at once,
  slots, lanes), searched one knob after the other before the rounds.
- Every measurement is **a process of its own**; rounds take all systems in turn, in an order that rotates. A figure
  is the median of the rounds, with the slowest and the fastest beside it; a ratio is the median of the rounds' own
  ratios, because a machine's speed changes from round to round.
- *recipe*: `Llama(...)` loaded at every call, one document at a time. *cached*: loaded once. *llama-server*: with
  parallel slots. *lanes*: gistream's engine. *pipeline*: Kafka, Spark, the engine, Kafka, with micro-batches of the
  default size; the start of Kafka, Spark and the query is not in its figure. All take the model's first answer: the
  service tries a bad one again (`ladder`), which takes a third more time on stories ([quality](quality.md)) and is off
  here.
- *Busy*: beside one process that computes without a pause, as Spark and Kafka do for moments. Settings are those of
  the idle machine, as a service has that is set up once; *busy searched* are settings for that very machine, which
  may leave it a core.
"""

_AGAIN = """## The pipeline, measured again

A later run, with gistream's later code and on another CPU, of the pipeline and of the lanes beside it
(`gistream bench book.txt --systems pipeline`, in an hour).

{0}
{1}
{2}
Seconds of the lanes and of the pipeline, a round each: {seconds}. No pipeline is faster than the lanes in it: what is
above 1 is the machine's speed, which changes between two measurements.

{3}"""

_LABELS = {
    "lanes_vs_recipe": "lanes, in their fastest representation, against the recipe on the file as shipped",
    "lanes_vs_cached": "the same against one cached `Llama` on the file as shipped",
    "lanes_vs_one_at_a_time": "lanes against one cached `Llama`, the same representation",
    "lanes_vs_llama_server": "lanes against llama-server, the same representation",
    "lanes_vs_llama_server_busy": "the same beside a busy process",
    "lanes_vs_llama_server_busy_searched": "the same, both set up for it",
    "pipeline_vs_lanes": "the whole pipeline against the lanes alone, on the same documents",
}
_SYSTEMS = ("recipe", "cached", "llama_server", "lanes")


def page(found: dict[str, Any], later: dict[str, Any]) -> str:
    """Return the page of what `gistream bench --json` wrote: of everything, and `later` of the pipeline."""
    parts = [
        _METHOD,
        _machine(found),
        _systems(found),
        _gains(found),
        f"## Ratios\n\n{_ratios(found)}",
        _latency(found, "## Latency\n\n"),
        _pipeline(later),
        _memory(found),
    ]
    return "\n".join([*parts, _settings(found), _notes(found)])


def _machine(found: dict[str, Any]) -> str:
    return f"## Machine\n\n{_where(found)}"


def _where(found: dict[str, Any]) -> str:
    machine, model, work = found["machine"], found["model"], found["workload"]
    length = f"{work['words']} words each" if work["words"] else "each of its full length"
    rounds = "one round" if found["repeats"] == 1 else f"medians of {found['repeats']} rounds"
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory'] / 1e3:,.0f} GB; "
        f"llama-cpp-python {found['llama_cpp']}, gistream {found['gistream']}. {model['name']}, "
        f"{model['representation']} as shipped. "
        f"{work['documents']} documents of `{work['text']}`, {length}: {work['tokens_in']:,} tokens of prompts, at "
        f"most {work['max_tokens']} generated for each, and {work['pipeline_documents']} documents for the pipeline; "
        f"{rounds}.\n"
    )


def _pipeline(later: dict[str, Any]) -> str:
    rounds = zip(*(one["rounds"] for one in later["systems"]), strict=True)
    seconds = "; ".join(" and ".join(f"{run['seconds']:.0f}" for run in runs) for runs in rounds)
    parts = (_where(later), _rates(later), _ratios(later), _latency(later, ""))
    return _AGAIN.format(*parts, seconds=seconds)


def _systems(found: dict[str, Any]) -> str:
    return f"## Systems\n\n![documents a second](performance.png)\n\n{_rates(found)}"


def _rates(found: dict[str, Any]) -> str:
    rows = [
        (
            _words(one["name"]),
            one["representation"],
            f"{one['documents_per_second']:.3f}",
            f"{one['spread'][0]:.3f} to {one['spread'][1]:.3f}",
            f"{one['tokens_in_per_second']:,.0f}",
            f"{one['tokens_out_per_second']:,.0f}",
            f"{one['peak_rss_mb']:,}",
        )
        for one in found["systems"]
    ]
    head = ("system", "model", "documents/s", "slowest to fastest", "tokens/s in", "tokens/s out", "peak MB")
    return _table(head, rows)


def _gains(found: dict[str, Any]) -> str:
    rates = {(one["name"], one["representation"]): one["documents_per_second"] for one in found["systems"]}
    shipped, compared = found["model"]["representation"], found["compared_in"]
    rows = [
        (_words(name), *(f"{rates[name, kind]:.3f}" for kind in (shipped, compared)))
        for name in _SYSTEMS
        if (name, shipped) in rates and (name, compared) in rates
    ]
    cached, lanes = (
        rates["cached", compared] / rates["cached", shipped],
        rates["lanes", compared] / rates["cached", compared],
    )
    return (
        f"## Where the gain comes from\n\n{_table(('documents/s', f'{shipped} as shipped', compared), rows)}\n"
        f"By representation x {cached:.2f}, by lanes x {lanes:.2f}, both x {cached * lanes:.2f}, against one "
        "cached `Llama`.\n"
    )


def _ratios(found: dict[str, Any]) -> str:
    spread = found["ratios_spread"]
    rows = [
        (_LABELS[name], f"{ratio:.3f}", f"{spread[name][0]:.3f} to {spread[name][1]:.3f}")
        for name, ratio in found["ratios"].items()
    ]
    return _table(("", "times as fast", "lowest to highest round"), rows)


def _latency(found: dict[str, Any], heading: str) -> str:
    if (delay := found["latency"]) is None:
        return ""
    return (
        f"{heading}One document on a warm, idle pipeline, median of {delay['documents']}: "
        f"{delay['pipeline_seconds']:.2f} s from produced to summary on the topic. An engine alone takes "
        f"{delay['engine_seconds']:.2f} s for them: {delay['added_seconds']:+.2f} s.\n"
    )


def _memory(found: dict[str, Any]) -> str:
    rows = [
        (
            one["representation"],
            f"{one['slots']} x {one['context']:,}",
            str(one["lanes"]),
            str(one["ubatch"]),
            f"{one['weights_mb']:,}",
            "unknown" if one["kv_cache_mb"] is None else f"{one['kv_cache_mb']:,}",
            f"{one['buffers_mb']:,}",
            f"{one['predicted_mb']:,}",
            f"{one['measured_mb']:,}",
            f"{one['ratio']:.2f}",
            "yes" if one["flat"] else f"no: {one['after_last_round_mb']:,}",
        )
        for one in found["memory"]
    ]
    setup = ("model", "slots x context", "lanes", "ubatch")
    head = (*setup, "weights", "KV", "buffers", "predicted", "measured", "ratio", "flat")
    return f"## Memory of an engine, MB\n\n{_table(head, rows)}"


def _settings(found: dict[str, Any]) -> str:
    rows = []
    for one in found["settings"]:
        tried = sorted(one["tried"], key=lambda trial: -trial["documents_per_second"])
        said = "; ".join(f"{_knobs(t)} {t['documents_per_second']:.3f}" for t in tried)
        rows.append((_words(one["system"]), one["representation"], said))
    return f"## Settings, best first\n\n{_table(('system', 'model', 'documents/s with'), rows)}"


def _notes(found: dict[str, Any]) -> str:
    return "".join(f"- {note}\n" for note in found["notes"])


def _knobs(trial: dict[str, Any]) -> str:
    words = {True: "on", False: "off"}
    return ", ".join(
        f"{name.replace('_', ' ')} {words[value] if isinstance(value, bool) else value}"
        for name, value in trial.items()
        if name != "documents_per_second"
    )


def _words(name: str) -> str:
    return name.replace("llama_server", "llama-server").replace("_", " ")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
