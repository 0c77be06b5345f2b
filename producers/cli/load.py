"""`gistream produce load`: made-up documents at a rate, to find out how much an installation takes."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from producers.cli.notes import notes
from streaming.ctrl_c import stop_event
from streaming.errors import NotAcknowledged, UsageError
from streaming.settings import Settings
from streaming.settings import load as load_settings
from streaming.settings.flags import DataDir, InputTopic, Json, Kafka, Servers, command_flags
from streaming.wording import counted
from streaming.wording import duration as duration_text

if TYPE_CHECKING:
    from producers.load.report import LoadReport

_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_MOST_REFUSALS = 20


def load(
    ctx: typer.Context,
    rate: Annotated[float, typer.Option(help="Documents a second, on average.", show_default=False)],
    sizes: Annotated[
        str,
        typer.Option(help="Words of a document: fixed:200, uniform:50,400, or lognormal:200,1.0 (median, sigma)."),
    ] = "lognormal:200,1.0",
    duration: Annotated[str, typer.Option(help="How long documents arrive: 60s, 10m, 2h.")] = "60s",
    arrivals: Annotated[
        Literal["poisson", "even"],
        typer.Option(help="At random moments, as from many people, or one in each equal interval."),
    ] = "poisson",
    duplicates: Annotated[
        float, typer.Option(min=0, max=1, help="The share of exact copies of earlier documents.")
    ] = 0.0,
    bad: Annotated[
        float,
        typer.Option(min=0, max=1, help="The share of bad messages, of six kinds, which become dead letters."),
    ] = 0.0,
    keys: Annotated[
        int | None,
        typer.Option(
            min=1, help="Have so many ids, of which documents are versions; else each has its own.", show_default=False
        ),
    ] = None,
    load_seed: Annotated[
        int, typer.Option("--seed", help="The same seed and flags send the same documents. Another one sends others.")
    ] = 1,
    into_existing: Annotated[
        bool, typer.Option("--into-existing", help="Send also to a topic that has documents of others.")
    ] = False,
    input_topic: InputTopic = None,
    bootstrap_servers: Servers = None,
    kafka: Kafka = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Send made-up documents on a schedule that does not wait, and report the rate and the latency.

    Each record is stamped with its scheduled time, so a system that is too slow shows as latency. Texts are made of the
    sample documents' sentences. Ctrl-C ends the load with its report.

    Examples:

        gistream produce load --input-topic load --rate 5 --duration 10m

        gistream produce load --input-topic load --rate 50 --sizes fixed:40 --duplicates 0.05 --bad 0.02
    """
    from producers.load.documents import Mix
    from producers.load.foreign_records import check_topics
    from producers.load.report import LoadReport
    from producers.load.run import Load, run_load
    from producers.load.sizes import Sizes

    settings = load_settings(command_flags(ctx))
    if rate <= 0:
        raise UsageError(f"--rate takes documents a second, more than 0, not {rate:g}.")
    if duplicates + bad > 1:
        raise UsageError("--duplicates and --bad are shares of all documents; together they are more than 1.")
    mix = Mix(Sizes.parse(sizes), duplicates, bad, keys, load_seed)
    plan = Load(rate, _seconds(duration), arrivals, mix)
    if not into_existing:
        check_topics(settings)
    report = LoadReport(rate)
    try:
        with stop_event() as stop:
            run_load(
                settings,
                plan,
                report,
                stop=stop,
                on_look=lambda: _print_look(report) if notes.is_terminal else None,
                on_behind=lambda seconds: notes.print(f"behind the schedule by {seconds:.1f} s", style="yellow"),
            )
    finally:
        # Also when Kafka went away: what was acknowledged until then.
        if report.sent or as_json:
            _print_report(settings, report, as_json=as_json)
    if report.refusals:
        raise NotAcknowledged(f"{counted(len(report.refusals), 'document')} did not reach the topic; see above.")


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise UsageError(f"--duration takes a time such as 60s, 10m or 2h; '{text}' is none.")
    return float(match[1]) * _SECONDS[match[2]]


def _print_look(report: LoadReport) -> None:
    notes.print(
        f"{report.seconds:.0f} s: {report.sent.total():,} sent, {report.acknowledged:,} acknowledged "
        f"({report.achieved:,.1f}/s), {_milliseconds(report.behind)} behind the schedule; {_latency(report)}"
    )


def _print_report(settings: Settings, report: LoadReport, *, as_json: bool) -> None:
    for refusal in report.refusals[:_MOST_REFUSALS]:
        notes.print(f"refused: {refusal.name}: {refusal.reason}", style="red", markup=False)
    if (more := len(report.refusals) - _MOST_REFUSALS) > 0:
        notes.print(f"refused: {more:,} more; --json has them all", style="red")
    if as_json:
        sys.stdout.write(json.dumps(report.as_json()) + "\n")
    else:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in report.sent.most_common())
        end = "interrupted; " if report.interrupted else ""
        notes.print(
            f"{end}{counted(report.sent.total(), 'document')} sent to '{settings.input_topic}': {kinds or 'none'}"
        )
        notes.print(
            f"{report.acknowledged:,} acknowledged in {duration_text(report.seconds)}: {report.achieved:,.2f}/s, "
            f"{report.rate:g}/s scheduled; at most {_milliseconds(report.most_behind)} behind the schedule"
        )
        notes.print(f"from the scheduled time to the acknowledgement: {_latency(report)}")
    if line := _too_slow(report):
        notes.print(line, style="yellow")


def _too_slow(report: LoadReport) -> str | None:
    """Return the line for a load that did not keep its schedule: by how much, and what was too slow."""
    from producers.load.run import BEHIND_SECONDS

    if report.most_behind <= BEHIND_SECONDS and not report.unsent:
        return None
    unsent = f"; {counted(report.unsent, 'document')} of it were not sent" if report.unsent else ""
    cause = (
        "Kafka took no more"
        if report.waited > report.most_behind / 2
        else "one process sends no faster here; start several, each with a --seed of its own"
    )
    return (
        f"The load fell up to {report.most_behind:.1f} s behind its schedule, of which it waited {report.waited:.1f} s "
        f"for Kafka{unsent}: {cause}. Latencies count from the schedule."
    )


def _latency(report: LoadReport) -> str:
    return ", ".join(
        f"{name} {'-' if seconds is None else _milliseconds(seconds)}"
        for name, seconds in report.latencies.summary().items()
    )


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"
