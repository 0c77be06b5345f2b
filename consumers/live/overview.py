"""The numbers of a running installation, as a screen shows them; JSON by `dataclasses.asdict`."""

from __future__ import annotations

from dataclasses import dataclass

# Seconds of a bar of the charts, and how many bars the last hour has.
STEP_SECONDS = 10
STEPS = 360


@dataclass(frozen=True)
class Hour:
    """The last hour in steps of `step` seconds, from `start`, in seconds since 1970; the last step is running.

    By the timestamps of the records. `tokens` are those of prompts and answers. `backlog` is what waited at the end of
    a step, None where nobody looked: before this process began, and while the broker was away. The running step has
    that of the step before it until somebody looks.
    """

    step: int
    start: int
    documents: list[int]
    tokens: list[int]
    dead_letters: list[int]
    backlog: list[int | None]


@dataclass(frozen=True)
class Percentiles:
    """The median and the 95th percentile, in seconds; each is at most 2.5% off (`consumers.live.histogram`)."""

    p50: float
    p95: float


@dataclass(frozen=True)
class PartitionBacklog:
    """A partition of an input topic: the offset after its last record, and how many records have no result yet."""

    topic: str
    partition: int
    end: int
    waiting: int


@dataclass(frozen=True)
class QueryHealth:
    """How the query does.

    `state` is healthy, stuck, not running, or unknown before the first look; `sentence` says why. The others are of
    its last heartbeat, None without one: what it is `doing`, `done` of `total` documents of the running micro-batch,
    the number of the last `batch` and its duration in seconds, and how often it has started again.
    """

    state: str
    sentence: str
    doing: str | None = None
    done: int | None = None
    total: int | None = None
    batch: int | None = None
    batch_seconds: float | None = None
    restarts: int | None = None


@dataclass(frozen=True)
class Overview:
    """What an installation does now.

    Times are seconds since 1970. `away_since` is when the broker stopped answering. `loading` is the share of the last
    hour that has been read, None when all of it has. `missing` names the topics of results that do not exist. Rates are
    those of the last minute. `statuses`, `reused`, `reasons` (of dead letters), `seconds` (of summarizing) and
    `latency` (from a document's record to its summary) are those of the last hour; percentiles are None when there was
    nothing.

    `waiting` is the sum of `backlog`, None when it is unknown. `backlog_note` says how it was found when the query's
    offsets cannot be read. `eta` is the seconds that a healthy query will take at the pace of the last minutes. `kept`
    counts the rows in the feed; `summaries` and `dead_letters` the offsets that the topics have now; `foreign` the
    records that are not gistream's, since this process began. `fault` says what failed in this process within the last
    hour, so that something may be missing; None for nothing.
    """

    now: float
    servers: str
    connected: bool
    away_since: float | None
    loading: float | None
    missing: list[str]
    documents_per_minute: float
    tokens_per_second: float
    hour: Hour
    statuses: dict[str, int]
    reused: int
    reasons: dict[str, int]
    seconds: Percentiles | None
    latency: Percentiles | None
    backlog: list[PartitionBacklog]
    backlog_note: str | None
    waiting: int | None
    eta: float | None
    query: QueryHealth
    kept: int
    summaries: int
    dead_letters: int
    foreign: int
    fault: str | None = None
