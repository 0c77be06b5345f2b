"""`gistream forget`: removes what gistream has of documents, and says what others have to remove.

From the store and from archives it removes at once. On the output topics it deletes by a tombstone, whose source is
that of the document's newest result: readers and archives then leave out this result and all older ones, in whatever
order they arrive. The bytes on topics are Kafka's to delete, and the records on the input topics their owner's.

A query that has not read a record of the document yet would bring something of it back. So what is still coming is
named, and nothing counts as done before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streaming.archive.erase import erase
from streaming.errors import GistreamError, MachineError
from streaming.kafka.sending import KafkaRecord, send_records
from streaming.messages import Source, source_headers
from streaming.operations.forget.places import (
    DocumentPlaces,
    Places,
    TopicRecord,
    by_topic,
    dead_letter_ids,
    newest_results,
)
from streaming.operations.forget.replays import forget_filters
from streaming.settings import Settings
from streaming.spark.jvm.scratch import sweep_scratch
from streaming.spark.unread import Reader
from streaming.store.forgetting import MarkedEntry, remove, unfinished
from streaming.terminal.progress import ProgressBar
from streaming.wording import counted


@dataclass(frozen=True)
class Remaining:
    """Something that could not be removed, or will come again: a sentence, and the id, None when it is of all."""

    id: str | None
    sentence: str


def forget(settings: Settings, places: Places, bar: ProgressBar) -> list[Remaining]:
    """Remove the documents of `places` from them, and return what remains and should not.

    A place that fails does not keep the others from being emptied.
    """
    remaining = remaining_of(places)
    sweep_scratch(settings.scratch_dir)
    try:
        if places.topics is not None:
            send_records(settings, tombstones(places, settings))
    except GistreamError as error:
        remaining.append(Remaining(None, f"the tombstones were not sent: {error}"))
    try:
        remaining += [Remaining(None, sentence) for sentence in forget_filters(settings, places.documents)]
    except GistreamError as error:
        remaining.append(Remaining(None, f"the ids remain in the filters of replays: {error}"))
    for url, location in places.archives.items():
        days = {
            day for document in places.documents.values() if url in document.rows for day in document.rows[url].days
        }
        bar.begin(f"archive {url}", len(days))
        try:
            erase(location, days, places.documents, dead_letter_ids(settings), bar.advance)
        except MachineError as error:
            remaining.append(Remaining(None, f"rows may remain in the archive: {error}"))
    return remaining + [Remaining(None, sentence) for sentence in _empty_store(places, bar)]


def remaining_of(places: Places) -> list[Remaining]:
    """Return what cannot be removed from here: places that failed, what is still coming, topics that keep for ever."""
    sentences = [Remaining(None, failure) for failure in places.failures]
    for document in places.documents.values():
        sentences += [Remaining(document.id, _coming(reader, place)) for reader, place in document.coming]
        for topic, records in by_topic([*document.results, *document.dead_letters], places):
            if topic.gone_by(max(record.place.timestamp for record in records)) is None:
                setting = "max.compaction.lag.ms" if "compact" in topic.cleanup_policy else "retention.ms"
                sentences.append(
                    Remaining(document.id, f"topic '{topic.name}' may keep its bytes for ever; set its {setting}")
                )
    return sentences


def tombstones(places: Places, settings: Settings) -> Iterator[KafkaRecord]:
    """Yield the tombstones that delete the documents on their topics; none where a deletion is the newest already."""
    for document in places.documents.values():
        newest = newest_results(document)
        for record in newest:
            if not record.is_deletion and record.result_of is not None and record.key is not None:
                headers = tuple(source_headers([], record.result_of))
                yield KafkaRecord(record.place.topic, record.place.partition, record.key, None, headers)
        yield from _of_waiting_letters(document, newest, places, settings)
        # Where nothing is compacted, a record without a value deletes nothing, and readers would stumble over it.
        compacted = {
            (record.place.topic, record.place.partition, record.key)
            for record in document.dead_letters
            if record.key is not None and "compact" in _policy(places, record.place.topic)
        }
        yield from (KafkaRecord(topic, partition, key, None, ()) for topic, partition, key in sorted(compacted))


def _of_waiting_letters(
    document: DocumentPlaces, newest: Sequence[TopicRecord], places: Places, settings: Settings
) -> Iterator[KafkaRecord]:
    """Yield a deletion at the position of each dead letter that has no later result: else a redrive would send it."""
    output = settings.output_topic
    if output not in (places.topics or {}):
        return
    newest_offset: dict[tuple[str, int], int] = defaultdict(lambda: -1)
    for record in newest:
        if record.result_of is not None and record.place.topic == output:
            newest_offset[record.result_of.topic, record.result_of.partition] = record.result_of.offset
    letters: dict[tuple[str, int], Source] = {}
    for record in document.dead_letters:
        source = record.result_of
        if source is None or record.place.topic != settings.dead_letter_topic:
            continue
        partition = source.topic, source.partition
        if source.offset > newest_offset[partition]:
            newest_offset[partition], letters[partition] = source.offset, source
    for source in letters.values():
        yield KafkaRecord(output, None, document.id.encode(), None, tuple(source_headers([], source)))


def _policy(places: Places, topic: str) -> str:
    return places.topics[topic].cleanup_policy if places.topics else ""


def _coming(reader: Reader, place: Source) -> str:
    return (
        f"{reader.name} has not read {place.topic}-{place.partition} offset {place.offset} yet, and will; let it do so "
        f"and forget again, or {reader.remedy}"
    )


def _empty_store(places: Places, bar: ProgressBar) -> Iterator[str]:
    """Remove the documents' entries and all unmarked ones; yields a sentence about each thing that remains."""
    if places.store is None:
        return
    entries = {entry.path or entry.marks[0]: entry for entry in _entries(places)}
    bar.begin(f"store {places.store.url}", len(entries))
    try:
        for entry in entries.values():
            remove(places.store, entry)
            bar.advance()
        if files := unfinished(places.store):
            yield (
                f"{counted(len(files), 'file')} in {places.store.url} ({files[0]}) may be of these documents: a "
                "process is writing it or was killed; forget again in a minute"
            )
    except MachineError as error:
        yield f"entries remain in the store: {error}"


def _entries(places: Places) -> Iterator[MarkedEntry]:
    for document in places.documents.values():
        yield from document.entries
    yield from places.unmarked


def unknown(places: Places) -> list[DocumentPlaces]:
    """Return the documents of which nothing was found."""
    return [document for document in places.documents.values() if not document.known]
