"""The checkpoint: Spark's record of a query's progress, and gistream's own file beside it.

`gistream.json` lies beside Spark's files and holds:

- The ids of the topics. A topic that was deleted and created again has the same name and a new id. Spark's offsets
  mean nothing in the new topic, and Spark would silently skip its first records (`losses`).
- The checkpoint's own id, which no other checkpoint has: the files that a query writes are named after it.
- The representation in which the query's model is computed, so that a query keeps one recipe when this machine is
  tuned in the meantime.
- The outputs and the recipe of the last start, so that the next one can say what is no longer as it was.
- The offsets that a user has given up (`acceptance`), and the outputs that may not be written to since then.
- The version of this file, so that an older gistream refuses what it would misread.

A lock keeps a second query out while the first runs.
"""

from __future__ import annotations

import fcntl
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from streaming.errors import CheckpointError
from streaming.machine.java_paths import java_refusal
from streaming.spark.checkpoint.spark_logs import check_log

LOCK = "gistream.lock"
_FILE = "gistream.json"
# 1: the file of gistream 0.1, which has no version. 2: with `losses`, `closed` and `since`.
_VERSION = 2


@dataclass(frozen=True)
class Checkpoint:
    """A query's checkpoint: its local path; `remedy` tells the user how to begin a new one, and the consequence."""

    location: str
    remedy: str = "begin a new one with --checkpoint, which summarizes everything that is still in the topic again"


@dataclass(frozen=True)
class Pin:
    """The `representation` ("given", or a name) in which a query computes with the model file of this checksum."""

    model_sha256: str
    representation: str


@dataclass(frozen=True)
class PinnedRecipe:
    """The recipe of a query's last start: its `name` in the messages, and the `settings` that made it, by name.

    `prompt_sha256` is that of the prompt profile, `model_sha256` that of the model file.
    """

    name: str
    prompt_sha256: str
    model_sha256: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """What a checkpoint's `gistream.json` holds; nothing when the query has not begun.

    `outputs` and `recipe` are those of the query's last start, the outputs in the words of `other_results`, and
    `dead_letters` is its topic of dead letters. `losses` says in words which offsets were given up, `closed` to which
    outputs the query may not write any more, because they have results of offsets that were used again, and `since`
    from which offsets of each topic and partition on its outputs have results; it is empty when they have all.
    """

    id: str | None = None
    topic_ids: Mapping[str, str] = field(default_factory=dict)
    pin: Pin | None = None
    outputs: tuple[str, ...] = ()
    dead_letters: str | None = None
    losses: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    since: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    recipe: PinnedRecipe | None = None

    @property
    def all_outputs(self) -> set[str]:
        """The outputs of the query's last start, with its topic of dead letters."""
        return {*self.outputs, *([] if self.dead_letters is None else [f"topic {self.dead_letters}"])}


@contextmanager
def open_checkpoint(
    checkpoint: Checkpoint,
    topic_ids: Mapping[str, str],
    *,
    growing: bool = False,
    pin: Pin | None = None,
    outputs: Sequence[str] = (),
    dead_letters: str | None = None,
    recipe: PinnedRecipe | None = None,
    check: Callable[[Record], None] = lambda _earlier: None,
) -> Iterator[str]:
    """Hold the checkpoint for one query, write down its `pin`, `recipe` and outputs, and yield the checkpoint's id.

    `topic_ids` are the ids of the topics that the query reads; with `growing` new topics may have joined them. `check`
    raises when the query may not go on from the record of its last start.
    Raises `CheckpointError` when it cannot be read, is in use, or belongs to other topics.
    """
    with locked(checkpoint) as earlier:
        folder = Path(checkpoint.location)
        if not growing and earlier.topic_ids and set(earlier.topic_ids) != set(topic_ids):
            raise CheckpointError(
                f"The checkpoint at {folder} is of topic {', '.join(sorted(earlier.topic_ids))}, not of "
                f"{', '.join(sorted(topic_ids))}; give the query another --query or --checkpoint."
            )
        check(earlier)
        checkpoint_id = earlier.id or uuid.uuid4().hex
        now = replace(
            earlier,
            id=checkpoint_id,
            topic_ids=topic_ids,
            pin=pin,
            outputs=tuple(outputs),
            dead_letters=dead_letters,
            recipe=recipe,
        )
        if used := now.all_outputs & set(earlier.closed):
            raise CheckpointError(
                f"Query '{folder.name}' may not write to {' and '.join(sorted(used))} any more: offsets were used "
                "again after a loss, and the results there are of the earlier records; name the outputs that it got "
                "then, or others (--output-topic, --dead-letter-topic, --sink parquet=PATH)."
            )
        write_record(checkpoint, now)
        yield checkpoint_id


