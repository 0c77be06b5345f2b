"""The start of a watch, and each start after Kafka was away: what the state says, compared with the topic."""

from __future__ import annotations

from collections.abc import Callable

from producers.watch.delivery import Delivery
from producers.watch.state import State
from streaming.errors import CheckpointError
from streaming.settings import Settings
from streaming.wording import counted


def resume(delivery: Delivery, state: State, settings: Settings, say: Callable[[str, str], None]) -> int:
    """Return how many documents of an interrupted run the topic has; these are noted.

    Raises `CheckpointError` for another topic of the same name, `BrokerError` and `TopicError`.
    """
    topic_id, known = delivery.topic_id(), state.fact("topic_id")
    if known not in (None, topic_id):
        raise CheckpointError(
            f"Topic '{settings.input_topic}' was deleted and created again, or is of another Kafka, since "
            f"{counted(state.count(), 'file')} were sent to it. Delete {state.path} to send all files again."
        )
    if known is None:
        state.set_fact("topic_id", topic_id)
    found, unknown = delivery.recover()
    if found:
        say("found", f"the topic has {counted(found, 'document')} that an interrupted run had sent")
    if unknown:
        say(
            "may be twice",
            f"{counted(unknown, 'document')} may come twice: an interrupted run was sending, and this user may not "
            f"read topic '{settings.input_topic}' to see what it has",
        )
    return found
