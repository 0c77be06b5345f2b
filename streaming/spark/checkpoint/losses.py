"""Records that a query had not read and never will, found by comparing its checkpoint with the topics as they are.

Spark notices some of these losses, while it runs, and names no offsets; a topic that was deleted and created again it
does not notice at all. Nothing is changed here: `acceptance` gives records up when a user says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from streaming.errors import CheckpointError, GistreamError, TopicError
from streaming.kafka.topic import Extent
from streaming.spark.checkpoint.positions import Positions, name_offsets

Kind = Literal["recreated", "gone", "left", "expired", "moved back"]
# Partitions that a sentence names.
_MOST_NAMED = 20


@dataclass(frozen=True)
class Loss:
    """Offsets of a partition that cannot be read: from `start` to before `end`, which is None where nobody knows it.

    `expired`: retention, or somebody, deleted them. `recreated`, `gone`: they went with their topic. `left`: the
    pattern does not match their topic any more. `moved back`: the topic ends before them, so they will be given to
    other records. `resume` is where the query can go on; None when there is nothing left to read.
    """

    kind: Kind
    topic: str
    partition: int
    start: int
    end: int | None
    resume: int | None

    @property
    def reuses_offsets(self) -> bool:
        """Whether new records have, or will have, offsets for which there are results already."""
        return self.kind in ("recreated", "gone", "moved back")

    def __str__(self) -> str:
        return name_offsets(self.topic, self.partition, self.start, self.end)


def find_losses(
    positions: Positions, ids: Mapping[str, str], topics: Mapping[str, Extent], *, growing: bool = False
) -> list[Loss]:
    """Compare where a query stands, in topics that had these `ids`, with the `topics` as they are now.

    With `growing` a pattern chooses the topics.
    """
    losses = []
    for (topic, partition), position in sorted(positions.items()):
        extent = topics.get(topic)
        if extent is None:
            losses.append(Loss("left" if growing else "gone", topic, partition, position.next, None, None))
        elif ids.get(topic, extent.id) != extent.id or partition not in extent.bounds:
            first = extent.bounds[partition][0] if partition in extent.bounds else None
            losses.append(Loss("recreated", topic, partition, position.next, None, first))
        else:
            first, last = extent.bounds[partition]
            if position.end > last:
                losses.append(Loss("moved back", topic, partition, last, position.end, first))
            elif position.next < first:
                losses.append(Loss("expired", topic, partition, position.next, first, first))
    return losses


def refuse_losses(
    location: str,
    positions: Positions,
    ids: Mapping[str, str],
    topics: Mapping[str, Extent],
    *,
    new_outputs: str = "",
    growing: bool = False,
    ask_again: Callable[[], Mapping[str, Extent]] | None = None,
) -> None:
    """Raise the error for what the query of the checkpoint at `location` has lost, if it has; see `refusal`.

    `ask_again` returns the topics as they are now, where `topics` were described before the checkpoint was held:
    another run may have read on in between, and that is no loss.
    """
    losses = find_losses(positions, ids, topics, growing=growing)
    if losses and ask_again is not None:
        losses = find_losses(positions, ids, ask_again(), growing=growing)
    if losses:
        raise refusal(losses, location, new_outputs=new_outputs)


def name_losses(losses: Sequence[Loss]) -> str:
    """Return the offsets of losses, as many as a sentence can hold."""
    names = [str(loss) for loss in losses[:_MOST_NAMED]]
    more = [f"{len(losses) - _MOST_NAMED} more partitions"] if len(losses) > _MOST_NAMED else []
    return ", ".join([*names, *more])


def refusal(losses: Sequence[Loss], location: str, *, new_outputs: str) -> GistreamError:
    """Return the error for losses: what is lost, and the command that accepts it.

    `new_outputs` are flags that name the outputs which results need when offsets are used again; empty where they need
    none.
    """
    kinds = {kind: [loss for loss in losses if loss.kind == kind] for kind in (loss.kind for loss in losses)}
    sentences = [_sentence(kind, of_kind, location) for kind, of_kind in kinds.items()]
    flags = "--accept-loss"
    if new_outputs and any(loss.reuses_offsets for loss in losses):
        flags += f" {new_outputs}"
        sentences.append(
            "Readers tell results apart by these offsets, and new records have the same ones, so the results need new "
            "outputs."
        )
    sentences.append(f"To give the records up and go on, start once with `gistream run {flags}` and your other flags.")
    error = CheckpointError if "recreated" in kinds or "left" in kinds else TopicError
    return error(" ".join(sentences))


def _sentence(kind: Kind, losses: Sequence[Loss], location: str) -> str:
    names, topics = name_losses(losses), " and ".join(f"'{name}'" for name in sorted({loss.topic for loss in losses}))
    match kind:
        case "recreated":
            return (
                f"Topic {topics} was deleted and created again since the checkpoint at {location} was written, so its "
                f"offsets mean nothing there, and what was not read of the old topic is lost: {names}."
            )
        case "gone":
            return (
                f"Topic {topics} was deleted while the query ran, and what was not read of it is lost: {names}; a "
                "start creates the topic again."
            )
        case "left":
            return (
                f"Topic {topics} was deleted, or --input-pattern does not match it any more, and the query does not "
                f"read the rest of it: {names}."
            )
        case "expired":
            return (
                "Records that the query had not read yet are gone, because retention or somebody deleted them: "
                f"{names}; give the topic a longer retention (retention.ms)."
            )
        case "moved back":
            return (
                f"Topic {topics} ends before the place where the query stands, because it was truncated or restored "
                f"from a backup: {names} are gone."
            )
