"""Where something of a document is: topics, archives, the store. It only looks.

The input topics, the output topic and the dead-letter topic are read from their beginning to their end, each archive's
ids, and the names of the store's entries. Memory is that of what belongs to the documents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from streaming.archive import ArchiveLocation
from streaming.archive.erase import DocumentRows, IdOf, files_of, rows_of
from streaming.errors import MachineError
from streaming.kafka.records import read_ranges, topic_ranges
from streaming.kafka.topic import Topic
from streaming.kafka.topics import Admin
from streaming.messages import DeadLetter, Deletion, Record, Source, read_result
from streaming.operations.forget.replays import replays
from streaming.pipeline.decode import record_format
from streaming.pipeline.record_id import id_of, uri_of
from streaming.planning.store_plan import store_url
from streaming.settings import Settings
from streaming.spark.unread import Reader, queries
from streaming.storage import Folder
from streaming.store import hash_of_id
from streaming.store.forgetting import SHARDS, MarkedEntry, entries_of
from streaming.terminal.progress import ProgressBar

_OUTPUT, _ARCHIVE = "topic ", "parquet="


@dataclass(frozen=True)
class TopicRecord:
    """A record of a topic that is a document's; `result_of` is where the document was, None on an input topic.

    `uri` is that of the file that holds the document's text, None when the record itself does.
    """

    place: Source
    key: bytes | None
    result_of: Source | None = None
    is_deletion: bool = False
    uri: str | None = None


@dataclass
class DocumentPlaces:
    """All that there is of one document; `coming` says who has not read which record of it yet."""

    id: str
    inputs: list[TopicRecord] = field(default_factory=list)
    results: list[TopicRecord] = field(default_factory=list)
    dead_letters: list[TopicRecord] = field(default_factory=list)
    rows: dict[str, DocumentRows] = field(default_factory=dict)
    entries: list[MarkedEntry] = field(default_factory=list)
    coming: list[tuple[Reader, Source]] = field(default_factory=list)

    @property
    def files(self) -> list[str]:
        """The URIs of the files that its records refer to, each once."""
        return list(dict.fromkeys(record.uri for record in (*self.inputs, *self.dead_letters) if record.uri))

    @property
    def known(self) -> bool:
        """Whether anything of it was found."""
        return bool(self.inputs or self.results or self.dead_letters or self.rows or self.entries)


@dataclass
class Places:
    """All places that were looked into, and what was found there of each document, by id.

    `topics` are None when no Kafka is known. `unmarked` are entries of the store of which nobody can tell whose they
    are. `failures` are sentences about places that could not be looked into.
    """

    documents: dict[str, DocumentPlaces]
    topics: dict[str, Topic] | None = None
    archives: dict[str, ArchiveLocation] = field(default_factory=dict)
    store: Folder | None = None
    unmarked: list[MarkedEntry] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def look(settings: Settings, ids: Collection[str], archives: Sequence[str], bar: ProgressBar) -> Places:
    """Look for documents in the places of the settings, those that queries of the data dir wrote to, and `archives`.

    A place that fails is in `failures`. Raises `BrokerError` and `TopicError`.
    """
    places = Places({name: DocumentPlaces(name) for name in ids})
    # Ahead of everything else: what a query commits from now on may be missed.
    readers = [*queries(settings), *replays(settings)]
    if settings.bootstrap_servers is not None:
        _look_into_topics(settings, places, readers, bar)
    outputs = [output.removeprefix(_ARCHIVE) for reader in readers for output in reader.outputs if _ARCHIVE in output]
    urls = [*archives, *([settings.parquet] if settings.parquet else []), *outputs]
    looked_into: set[str] = set()
    for url in urls:
        _attempt(places, lambda url=url: _look_into_archive(settings, places, url, looked_into, bar))  # type: ignore[misc]
    _attempt(places, lambda: _look_into_store(settings, places, bar))
    return places


def dead_letter_ids(settings: Settings) -> IdOf:
    """Return the function that reads the id of a dead letter, or of a record, by the settings."""
    reading = record_format(settings)
    return lambda record: id_of(record, reading)


def _attempt(places: Places, action: Callable[[], None]) -> None:
    try:
        action()
    except MachineError as error:
        places.failures.append(str(error))


def _look_into_topics(settings: Settings, places: Places, readers: list[Reader], bar: ProgressBar) -> None:
    dead_letters = {settings.dead_letter_topic, *(name for reader in readers for name in reader.dead_letter_topics)}
    outputs = {output.removeprefix(_OUTPUT) for reader in readers for output in reader.outputs if _OUTPUT in output}
    with Admin(settings) as admin:
        inputs = admin.inputs()
        names = sorted({*inputs, settings.output_topic, *outputs, *dead_letters})
        missing = admin.missing(names)
        topics = {topic.name: topic for topic in admin.describe([name for name in names if name not in missing])}
    places.topics = topics
    name_of, reading = dead_letter_ids(settings), record_format(settings)
    for name, topic in topics.items():
        ranges = topic_ranges(settings, [name], None, None)
        bar.begin(f"topic {name}", sum(end - start for start, end in ranges.values()))
        for record in read_ranges(settings, ranges):
            bar.advance()
            is_dead_letter = name in dead_letters
            document_id, found = _named(record, name_of) if name in inputs else _result(record, is_dead_letter, name_of)
            if document_id not in places.documents or found is None:
                continue
            document = places.documents[document_id]
            if name in inputs:
                document.inputs.append(replace(found, uri=uri_of(record, reading)))
            elif is_dead_letter:
                document.dead_letters.append(replace(found, uri=uri_of(record, reading)))
            else:
                document.results.append(found)
            # A deletion brings nothing back.
            document.coming += [
                (reader, found.place)
                for reader in readers
                if not found.is_deletion and reader.will_read(topic, found.place.partition, found.place.offset)
            ]


def _named(record: Record, name_of: IdOf) -> tuple[str | None, TopicRecord]:
    """Return the id of a record's document, and the record as one of an input topic."""
    return name_of(record), TopicRecord(record.source, record.key, is_deletion=record.value is None)


