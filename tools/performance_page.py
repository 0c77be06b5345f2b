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

gistream is measured beside the common ways to use llama.cpp, in one run of `gistream bench` on a machine that does
nothing else:

    make llama-server                                       # llama.cpp's own server, from the sources gistream has
    make bench TEXT=book.txt LLAMA_SERVER=build/llama-server

Without a text the benchmark uses gistream's own samples; `QUICK=1` is a rough look in five minutes. A full run takes
about two hours on 2 cores; the same command resumes a run that was interrupted.

## Method

- Every system gets **the same tokens**: prompts are rendered once, by gistream's own chat template code, and the
  numbers of tokens that the systems count are compared. Temperature 0, repeat penalty 1.1 over 256 tokens, and the same
  limit of a completion.
- Systems are compared in the representation that `gistream tune` chose for this CPU, or in BF16 without a tuning;
  `--representations` names another.
- Every system has **its best settings** out of a small grid of its own (threads, flash attention, tokens at once,
  slots, lanes), searched one setting after the other before the rounds.
- Every measurement runs in **a process of its own**; a round measures all systems in turn, in an order that rotates. A
  figure is the median of the rounds, with the slowest and the fastest round beside it. A ratio is the median of the
  rounds' own ratios, because a machine's speed changes from round to round.
- *recipe*: `Llama(...)` loaded at every call, one document at a time. *cached*: loaded once. *llama-server*: with
  parallel slots. *lanes*: gistream's engine. *pipeline*: Kafka, Spark, the engine, Kafka, with micro-batches of the
  default size; the start of Kafka, Spark and the query is not in its figure. All systems take the model's first answer.
  The service makes a bad answer again (`ladder`), which takes a third more time on stories ([quality](quality.md));
  this is off here.
- *Busy*: beside one process that computes without a pause, as Spark and Kafka do for moments. The settings are the best
  ones of the idle machine, as in a service that is set up once. *Busy searched* has the best settings of the busy
  machine, which may leave a core to the other process.
"""

_AGAIN = """## The pipeline, measured again

A later run of the pipeline and of the lanes beside it, with later code of gistream and on another CPU
(`gistream bench book.txt --systems pipeline`, in an hour).

{machine}

{systems}
{ratios}
Seconds of the lanes and of the pipeline in each round: {seconds}. No pipeline is faster than the lanes in it; a ratio
above 1 shows that the machine's speed changed between the two measurements.

{latency}
"""


def page(results: Json, later: Json) -> str:
    """Return the page, from the JSON of a measurement of everything and of a `later` one of the pipeline."""
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
