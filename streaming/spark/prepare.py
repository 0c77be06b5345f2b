"""The plan of a query: settings, broker, topics, model and archive are checked here, before Spark starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streaming.access.rights import check_rights
from streaming.archive import ArchiveLocation
from streaming.engine import ModelFile, open_model
from streaming.kafka.topic import Topic, result_topics
from streaming.kafka.topics import Admin
from streaming.machine.java import find_java
from streaming.pipeline.decode import record_format
from streaming.pipeline.referenced import ReferencePlan
from streaming.pipeline.results import Topics
from streaming.pipeline.task import TaskPlan
from streaming.planning.engine_choice import Choice, choose
from streaming.planning.layout import Layout, plan_layout
from streaming.planning.work import check_prompt, plan_work
from streaming.registry.access import registry_access
from streaming.registry.client import RegistryClient
from streaming.settings import Settings
from streaming.settings.kafka_checks import check_sizes
from streaming.spark.checkpoint.checkpoint import Checkpoint, PinnedRecipe, pinned, read_record
from streaming.spark.jvm.client_classes import check_classes
from streaming.spark.jvm.cluster import check_master
from streaming.spark.other_results import outputs_of, warnings_about_results
from streaming.spark.recipe_change import recipe_to_pin, recipe_warning
from streaming.storage import Roots
from streaming.store import sweep

# The limit where no topic sets one: a value in a row of Spark has at most 2 GiB.
_NO_TOPIC = 2**31 - 1
# The last documents of a micro-batch leave slots idle, so the smallest fills the slots twice while that is at most 32
# documents: 128 documents ran at 0.61 a second with 16 slots, at 0.66 with 32 (measurements.md, micro-batches).
_FEWEST_DOCUMENTS = 16
_MOST_DOCUMENTS = 32
# A micro-batch has 8 documents for every 9 slots: one slot in nine is spare for documents that need a second prompt.
# 32 documents took 42.0 s in 32 slots, 41.5 s in 36 (measurements.md, spare slots).
_DOCUMENTS_PER_NINE_SLOTS = 8


@dataclass(frozen=True)
class Plan:
    """A query that has been checked and may start; `inputs` and `outputs` are the topics as the broker has them.

    `results` says where its summaries go, and `warnings` what its user should know before it begins (`other_results`,
    `recipe_change`).
    """

    settings: Settings
    choice: Choice
    layout: Layout
    inputs: list[Topic]
    outputs: list[Topic]
    created: list[str]
    archive_location: ArchiveLocation | None
    task_plan: TaskPlan
    recipe: PinnedRecipe
    results: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def checkpoint(self) -> Checkpoint:
        """The query's checkpoint."""
        return Checkpoint(self.settings.checkpoint_location)


def wave_of(slots: int) -> int:
    """Return the documents that fill an engine of `slots` once."""
    return max(slots * _DOCUMENTS_PER_NINE_SLOTS // 9, 1)


def first_documents(slots: int) -> int:
    """Return the documents of the first micro-batch of a query for an engine of `slots`, not to wait for slow ones."""
    return max(wave_of(slots), _FEWEST_DOCUMENTS)


def documents_for(slots: int) -> int:
    """Return the fewest documents of a micro-batch for an engine of `slots`, when the settings name no number."""
    documents = wave_of(slots)
    waves = 2 if 2 * documents <= _MOST_DOCUMENTS else 1
    return max(waves * documents, _FEWEST_DOCUMENTS)


def prepare(
    settings: Settings,
    model: ModelFile | None = None,
    choice: Choice | None = None,
    *,
    like: Checkpoint | None = None,
) -> Plan:
    """Check settings, broker and topics, and plan the query; creates the topics that are missing.

    `model` is the settings' model when somebody has opened it; else it is opened once everything else is right.
    `choice` says how the model is computed; without it the checkpoint, the settings and the tuning choose. A query that
    has not begun keeps the representation of the query with the checkpoint `like`.

    Raises `UsageError`, `BrokerError`, `TopicError`, `CheckpointError`, `ModelError`, or `MachineError` for a cluster
    that is not there and for an archive that cannot be written.
    """
    layout = plan_layout(settings)
    if model is None:
        _check_without_model(settings, layout)
        model = open_model(settings.model, completion=settings.completion)
    if choice is None:
        pin = pinned(Checkpoint(settings.checkpoint_location), model.sha256)
        if pin is None and like is not None:
            pin = pinned(like, model.sha256)
        choice = choose(settings, model, cores=layout.cores, pinned=pin)
    work = plan_work(settings, choice, here=layout.local)
    if work.store is not None:
        sweep(work.store.url)
    archive_location = None
    if settings.parquet is not None:
        archive_location = ArchiveLocation(settings.parquet)
        archive_location.open()
    with Admin(settings) as admin:
        created = admin.ensure()
        inputs = admin.describe(admin.inputs())
        outputs = admin.describe(result_topics(settings))
        # The archive beside topics is written from them.
        check_rights(settings, [*inputs, *(outputs if settings.parquet else ())], outputs)
        results = outputs_of(settings, archive_location)
        warnings = warnings_about_results(settings, admin, inputs, results)
    check_sizes(settings.kafka, max((topic.max_message_bytes for topic in outputs), default=0))
    task_plan = TaskPlan(
        work=work,
        record_format=record_format(settings),
        topics=result_limits(settings, outputs),
        max_failed_share=settings.max_failed_share,
        references=ReferencePlan(settings.uri_roots, settings.max_referenced_bytes),
    )
    recipe = recipe_to_pin(settings, choice, work)
    if warning := recipe_warning(read_record(Checkpoint(settings.checkpoint_location)).recipe, recipe):
        warnings.append(warning)
    return Plan(
        settings,
        choice,
        layout,
        inputs,
        outputs,
        created,
        archive_location,
        task_plan,
        recipe,
        results,
        tuple(warnings),
    )


def result_limits(settings: Settings, outputs: Sequence[Topic]) -> Topics:
    """Return the topics of the results with their limits; `outputs` are those that there are."""
    limits = {topic.name: topic.max_message_bytes for topic in outputs}
    return Topics(
        settings.output_topic,
        limits.get(settings.output_topic, _NO_TOPIC),
        settings.dead_letter_topic,
        limits.get(settings.dead_letter_topic, _NO_TOPIC),
    )


def _check_without_model(settings: Settings, layout: Layout) -> None:
    """Find what is wrong without the model: to read one takes seconds, and to compute it otherwise may take minutes."""
    find_java()
    check_master(layout)
    check_prompt(settings)
    if (access := registry_access(settings)) is not None:
        RegistryClient(access).check()
    check_classes(settings.kafka)
    read_record(Checkpoint(settings.checkpoint_location))
    if settings.parquet is not None:
        ArchiveLocation(settings.parquet).check()
    if settings.uri_roots:
        Roots(settings.uri_roots).check()
    with Admin(settings) as admin:
        admin.inputs()
