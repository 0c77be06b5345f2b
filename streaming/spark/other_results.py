"""What a start says about results before it writes any: those of other queries, and those that it no longer writes.

Other queries are known in two ways: by their checkpoints in this data dir, which also show a query that has just begun,
and by the consumer groups of gistream's queries, which also show those of other data dirs and machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from streaming.archive import ArchiveLocation
from streaming.errors import CheckpointError
from streaming.kafka.topic import Topic
from streaming.kafka.topics import Admin
from streaming.messages import Writer
from streaming.settings import GROUP_PREFIX, Settings
from streaming.spark.checkpoint.checkpoint import Checkpoint, Record, read_record


def outputs_of(settings: Settings, archive: ArchiveLocation | None) -> tuple[str, ...]:
    """Return where a query's summaries go: "topic NAME", "parquet=URL" without a login."""
    topics = (f"topic {settings.output_topic}",) if settings.to_kafka else ()
    return topics if archive is None else (*topics, f"parquet={archive.url}")


def warnings_about_results(
    settings: Settings, admin: Admin, inputs: Sequence[Topic], outputs: Sequence[str]
) -> list[str]:
    """Return a sentence for each other query with the same documents and the same output, and each output left out.

    Raises `CheckpointError` when the query's own checkpoint cannot be read.
    """
    own = read_record(Checkpoint(settings.checkpoint_location))
    beside = {
        name: record
        for name, record in _queries_of_this_data_dir(settings, inputs)
        if own.id is None or record.id != own.id
    }
    sentences = [
        _other_query(settings, f"Query '{name}' of this data dir", inputs, both, name)
        for name, record in beside.items()
        if (both := _shared(record.outputs, outputs))
    ]
    known = {record.id for record in (own, *beside.values())}
    for name, writer in _queries_by_group(admin, inputs):
        if writer.checkpoint not in known and (both := _shared(writer.outputs, outputs)):
            whose = f"Query '{name}' with another checkpoint (of another data dir, or one that was given up)"
            sentences.append(_other_query(settings, whose, inputs, both, name))
    left_out = [output for output in own.outputs if output not in outputs]
    return sentences + [_left_out(settings, output) for output in left_out]


def _shared(theirs: Iterable[str], ours: Sequence[str]) -> str:
    return " and ".join(output for output in theirs if output in ours)


def _other_query(settings: Settings, whose: str, inputs: Sequence[Topic], both: str, name: str) -> str:
    documents = ", ".join(topic.name for topic in inputs)
    other = f"go on with --query {name}" if name != settings.query else "go on with that checkpoint"
    remedy = "--output-topic" if both.startswith("topic ") else "--sink parquet=PATH"
    return (
        f"{whose} writes summaries of {documents} to {both}, too, so a document will have a result of each; give this "
        f"query a {remedy} of its own, or {other}."
    )


def _left_out(settings: Settings, output: str) -> str:
    kind, _, name = output.partition(" ")
    flags = f"--sink kafka --output-topic {name}" if kind == "topic" else f"--sink {output}"
    return (
        f"The last start of query '{settings.query}' also wrote to {output}, which gets no more results from now on; "
        f"to go on with it, stop and start with {flags} as well."
    )


def _queries_of_this_data_dir(settings: Settings, inputs: Sequence[Topic]) -> Iterator[tuple[str, Record]]:
    ids = {topic.id for topic in inputs}
    for folder in sorted((settings.data_dir / "checkpoints").glob("*")):
        try:
            record = read_record(Checkpoint(str(folder)))
        except CheckpointError:
            # It stops its own query, not this one.
            continue
        # A topic's id is that of one cluster.
        if ids & set(record.topic_ids.values()):
            yield folder.name, record


def _queries_by_group(admin: Admin, inputs: Sequence[Topic]) -> Iterator[tuple[str, Writer]]:
    names = {topic.name for topic in inputs}
    for group, metadata in admin.committed_metadata(GROUP_PREFIX).items():
        writers = {Writer.from_text(text) for topic, text in metadata if topic in names}
        yield from ((group.removeprefix(GROUP_PREFIX), writer) for writer in writers if writer is not None)
