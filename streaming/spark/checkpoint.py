"""The checkpoint: Spark's record of what was done, and what gistream keeps beside it.

Beside Spark's files lies `gistream.json`. It has the ids of the topics: one that was deleted and made anew has the old
name and a new id, and Spark, whose offsets mean nothing there, would skip its first records in silence. And it has the
checkpoint's own id, which no other checkpoint ever has: what a query writes is named after it. And it has the
representation in which the query's model is computed, so that a query has one recipe however this machine is tuned
meanwhile. A lock keeps a second query out while the first runs.
"""

from __future__ import annotations

import fcntl
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from streaming.errors import CheckpointError

_KEPT = "gistream.json"


@dataclass(frozen=True)
class Checkpoint:
    """A query's checkpoint: a local path, and `anew`: how its user begins a new one, and what that brings."""

    location: str
    anew: str = "begin a new one with --checkpoint, which summarizes everything that is still in the topic again"


@dataclass(frozen=True)
class Pin:
    """The `representation` ("given", or a name) in which a query computes with the model file of this checksum."""

    model_sha256: str
    representation: str


@contextmanager
def open_checkpoint(
    checkpoint: Checkpoint, topic_ids: Mapping[str, str], *, growing: bool = False, pin: Pin | None = None
) -> Iterator[str]:
    """Hold the checkpoint for one query, note its `pin`, and say the checkpoint's id.

    `topic_ids` are those of the topics that the query reads; with `growing` there may be more of them than before.
    Raises `CheckpointError` when it cannot be read, is in use, or is of a topic that has since been replaced.
    """
    folder = _folder(checkpoint)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "gistream.lock").open("a+")
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint at {folder} cannot be used: {error.strerror}; give this user the right to it, or choose "
            "another with --checkpoint."
        ) from error
    with lock:
        _lock(lock.fileno(), folder)
        identity, known, _ = _read(checkpoint)
        identity = identity or uuid.uuid4().hex
        _compare(checkpoint, known, topic_ids, growing=growing)
        _write(folder, identity, topic_ids, pin)
        yield identity


def inspect_checkpoint(checkpoint: Checkpoint) -> str:
    """Say what is at a checkpoint, without holding or changing it; raises `CheckpointError` when it cannot be read."""
    folder = _folder(checkpoint)
    _, known, _ = _read(checkpoint)
    return f"{folder}, of {', '.join(sorted(known))}" if known else f"{folder}, not begun"


def pinned(checkpoint: Checkpoint, model_sha256: str) -> str | None:
    """Return the representation to which the checkpoint's query is pinned with this model file; None when it is not.

    A query that began before there were pins computes with the file as given. Raises `CheckpointError` when the
    checkpoint cannot be read.
    """
    _folder(checkpoint)
    _, known, pin = _read(checkpoint)
    if known and pin is None:
        return "given"
    return pin.representation if pin is not None and pin.model_sha256 == model_sha256 else None


def _folder(checkpoint: Checkpoint) -> Path:
    if "://" in checkpoint.location:
        raise CheckpointError(
            f"The checkpoint must be a local path, and {checkpoint.location} is a URL; a disk that the driver has is "
            "enough."
        )
    return Path(checkpoint.location)


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CheckpointError(
            f"Another gistream query is running with the checkpoint {folder}; stop it first, or give this one a name "
            "of its own with --query."
        ) from error


def _read(checkpoint: Checkpoint) -> tuple[str | None, dict[str, str], Pin | None]:
    """Return the checkpoint's id, the ids of its topics and its pin; none of them when it has not begun."""
    folder = Path(checkpoint.location)
    try:
        kept = json.loads((folder / _KEPT).read_text()) if (folder / _KEPT).exists() else {}
        known: dict[str, str] = dict(kept.get("topic_ids", {}))
        pin = Pin(**kept["pin"]) if kept.get("pin") else None
        for log in ("offsets", "commits"):
            _check_log(folder / log)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"The checkpoint at {folder} cannot be read ({error}); restore it from a copy, or {checkpoint.anew}."
        ) from error
    return kept.get("id"), known, pin


def _compare(checkpoint: Checkpoint, known: Mapping[str, str], topic_ids: Mapping[str, str], *, growing: bool) -> None:
    folder = Path(checkpoint.location)
    for name, was in known.items():
        if name in topic_ids and topic_ids[name] != was:
            raise CheckpointError(
                f"Topic '{name}' was deleted and created anew since the checkpoint at {folder} was written, so its "
                f"offsets mean nothing there; {checkpoint.anew}. Readers compare offsets, too, so when it is an input "
                "topic give the results a new --output-topic, and a new PATH for Parquet."
            )
    if known and not (set(known) <= set(topic_ids) if growing else set(known) == set(topic_ids)):
        raise CheckpointError(
            f"The checkpoint at {folder} is of topic {', '.join(sorted(known))}, not of "
            f"{', '.join(sorted(topic_ids))}; give the query another --query or --checkpoint."
        )


def _write(folder: Path, identity: str, topic_ids: Mapping[str, str], pin: Pin | None) -> None:
    kept = {"id": identity, "topic_ids": dict(topic_ids), "pin": asdict(pin) if pin else None}
    written = (folder / _KEPT).with_suffix(".new")
    try:
        written.write_text(json.dumps(kept, indent=2))
        written.replace(folder / _KEPT)
    except OSError as error:
        raise CheckpointError(f"The checkpoint at {folder} cannot be written: {error.strerror}.") from error


def _check_log(folder: Path) -> None:
    """Check the newest entry of one of Spark's logs; Spark itself reports a broken one as a Java exception."""
    if not folder.is_dir():
        return
    batches = sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())
    if not batches:
        return
    newest = folder / str(batches[-1])
    version, *rest = newest.read_text().splitlines() or [""]
    if not version.startswith("v"):
        raise ValueError(f"{newest} is not Spark's")
    for line in rest:
        if line not in ("-", ""):
            json.loads(line)