def _result(record: Record, is_dead_letter: bool, name_of: IdOf) -> tuple[str | None, TopicRecord | None]:
    """Return the id of the document of a result, and the record as one of it; None for a foreign record."""
    result = read_result(record.key, record.value, record.headers, dead_letter=is_dead_letter)
    if result is None:
        return None, None
    if isinstance(result, DeadLetter):
        original = Record(result.key, result.value, result.headers, result.source)
        return name_of(original), TopicRecord(record.source, record.key, result.source)
    return result.id, TopicRecord(record.source, record.key, result.source, isinstance(result, Deletion))


def _look_into_archive(settings: Settings, places: Places, url: str, looked_into: set[str], bar: ProgressBar) -> None:
    location = ArchiveLocation(url)
    # A query notes its archive without the login that the settings have.
    if location.url in looked_into:
        return
    looked_into.add(location.url)
    bar.begin(f"archive {location.url}", len(files_of(location)))
    found = rows_of(location, places.documents, dead_letter_ids(settings), bar.advance)
    places.archives[location.url] = location
    for name, rows in found.items():
        places.documents[name].rows[location.url] = rows


def _look_into_store(settings: Settings, places: Places, bar: ProgressBar) -> None:
    folder = Folder(store_url(settings))
    bar.begin(f"store {folder.url}", len(SHARDS))
    ids = {hash_of_id(name): name for name in places.documents}
    for entry in entries_of(folder, ids, bar.advance):
        if entry.id_sha256 is None:
            places.unmarked.append(entry)
        else:
            places.documents[ids[entry.id_sha256]].entries.append(entry)
    places.store = folder


def by_topic(records: Sequence[TopicRecord], places: Places) -> list[tuple[Topic, list[TopicRecord]]]:
    """Return the records of each topic."""
    topics = places.topics or {}
    names = dict.fromkeys(record.place.topic for record in records)
    return [(topics[name], [record for record in records if record.place.topic == name]) for name in names]


def newest_results(document: DocumentPlaces) -> list[TopicRecord]:
    """Return the newest result of a document on the output topics, for each topic and each partition of its source."""
    newest: dict[tuple[str, str, int], TopicRecord] = defaultdict()
    for record in document.results:
        source = record.result_of
        if source is None:
            continue
        key = record.place.topic, source.topic, source.partition
        best = newest.get(key)
        rank = source.offset, record.is_deletion, record.place.offset
        if (
            best is None
            or best.result_of is None
            or rank > (best.result_of.offset, best.is_deletion, best.place.offset)
        ):
            newest[key] = record
    return list(newest.values())
