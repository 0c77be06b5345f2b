"""Writes docs/performance.md from the JSON of `gistream bench`: docs/performance.json and performance-pipeline.json.

The first is a measurement of everything, the second a later one of the pipeline and the lanes beside it. The sections
of the page are those that the command prints (`benchmarks/report.py`). For a new measurement, copy bench.json of
`make bench` to docs/performance.json and bench.png to docs/performance.png, and run `python tools/write_docs.py`. The
pipeline alone: `gistream bench TEXT --systems pipeline --json docs/performance-pipeline.json`.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import report
from benchmarks.report import Json, Section

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

{machine}

{systems}
{ratios}
Seconds of the lanes and of the pipeline, a round each: {seconds}. No pipeline is faster than the lanes in it: what is
above 1 is the machine's speed, which changes between two measurements.

{latency}
"""


def page(results: Json, later: Json) -> str:
    """Return the page of what `gistream bench --json` wrote: of everything, and `later` of the pipeline."""
    picture = Section(report.systems(results).heading, "![documents a second](performance.png)")
    return "\n".join(
        [
            _METHOD,
            _section(report.machine(results)),
            _section(picture),
            _table(report.systems(results)),
            *(_section(make(results)) for make in (report.gain, report.ratios, report.latency)),
            _again(later),
            *(_section(make(results)) for make in (report.memory, report.settings, report.notes)),
        ]
    )


def _again(later: Json) -> str:
    rounds = zip(*(system["rounds"] for system in later["systems"]), strict=True)
    return _AGAIN.format(
        machine=report.machine(later).text,
        systems=_table(report.systems(later)),
        ratios=_table(report.ratios(later)),
        seconds="; ".join(" and ".join(f"{run['seconds']:.0f}" for run in runs) for runs in rounds),
        latency=report.latency(later).text,
    )


def _section(section: Section) -> str:
    body = f"{section.text}\n" if section.text else _table(section)
    return f"## {section.heading}\n\n{body}"


def _table(section: Section) -> str:
    lines: list[Sequence[str]] = [section.columns, ["---"] * len(section.columns), *section.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
