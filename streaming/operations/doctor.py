"""`gistream doctor`: checks one by one everything that a start needs; each finding is a line that says what to do.

The checks are the same as at the start: an error there is a problem here, in the same sentence. Nothing is changed,
created or downloaded, so Spark is not started, and its jars are not fetched.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
from packaging.requirements import Requirement

from streaming.archive import ArchiveLocation
from streaming.engine import open_model
from streaming.engine.model import hub, memory
from streaming.errors import CheckpointError, GistreamError, MachineError, TopicError, UsageError
from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topic import Topic, required_topics, result_topics
from streaming.kafka.topics import Admin
from streaming.machine.java import find_java, jar_folder, java_version
from streaming.machine.java_paths import class_path, java_refusal
from streaming.planning.engine_choice import Choice, foresee
from streaming.planning.layout import plan_layout
from streaming.planning.store_plan import store_url
from streaming.planning.token_limits import token_limits
from streaming.planning.work import plan_work
from streaming.registry.access import registry_access
from streaming.registry.client import RegistryClient
from streaming.settings import Settings
from streaming.spark.checkpoint.checkpoint import Checkpoint, inspect_checkpoint, pinned
from streaming.spark.jvm.cluster import check_master
from streaming.spark.jvm.session import LEAST_DISK
from streaming.storage import Folder, Roots
from streaming.wording import counted, megabytes

State = Literal["ok", "warning", "problem"]
# A day of logs, checkpoints and Kafka segments of a small installation.
_LITTLE_DISK = 2 * 2**30
# A record further ahead than this comes from another clock, not from a slow network.
_CLOCK_SECONDS = 5


@dataclass(frozen=True)
class Finding:
    """What one check found; `exit_code` is that of the error that a start would end with, 0 when it would not.

    The names of the fields are those of `gistream doctor --json`.
    """

    check: str
    state: State
    said: str
    exit_code: int = 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the findings, in the order in which a start needs the parts."""
    yield _python()
    yield _check("packages", _packages)
    yield _check("java", _java)
    yield from _model(settings)
    yield _check("spark", lambda: _spark(settings))
    yield from _disk(settings)
    if settings.parquet is not None:
        yield _check("archive", lambda: ArchiveLocation(settings.parquet or "").check())
    if settings.store != "off":
        yield _check("store", lambda: Folder(store_url(settings)).check())
    if settings.uri_roots:
        yield _check("uri roots", lambda: Roots(settings.uri_roots).check())
    if (access := registry_access(settings)) is not None:
        yield _check("registry", lambda: RegistryClient(access).check())
    yield from _kafka(settings)