@contextmanager
def locked(checkpoint: Checkpoint) -> Iterator[Record]:
    """Keep every other query and command out of a checkpoint, and yield its record; raises `CheckpointError`."""
    folder = _folder(checkpoint)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+")
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint at {folder} cannot be used: {error.strerror}; give this user the right to it, or choose "
            "another with --checkpoint."
        ) from error
    with lock:
        _lock(lock.fileno(), folder)
        _remove_unfinished(folder)
        yield _read(checkpoint)


def inspect_checkpoint(checkpoint: Checkpoint) -> str:
    """Describe a checkpoint without holding or changing it; raises `CheckpointError` when it cannot be read."""
    topic_ids = read_record(checkpoint).topic_ids
    return (
        f"{checkpoint.location}, of {', '.join(sorted(topic_ids))}"
        if topic_ids
        else f"{checkpoint.location}, not begun"
    )


def is_held(checkpoint: Checkpoint) -> bool:
    """Tell whether a query runs with this checkpoint now."""
    try:
        with (Path(checkpoint.location) / LOCK).open() as lock:
            fcntl.flock(lock.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def read_record(checkpoint: Checkpoint) -> Record:
    """Return the record of a checkpoint without holding it; raises `CheckpointError` when it cannot be read."""
    _folder(checkpoint)
    return _read(checkpoint)


def pinned(checkpoint: Checkpoint, model_sha256: str) -> str | None:
    """Return the representation to which the checkpoint's query is pinned with this model file; None when it is not.

    A query that began before pins existed computes with the file as given. Raises `CheckpointError` when the
    checkpoint cannot be read.
    """
    record = read_record(checkpoint)
    topic_ids, pin = record.topic_ids, record.pin
    if topic_ids and pin is None:
        return "given"
    return pin.representation if pin is not None and pin.model_sha256 == model_sha256 else None


def write_beside(location: str, name: str, content: object) -> None:
    """Write a file of gistream's beside those of Spark's in one step, as JSON; raises `CheckpointError`."""
    file = Path(location) / name
    new = file.with_suffix(".new")
    try:
        new.write_text(json.dumps(content, indent=2))
        new.replace(file)
    except OSError as error:
        raise CheckpointError(f"The checkpoint at {location} cannot be written: {error.strerror}.") from error


def _folder(checkpoint: Checkpoint) -> Path:
    if "://" in checkpoint.location:
        raise CheckpointError(
            f"The checkpoint must be a local path, and {checkpoint.location} is a URL; a disk that the driver has is "
            "enough."
        )
    if sentence := java_refusal(Path(checkpoint.location)):
        raise CheckpointError(f"{sentence}.")
    return Path(checkpoint.location)


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CheckpointError(
            f"Another gistream query is running with the checkpoint {folder}; stop it first, or give this "
            "query another name with --query."
        ) from error


def _remove_unfinished(folder: Path) -> None:
    """Remove the files that a killed query was writing; Spark never reads them and never removes them."""
    for file in folder.rglob(".*.tmp*"):
        file.unlink(missing_ok=True)


def _read(checkpoint: Checkpoint) -> Record:
    folder = Path(checkpoint.location)
    try:
        content = json.loads((folder / _FILE).read_text()) if (folder / _FILE).exists() else {}
        _check_version(checkpoint, content)
        record = Record(
            content.get("id"),
            dict(content.get("topic_ids", {})),
            Pin(**content["pin"]) if content.get("pin") else None,
            tuple(map(str, content.get("outputs", ()))),
            content.get("dead_letters"),
            tuple(map(str, content.get("losses", ()))),
            tuple(map(str, content.get("closed", ()))),
            dict(content.get("since", {})),
            PinnedRecipe(**content["recipe"]) if content.get("recipe") else None,
        )
        for log in ("offsets", "commits"):
            check_log(folder / log)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"The checkpoint at {folder} cannot be read ({error}); restore it from a copy, or {checkpoint.remedy}."
        ) from error
    return record


def _check_version(checkpoint: Checkpoint, content: Mapping[str, Any]) -> None:
    if int(content.get("version", 1)) > _VERSION:
        raise CheckpointError(
            f"The checkpoint at {checkpoint.location} was written by a newer version, {content.get('written_by')}, and "
            f"this is gistream {version('gistream')}; start the newer one again, or {checkpoint.remedy}."
        )


def write_record(checkpoint: Checkpoint, record: Record) -> None:
    """Write the record of a checkpoint that is `locked`; raises `CheckpointError`."""
    written_by = f"gistream {version('gistream')}"
    write_beside(checkpoint.location, _FILE, {"version": _VERSION, "written_by": written_by, **asdict(record)})
