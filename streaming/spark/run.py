"""A run of a query: from the start of Spark to its end, with a new try after a failure that may be over by itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from streaming.errors import Abandoned, BrokerAway, GistreamError, QueryError
from streaming.messages import Heartbeat
from streaming.spark.archive_query import hold_archive_checkpoint
from streaming.spark.heartbeats import heartbeats_of
from streaming.spark.look import Look
from streaming.spark.prepare import Plan
from streaming.spark.query import hold_checkpoint, sessions_of, summarize_and_archive
from streaming.spark.supervision import Restart, Supervisor
from streaming.spark.topic_check import RunningCheck, check_topics, with_offsets
from streaming.spark.watch import Batch, StopRequest


def run(
    plan: Plan,
    *,
    once: bool,
    stop: StopRequest,
    on_batch: Callable[[Batch], None],
    on_progress: Callable[[float], None],
    on_wait: Callable[[str], None],
    on_look: Callable[[Look], None],
    on_restart: Callable[[Restart], None],
    on_beat: Callable[[Heartbeat], None] = lambda _beat: None,
) -> None:
    """Run the query until it ends (`once`) or is told to stop; `on_batch` is called with each committed micro-batch.

    `on_progress` is called with the share of the model that is loaded, from 0 to 1, when the engine is on this machine,
    `on_wait` with a line from time to time while a cluster has not given the executors, `on_look` a few times a second
    with what the query is doing, `on_restart` before a wait after a failure that may be over by itself, `on_beat` with
    each heartbeat, every five seconds and in a thread of its own.

    Raises `Abandoned` when a stop could not wait for the running micro-batch, and the service's errors.
    """
    running_check = RunningCheck(plan)
    try:
        with ExitStack() as stack:
            checkpoint_id = stack.enter_context(hold_checkpoint(plan))
            archive_query = stack.enter_context(hold_archive_checkpoint(plan))
            beats = stack.enter_context(heartbeats_of(plan, checkpoint_id, stop=stop, on_beat=on_beat))

            def loaded(share: float) -> None:
                beats.on_progress()
                on_progress(share)

            def restarting(restart: Restart) -> None:
                beats.on_restart(restart)
                on_restart(restart)

            def committed(batch: Batch) -> None:
                supervisor.on_progress()
                on_batch(batch)
                running_check.on_batch()

            def looked(look: Look) -> None:
                on_look(look)
                supervisor.on_look(look)

            supervisor = Supervisor(plan.settings, stop=stop, on_restart=restarting)
            sessions = stack.enter_context(sessions_of(plan, stop=stop, on_progress=loaded, on_wait=on_wait))
            restarted = False
            while not stop.requested:
                try:
                    if restarted:
                        # Topics may have been replaced; and a Kafka that is away is noticed in ten seconds.
                        check_topics(plan)
                    spark = sessions.living()
                    if stop.requested:
                        break
                    summarize_and_archive(
                        spark,
                        plan,
                        checkpoint_id,
                        archive_query,
                        beats,
                        once=once,
                        stop=stop,
                        on_batch=committed,
                        on_look=looked,
                    )
                    break
                except GistreamError as error:
                    supervisor.recover(with_offsets(error, plan))
                    restarted = True
    except (QueryError, BrokerAway) as error:
        if stop.requested:
            # A service manager may stop all our processes at once; then there is nothing left to wait for.
            raise Abandoned(f"Stopped before the running micro-batch ended; it will run again. ({error})") from error
        raise
