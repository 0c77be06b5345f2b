"""The checkpoint: Spark's record of what was done, and what gistream keeps beside it.

Beside Spark's files lies `gistream.json`. It has the ids of the topics: one that was deleted and made anew has the old
name and a new id, and Spark, whose offsets mean nothing there, would skip its first records in silence. And it has the
checkpoint's own id, which no other checkpoint ever has: what a query writes is named after it. A lock keeps a second
query out while the first runs.
"""

from __future__ import annotations

import fcntl
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from streaming.errors import CheckpointError

_KEPT = "gistream.json"


@contextmanager
def open_checkpoint(location: str, topic_ids: Mapping[str, str], *, growing: bool = False) -> Iterator[str]:
    """Hold the checkpoint at a local path for one query, and say its id.

    `topic_ids` are those of the topics that the query reads; with `growing` there may be more of them than before.
    Raises `CheckpointError` when it cannot be read, is in use, or is of a topic that has since been replaced.
    """
    if "://" in location:
        raise CheckpointError(
            f"The checkpoint must be a local path, and {location} is a URL; a disk that the driver has is enough."
        )
    folder = Path(location)
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
        yield _check(folder, topic_ids, growing=growing)


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CheckpointError(
            f"Another gistream query is running with the checkpoint {folder}; stop it first, or give this one a name "
            "of its own with --query."
        ) from error


def _check(folder: Path, topic_ids: Mapping[str, str], *, growing: bool) -> str:
    kept = folder / _KEPT
    try:
        was_kept = json.loads(kept.read_text()) if kept.exists() else {}
        known: dict[str, str] = was_kept.get("topic_ids", {})
        identity = str(was_kept.get("id", uuid.uuid4().hex))
        for log in ("offsets", "commits"):
            _check_log(folder / log)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"The checkpoint at {folder} cannot be read ({error}); restore it from a copy, or begin a new one with "
            "--checkpoint, which summarizes everything that is still in the topic again."
        ) from error
    for name, was in known.items():
        if name in topic_ids and topic_ids[name] != was:
            raise CheckpointError(
                f"Topic '{name}' was deleted and created anew since the checkpoint at {folder} was written, so its "
                "offsets mean nothing there; begin a new one with --checkpoint and a new --output-topic, for readers "
                "compare offsets, too."
            )
    if known and not (set(known) <= set(topic_ids) if growing else set(known) == set(topic_ids)):
        raise CheckpointError(
            f"The checkpoint at {folder} is of topic {', '.join(sorted(known))}, not of "
            f"{', '.join(sorted(topic_ids))}; give the query another --query or --checkpoint."
        )
    written = kept.with_suffix(".new")
    try:
        written.write_text(json.dumps({"id": identity, "topic_ids": dict(topic_ids)}, indent=2))
        written.replace(kept)
    except OSError as error:
        raise CheckpointError(f"The checkpoint at {folder} cannot be written: {error.strerror}.") from error
    return identity


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