def _check(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", check())
    except GistreamError as error:
        return Finding(name, "problem", str(error), error.exit_code)


def _python() -> Finding:
    # An older Python does not get this far.
    return Finding("python", "ok", f"Python {sys.version.split()[0]} at {sys.executable}")


def _java() -> str:
    java = find_java()
    class_path([jar_folder()])
    return f"Java {java_version(java)} at {java}"


def _packages() -> str:
    requirements = [Requirement(text) for text in importlib.metadata.requires("gistream") or []]
    for requirement in requirements:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError as error:
            raise MachineError(f"The package {requirement.name} is missing; install gistream again.") from error
        if not requirement.specifier.contains(installed, prereleases=True):
            raise MachineError(
                f"{requirement.name} {installed} is installed, and gistream needs {requirement.specifier}; install "
                "gistream again, in an environment of its own."
            )
    version = importlib.metadata.version
    return (
        f"gistream {version('gistream')}, pyspark {version('pyspark')}, llama-cpp-python {version('llama-cpp-python')}"
    )


def _model(settings: Settings) -> Iterator[Finding]:
    if settings.model.startswith(hub.SCHEME) and hub.cached(settings.model) is None:
        yield Finding(
            "model", "warning", f"{settings.model} is not here yet; `gistream model pull` or `run` downloads it"
        )
        return
    try:
        model = open_model(settings.model, completion=settings.completion)
    except GistreamError as error:
        yield Finding("model", "problem", str(error), error.exit_code)
        return
    size = megabytes(model.file_bytes)
    yield Finding("model", "ok", f"{model.name}, {model.representation}, {size}, {model.path}")
    # The next checks report a wrong master and a broken checkpoint.
    cores, pin = 1, None
    with suppress(UsageError):
        cores = plan_layout(settings).cores
    with suppress(CheckpointError):
        pin = pinned(Checkpoint(settings.checkpoint_location), model.sha256)
    try:
        choice = foresee(settings, model, cores=cores, pinned=pin)
    except GistreamError as error:
        yield Finding("tuning", "problem", str(error), error.exit_code)
        return
    advice = "" if choice.advice is None else f". {choice.advice}"
    yield Finding("tuning", "ok", f"computed as {choice.model.representation}, {choice.why}{advice}")
    yield _check("recipe", lambda: f"{plan_work(settings, choice, here=False).recipe_name}, prompt '{settings.prompt}'")
    yield _memory(settings, choice)


def _memory(settings: Settings, choice: Choice) -> Finding:
    model, setup = choice.model, choice.setup
    needed = memory.predict(
        model.shape,
        file_bytes=model.file_bytes,
        slots=setup.slots,
        lanes=setup.lanes,
        context=token_limits(settings, model).context,
        ubatch=setup.ubatch,
    )
    free = memory.available_bytes()
    detail = (
        f"the engine will need {needed.certainty} {megabytes(needed.total)}, Spark's JVM up to "
        f"{settings.driver_memory}; {megabytes(free)} are available"
    )
    if needed.total > free:
        return Finding("memory", "warning", f"{detail}: `gistream model show` says what to lower")
    return Finding("memory", "ok", detail)


def _spark(settings: Settings) -> str:
    layout = plan_layout(settings)
    check_master(layout)
    executors, cores = counted(layout.executors, "executor"), counted(layout.cores, "core")
    return f"{layout.master}: {executors} of {cores}, each with one model"


def _disk(settings: Settings) -> Iterator[Finding]:
    yield _folder("data dir", settings.data_dir, MachineError)
    checkpoint = Checkpoint(settings.checkpoint_location)
    finding = _check("checkpoint", lambda: inspect_checkpoint(checkpoint))
    yield (
        finding
        if finding.exit_code
        else _folder("checkpoint", Path(checkpoint.location), CheckpointError, finding.said)
    )


def _folder(check: str, folder: Path, error: type[GistreamError], detail: str = "") -> Finding:
    if sentence := java_refusal(folder):
        return Finding(check, "problem", f"{sentence}.", error.exit_code)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding(check, "problem", f"This user may not write to {folder}; choose another place.", error.exit_code)
    free = psutil.disk_usage(str(existing)).free
    detail = f"{detail or folder}, {megabytes(free)} free"
    if free < LEAST_DISK:
        return Finding(check, "problem", f"{detail}: too little to start; free some", MachineError.exit_code)
    if free < _LITTLE_DISK:
        return Finding(check, "warning", f"{detail}: that is little; free some, or choose another place")
    return Finding(check, "ok", detail)


def _kafka(settings: Settings) -> Iterator[Finding]:
    """Look at the broker, and when it answers at its topics, this user's rights and its clock."""
    check = "broker"
    try:
        with Admin(settings) as admin:
            status = EmbeddedBroker(settings).status()
            is_embedded = status.bootstrap_servers == settings.servers
            embedded = f", the embedded broker, process {status.pid}" if is_embedded else ""
            yield Finding("broker", "ok", f"Kafka answers on {settings.servers}{embedded}")
            check = "topic"
            yield from _topics(admin, settings)
    except GistreamError as error:
        yield Finding(check, "problem", str(error), error.exit_code)


def _topics(admin: Admin, settings: Settings) -> Iterator[Finding]:
    inputs = admin.inputs()
    missing = admin.missing([*inputs, *result_topics(settings)])
    for name in missing:
        yield Finding("topic", "warning", f"'{name}' does not exist; `gistream topics create` or `run` creates it")
    topics = admin.describe([name for name in (*inputs, *result_topics(settings)) if name not in missing])
    for topic in topics:
        # The archive's query reads the results of the first query.
        rights = ["READ"] if topic.name in inputs else ["READ", "WRITE"] if settings.parquet else ["WRITE"]
        yield _topic(topic, rights, largest=required_topics(settings).get(topic.name, 0))
    newest = [timestamp for topic in topics if (timestamp := admin.newest(topic)) is not None]
    ahead = max(newest, default=0) / 1000 - time.time()
    if ahead > _CLOCK_SECONDS:
        yield Finding(
            "clock",
            "warning",
            f"The newest record is {ahead:.0f} s ahead of this machine's clock; set this clock or the producer's, "
            "because replays and archives depend on these timestamps",
        )
    else:
        yield Finding(
            "clock", "ok", f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}, no record is from the future"
        )


def _topic(topic: Topic, rights: list[str], *, largest: int) -> Finding:
    size = "size unknown" if topic.bytes is None else megabytes(topic.bytes)
    detail = (
        f"'{topic.name}': {counted(topic.partitions, 'partition')}, {counted(topic.offsets, 'offset')}, "
        f"{size}, records up to {megabytes(topic.max_message_bytes)}"
    )
    if topic.rights and (lacking := [right for right in rights if right not in topic.rights]):
        return Finding(
            "topic",
            "problem",
            f"{detail}; this user has no right to {' and '.join(lacking)} it; an administrator must grant it",
            TopicError.exit_code,
        )
    if topic.max_message_bytes < largest:
        return Finding(
            "topic",
            "warning",
            f"{detail}; for documents of max_document_bytes its max.message.bytes must be {largest:,}",
        )
    return Finding("topic", "ok", f"{detail}, {' and '.join(rights)} allowed")
