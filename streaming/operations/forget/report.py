"""What `gistream forget` prints: what it found of each document, where, and when the rest is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

from streaming.kafka.topic import Topic
from streaming.operations.forget.forget import Remaining
from streaming.operations.forget.places import DocumentPlaces, Places, TopicRecord, by_topic
from streaming.storage.uris import shown
from streaming.wording import counted

_NOUNS = {
    "summaries": ("summary", "summaries"),
    "dead_letters": ("dead letter", "dead letters"),
    "deletions": ("deletion", "deletions"),
}
# Records of an input topic that a report names; JSON has all.
_MOST_NAMED = 5


def report_lines(places: Places) -> Iterator[str]:
    """Yield the lines about all documents, and about places where nobody can tell whose something is."""
    for document in places.documents.values():
        yield from _document_lines(document, places)
    if places.unmarked:
        yield (
            f"The store has {counted(len(places.unmarked), 'entry', 'entries')} of an older gistream that may be of "
            "any document; they go, too, and are generated again when they are needed."
        )
    if places.topics is None:
        yield "No Kafka is known here, so no topic was looked into; name one with --bootstrap-servers."


def _document_lines(document: DocumentPlaces, places: Places) -> Iterator[str]:
    yield document.id
    if not document.known:
        yield "  nothing was found of it"
    if document.entries and places.store is not None:
        yield f"  store {places.store.url}: {counted(_number(document), 'entry', 'entries')}"
    for url, rows in document.rows.items():
        counts = [counted(number, *_NOUNS[name]) for name, number in sorted(rows.rows.items())]
        yield f"  archive {url}: {', '.join(counts)}"
    for topic, records in by_topic([*document.results, *document.dead_letters], places):
        yield f"  topic {topic.name}: {counted(len(records), 'record')}; {bytes_on(topic, records)}"
    for topic, records in by_topic(document.inputs, places):
        named = ", ".join(_place(record) for record in records[:_MOST_NAMED])
        more = f" and {len(records) - _MOST_NAMED:,} more" if len(records) > _MOST_NAMED else ""
        yield (
            f"  topic {topic.name}: {named}{more}: its owner's to delete; as long as it is there, a replay brings the "
            "document back"
        )
    for uri in document.files:
        yield f"  file {shown(uri)}: its owner's to delete; it holds the text, and gistream has no copy"


def bytes_on(topic: Topic, records: Sequence[TopicRecord]) -> str:
    """Return when Kafka deletes the bytes of records, and by which of the topic's settings."""
    gone_by = topic.gone_by(max(record.place.timestamp for record in records))
    policy = f"cleanup.policy={topic.cleanup_policy}"
    if gone_by is not None:
        return f"Kafka deletes the bytes by {_day(gone_by)} ({policy}, {_hours(topic)})"
    return f"nothing bounds when Kafka deletes the bytes ({policy})"


def report_json(places: Places, remaining: Sequence[Remaining], *, dry_run: bool) -> dict[str, Any]:
    """Return the report for a machine: each document with its places, and what remains."""
    return {
        "dry_run": dry_run,
        "documents": [
            {
                "id": document.id,
                "found": document.known,
                "store_entries": _number(document),
                "archives": {url: dict(rows.rows) for url, rows in document.rows.items()},
                "results": [_position(record, places) for record in (*document.results, *document.dead_letters)],
                "inputs": [_position(record, None) for record in document.inputs],
                "files": [shown(uri) for uri in document.files],
            }
            for document in places.documents.values()
        ],
        "unmarked_entries": len(places.unmarked),
        "remaining": [{"id": item.id, "reason": item.sentence} for item in remaining],
    }


def _position(record: TopicRecord, places: Places | None) -> dict[str, Any]:
    place = record.place
    position: dict[str, Any] = {"topic": place.topic, "partition": place.partition, "offset": place.offset}
    if places is not None and places.topics is not None:
        gone_by = places.topics[place.topic].gone_by(place.timestamp)
        position["gone_by"] = None if gone_by is None else _moment(gone_by).isoformat()
    return position


def _number(document: DocumentPlaces) -> int:
    return sum(entry.path is not None for entry in document.entries)


def _place(record: TopicRecord) -> str:
    return f"partition {record.place.partition} offset {record.place.offset}"


def _hours(topic: Topic) -> str:
    segment, retention = topic.segment_ms // 3_600_000, topic.retention_ms // 3_600_000
    if "compact" in topic.cleanup_policy and topic.gone_by(0) == topic.max_compaction_lag_ms:
        return f"max.compaction.lag.ms of {topic.max_compaction_lag_ms // 3_600_000} h, after the tombstone"
    return f"a segment of up to {segment} h is kept for {retention} h"


def _day(milliseconds: int) -> str:
    return f"{_moment(milliseconds):%Y-%m-%d %H:%M} UTC"


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
