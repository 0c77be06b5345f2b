"""Starts a query again after a failure that may be over by itself: Kafka away, a worker, an executor or the JVM gone.

It waits longer from restart to restart, and gives up after `give_up_after` seconds without progress. Progress is a
committed micro-batch, or nothing left to read. A micro-batch at which processes end thrice in a row is given up.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from streaming.errors import Abandoned, BrokerError, GistreamError, ProcessLost, QueryError, RegistryError, no_answer
from streaming.settings import Settings
from streaming.spark.checkpoint.positions import name_planned, read_positions
from streaming.spark.checkpoint.spark_logs import planned_batch
from streaming.spark.look import Look
from streaming.spark.watch import StopRequest
from streaming.wording import counted

# The first wait, and the longest: a query is back at most this long after Kafka is.
_FIRST_SECONDS, _LONGEST_SECONDS = 1.0, 30.0
# Failures of one micro-batch in which a process ended. An operator or the memory of the machine ends one by chance;
# Spark tries each micro-batch twice (`TASK_ATTEMPTS`), so the third failure is the sixth end at the same documents.
_MOST_LOST = 3


@dataclass(frozen=True)
class Restart:
    """Restart `number` of a run: because of `error`, after `seconds`."""

    number: int
    error: GistreamError
    seconds: float


def backoff(attempt: int, chance: Callable[[float, float], float] = random.uniform) -> float:
    """Return the seconds before an attempt, which is 1 for the first one after progress.

    They double up to half a minute. A random half of it keeps queries that failed together from coming back together.
    """
    longest = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(attempt - 1, 10))
    return chance(longest / 2, longest)


class Supervisor:
    """Decides after each failure of a run whether its query starts again, and waits until then."""

    def __init__(
        self,
        settings: Settings,
        *,
        stop: StopRequest,
        on_restart: Callable[[Restart], None],
        name_batch: Callable[[], tuple[int, str]] | None = None,
    ) -> None:
        """With a `give_up_after` of 0 seconds no query starts again.

        `name_batch` returns the number and the offsets of the micro-batch that failed, where Spark did not plan it.
        """
        self._name_batch = name_batch
        self._servers, self._location = settings.bootstrap_servers, settings.checkpoint_location
        self._give_up_after, self._stop, self._on_restart = settings.give_up_after, stop, on_restart
        self._restarts = 0
        # Since the last progress.
        self._attempts = self._lost = 0
        self._trouble_since: float | None = None
        self._waiting_since: float | None = None

    def on_progress(self) -> None:
        """Note that a micro-batch was committed, or that nothing is left to read."""
        self._attempts = self._lost = 0
        self._trouble_since = None

    def on_look(self, look: Look) -> None:
        """Note what the running query does; raises `BrokerError` when it has waited too long for Kafka."""
        self._waiting_since = time.monotonic() - look.seconds if look.doing == "waiting for Kafka" else None
        if look.doing == "idle":
            self.on_progress()
        if self._waiting_since is not None and self._give_up_after:
            since = self._waiting_since if self._trouble_since is None else self._trouble_since
            if time.monotonic() - since >= self._give_up_after:
                raise self._given_up(no_answer(self._servers))

    def recover(self, error: GistreamError) -> None:
        """Wait until the query may start again after `error`, or until a stop; raises the error that ends the run.

        Raises `Abandoned` for a stop that leaves a micro-batch undone.
        """
        now = time.monotonic()
        if not error.transient or self._stop.requested or not self._give_up_after:
            raise error
        if self._trouble_since is None:
            self._trouble_since = now if self._waiting_since is None else self._waiting_since
        self._waiting_since = None
        self._attempts += 1
        self._lost += isinstance(error, ProcessLost)
        if self._lost >= _MOST_LOST:
            raise self._poisoned(error) from error
        left = self._trouble_since + self._give_up_after - now
        if left <= 0:
            raise self._given_up(error) from error
        self._restarts += 1
        # The last attempt comes when the time is over, not before.
        seconds = min(backoff(self._attempts), left)
        self._on_restart(Restart(self._restarts, error, seconds))
        self._stop.wait(seconds)
        positions = read_positions(self._location).values()
        if self._stop.requested and any(position.end > position.next for position in positions):
            raise Abandoned(
                "Stopped between a failure and the next try; nothing is lost: the micro-batch that had begun runs "
                "again at the next start."
            )

    def _given_up(self, error: GistreamError) -> GistreamError:
        # Of a class that is not transient, with the same exit code.
        kind = next((kind for kind in (BrokerError, RegistryError) if isinstance(error, kind)), QueryError)
        return kind(
            f"{error} Given up after {self._give_up_after:g} s without progress and "
            f"{counted(self._restarts, 'restart')} (--give-up-after); nothing is lost: the next start goes on "
            "from here."
        )

    def _poisoned(self, error: GistreamError) -> QueryError:
        remedy = ""
        if self._name_batch is not None:
            number, offsets = self._name_batch()
        else:
            number, offsets = planned_batch(self._location).number, name_planned(self._location)
            # None is planned when the archive's query failed.
            if offsets:
                remedy = (
                    f" To go on without these records, `gistream skip {number}`, with the flags of this query, makes "
                    "dead letters of them."
                )
        return QueryError(
            f"Too many failures: micro-batch {number} ended a process {self._lost} times in a row, and would again. "
            f"It has {offsets}. {error}{remedy}"
        )
