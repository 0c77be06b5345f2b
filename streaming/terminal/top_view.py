"""What `gistream top` shows: a screen of the terminal's size, and a line where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import starmap

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from consumers.live.overview import Overview, Percentiles
from consumers.live.rows import LetterRow, Row
from consumers.rendering import clean
from streaming.engine.process.report import EngineReport
from streaming.wording import counted, duration, megabytes, shortened

_COLOURS = {"healthy": "green", "stuck": "bold red", "not running": "bold yellow", "unknown": "dim"}
_STATUS_COLOURS = {"ok": "green", "repaired": "cyan", "extractive_fallback": "yellow", "deleted": "dim"}
# The names of the facts stand in a column of this width.
_NAMES = 10
# Cells of a list's columns; titles and beginnings share what is left.
_AGE, _STATUS, _SECONDS = 6, 9, 8
# From this width on a row has its id and its summary's beginning, too.
_WITH_ID, _WITH_OPENING = 60, 110
_BARS = " ▁▂▃▄▅▆▇█"


class TopScreen:
    """A screen: how the query does, numbers, engines, and as many of the newest rows as there is room for."""

    def __init__(
        self, overview: Overview, rows: Sequence[Row], letters: Sequence[LetterRow], engines: Sequence[EngineReport]
    ) -> None:
        self._overview, self._rows, self._letters, self._engines = overview, rows, letters, engines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = options.max_width, options.height or console.height
        lines = [self._heading(width), self._health()]
        lines += starmap(_fact, self._facts(width, unicode=not options.ascii_only))
        for line in lines[: height - 1]:
            line.truncate(width, overflow="ellipsis")
            yield line
        room = height - len(lines) - 2
        if room > 0:
            yield Text()
            yield self._table(width, room)

    def _heading(self, width: int) -> Text:
        overview = self._overview
        clock = datetime.fromtimestamp(overview.now, timezone.utc).astimezone().strftime("%H:%M:%S")
        left = f"gistream on {overview.servers}"
        right = f"{clock}   q ends"
        return Text.assemble((left, "bold"), " " * max(2, width - len(left) - len(right)), (right, "dim"))

    def _health(self) -> Text:
        overview = self._overview
        if not overview.connected:
            return Text(broker_sentence(overview), style="bold red")
        state = overview.query.state
        return Text.assemble((f"{state}: ", _COLOURS.get(state, "")), _without(overview.query.sentence, state))

    def _facts(self, width: int, *, unicode: bool) -> list[tuple[str, str]]:
        """Return the numbers, each a name and a text."""
        overview = self._overview
        facts = [("rate", rate_text(overview)), ("backlog", backlog_text(overview))]
        if overview.missing:
            names = ", ".join(overview.missing)
            facts.append(("missing", f"{names}; create them with `gistream topics create`, or correct the names"))
        if overview.loading is not None and overview.connected:
            facts.append(("loading", f"{overview.loading:.0%} of the last hour has been read"))
        if overview.fault is not None:
            facts.append(("fault", overview.fault))
        facts.append(("last hour", results_text(overview)))
        if unicode and width > 2 * _NAMES and any(overview.hour.documents):
            facts.append(("", sparkline(overview.hour.documents, min(width - _NAMES, 90))))
        if overview.seconds is not None:
            latency = "" if overview.latency is None else f"; from its record to its summary {_both(overview.latency)}"
            facts.append(("document", f"{_both(overview.seconds)}{latency}"))
        facts.append(("letters", self._letters_text()))
        facts += [("engine", engine_text(engine)) for engine in self._engines]
        return facts

    def _letters_text(self) -> str:
        reasons = self._overview.reasons
        if not self._letters:
            return "no dead letter"
        last = self._letters[0]
        age = duration(max(0.0, self._overview.now - last.arrived / 1000))
        name = clean(last.key or "-".join(map(str, last.source)))
        hour = ", ".join(f"{number:,} {clean(reason)}" for reason, number in reasons.items())
        return f"{hour or 'none in the last hour'}; the last: {name}, {clean(last.message)}, {age} ago"

    def _table(self, width: int, room: int) -> Table | Text:
        if not self._rows:
            return Text("no summary yet", style="dim")
        table = Table(box=None, padding=(0, 1, 0, 0), expand=True, header_style="dim", show_edge=False)
        table.add_column("age", width=_AGE, no_wrap=True)
        if width >= _WITH_ID:
            table.add_column("id", ratio=2, no_wrap=True, overflow="ellipsis")
        table.add_column("title", ratio=3, no_wrap=True, overflow="ellipsis")
        if width >= _WITH_OPENING:
            table.add_column("summary", ratio=6, no_wrap=True, overflow="ellipsis")
        table.add_column("status", width=_STATUS, no_wrap=True)
        table.add_column("seconds", width=_SECONDS, no_wrap=True, justify="right")
        for row in self._rows[:room]:
            status = _status(row)
            age = duration(max(0.0, self._overview.now - row.arrived / 1000))
            cells = [Text(age, style="dim")]
            if width >= _WITH_ID:
                cells.append(Text(clean(row.id)))
            cells.append(Text(clean(row.title or (row.opening if width < _WITH_OPENING else ""))))
            if width >= _WITH_OPENING:
                cells.append(Text(clean(row.opening), style="dim"))
            cells.append(Text(_SHORT.get(status, status), style=_STATUS_COLOURS.get(status, "")))
            cells.append(Text("" if row.kind == "deletion" else f"{row.seconds:.1f}"))
            table.add_row(*cells, style="dim" if row.replaced else "")
        return table


_SHORT = {"extractive_fallback": "extract"}


def top_line(overview: Overview) -> str:
    """Return the overview on one line, for a log."""
    time = datetime.fromtimestamp(overview.now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not overview.connected:
        return f"{time} {broker_sentence(overview)}"
    state = overview.query.state
    loading = "" if overview.loading is None else f" ({overview.loading:.0%} read)"
    parts = [
        f"{state}: {_without(overview.query.sentence, state)}",
        rate_text(overview),
        backlog_text(overview),
        f"last hour{loading}: {results_text(overview)}, {counted(sum(overview.reasons.values()), 'dead letter')}",
    ]
    if overview.missing:
        parts.append(f"missing: {', '.join(overview.missing)}")
    if overview.fault is not None:
        parts.append(f"fault: {overview.fault}")
    return f"{time} {'; '.join(parts)}"


def broker_sentence(overview: Overview) -> str:
    """Return what is known of a broker that does not answer."""
    if overview.away_since is None:
        return f"connecting to {overview.servers}"
    away = duration(max(0.0, overview.now - overview.away_since))
    return f"Kafka on {overview.servers} has not answered for {away}; the numbers are from before"


def rate_text(overview: Overview) -> str:
    """Return the pace of the last minute."""
    return (
        f"{counted(round(overview.documents_per_minute), 'document')} a minute, "
        f"{counted(round(overview.tokens_per_second), 'token')} a second"
    )  # fmt: skip


def backlog_text(overview: Overview) -> str:
    """Return how many documents wait, and for how long."""
    if overview.waiting is None:
        return "unknown"
    if not overview.waiting:
        return "no document is waiting"
    behind = sum(partition.waiting > 0 for partition in overview.backlog)
    eta = "" if overview.eta is None else f", done in about {duration(overview.eta)}"
    note = f" ({overview.backlog_note})" if overview.backlog_note else ""
    return f"{counted(overview.waiting, 'document')} waiting in {counted(behind, 'partition')}{eta}{note}"


def results_text(overview: Overview) -> str:
    """Return how many summaries the last hour brought, and what kind they are."""
    total = sum(overview.statuses.values())
    if not total:
        return "no summary"
    kinds = [
        counted(number, "extract") if status == "extractive_fallback" else f"{number:,} {status}"
        for status, number in overview.statuses.items()
    ]
    reused = f"; {overview.reused / total:.0%} from the store" if overview.reused else ""
    return f"{counted(total, 'summary', 'summaries')}: {', '.join(kinds)}{reused}"


def engine_text(engine: EngineReport) -> str:
    """Return how busy an engine process of this machine is."""
    if engine.loading is not None:
        return f"{engine.model}, {engine.loading:.0%} loaded"
    waiting = f", {counted(engine.waiting, 'request')} waiting" if engine.waiting else ""
    return (
        f"{engine.busy} of {counted(engine.slots, 'slot')} busy{waiting}; {engine.prompt_rate:,.0f} tokens a second "
        f"read, {engine.completion_rate:,.0f} written; {megabytes(engine.memory)}; {engine.model}"
    )


def sparkline(numbers: Sequence[int], width: int) -> str:
    """Return numbers over time as bars in one line of at most `width` cells."""
    group = -(-len(numbers) // width)
    sums = [sum(numbers[start : start + group]) for start in range(0, len(numbers), group)]
    # What is not nothing has a bar.
    most = max(sums)
    return "".join(_BARS[-(-number * (len(_BARS) - 1) // most)] for number in sums)


def _fact(name: str, text: str) -> Text:
    return Text.assemble((name.ljust(_NAMES), "dim"), text)


def _status(row: Row) -> str:
    return "deletion" if row.kind == "deletion" else "deleted" if row.deleted else row.status


def _both(percentiles: Percentiles) -> str:
    return f"{_seconds(percentiles.p50)} (p95 {_seconds(percentiles.p95)})"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)


def _without(sentence: str, state: str) -> str:
    """Return a sentence without the state that it may begin with."""
    return shortened(sentence.removeprefix(f"{state}: "), 200)
