"""The status of a query as lines for people, and as JSON for machines."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone

from rich.text import Text

from consumers.status import QueryStatus
from streaming.wording import counted, duration

# Partitions that a line names; JSON has all.
_MOST_PARTITIONS = 8


def status_block(status: QueryStatus) -> Text:
    """Return a query's status for people."""
    lines = {"query": f"{status.query} ({status.health.state})", "now": status.health.sentence}
    if (beat := status.beat) is not None:
        dead = f", {counted(beat.dead_letters, 'dead letter')}" if beat.dead_letters else ""
        restarts = f", {counted(beat.restarts, 'restart')}" if beat.restarts else ""
        began = duration(status.now - beat.started_at)
        lines["run"] = f"began {began} ago{restarts}; {counted(beat.records, 'record')}{dead}"
        lines["last batch"] = _last_batch(status) or "none in this run yet"
    if status.partitions:
        lines["lag"] = _lag(status)
    if status.others:
        lines["others"] = "; ".join(f"{name} ({health.state})" for name, health in status.others.items())
    return Text("\n").join(Text.assemble((f"{name:<12}", "bold"), line) for name, line in lines.items())


def status_json(status: QueryStatus) -> str:
    """Return a query's status as one JSON object on one line; times are ISO 8601 in UTC, rates documents a minute."""
    beat = status.beat
    reported = {}
    if beat is not None:
        reported = {
            "doing": beat.doing,
            "done": beat.done,
            "total": beat.total,
            "began_at": _moment(beat.started_at),
            "progress_at": _moment(beat.progress_at),
            "reported_at": _moment(beat.sent_at),
            "records": beat.records,
            "dead_letters": beat.dead_letters,
            "restarts": beat.restarts,
            "error": beat.error,
            "last_batch": None
            if beat.batch is None or beat.batch_at is None
            else {
                "number": beat.batch,
                "records": beat.batch_records,
                "seconds": beat.batch_seconds,
                "at": _moment(beat.batch_at),
            },
        }
    fields = {
        "query": status.query,
        "servers": status.servers,
        "state": status.health.state,
        "sentence": status.health.sentence,
        **reported,
        "last_batch_rate": status.rate,
        "run_rate": status.run_rate,
        "lag": status.lag if status.partitions else None,
        "partitions": [{**asdict(partition), "lag": partition.lag} for partition in status.partitions],
        "others": {name: health.state for name, health in status.others.items()},
    }
    return json.dumps(fields)


def _last_batch(status: QueryStatus) -> str | None:
    beat = status.beat
    if beat is None or beat.batch is None or beat.batch_at is None:
        return None
    ago = duration(status.now - beat.batch_at)
    rates = f"; {status.rate:.1f} documents a minute" if status.rate is not None else ""
    rates += f", {status.run_rate:.1f} in this run" if rates and status.run_rate is not None else ""
    return f"{beat.batch}: {counted(beat.batch_records, 'record')} in {beat.batch_seconds:.1f} s, {ago} ago{rates}"


def _lag(status: QueryStatus) -> str:
    behind = [partition for partition in status.partitions if partition.lag]
    if not behind:
        return "none"
    named = ", ".join(f"{part.topic}-{part.partition} {part.lag:,}" for part in behind[:_MOST_PARTITIONS])
    more = f" and {counted(len(behind) - _MOST_PARTITIONS, 'partition')} more" if behind[_MOST_PARTITIONS:] else ""
    # A query that does not run has no pace.
    rate = None if status.health.state == "not running" else status.run_rate
    pace = f", {duration(60 * status.lag / rate)} at the pace of this run" if rate is not None else ""
    return f"{counted(status.lag, 'offset')}{pace}: {named}{more}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
