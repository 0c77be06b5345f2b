"""`/api/summary`: a summary with its provenance, and its document with the evidence marked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from consumers.dashboard.answers import Json, Refusal
from consumers.dashboard.evidence import ShownDocument, summary_and_document
from consumers.dashboard.older import OlderSummaries, row_of
from consumers.dashboard.requests import place_of
from consumers.live.rows import Position, Row
from consumers.live.view import LiveView
from streaming.errors import BadInput, BrokerError, RegistryError, TopicError
from streaming.messages import Document, Record, Summary

# Returns the document in a record and what was mended in it; raises `BadInput` for a record without one.
ReadDocument = Callable[[Record], tuple[Document, list[str]]]

# The type of the error for a record whose text is elsewhere.
BY_REFERENCE = "ByReference"


class Summaries:
    """The summaries that are opened."""

    def __init__(
        self,
        view: LiveView,
        output_topic: str,
        older: OlderSummaries | None,
        read_document: ReadDocument,
        is_input: Callable[[str], bool],
    ) -> None:
        """`is_input` tells whether a topic is one that documents are read from."""
        self._view, self._output_topic, self._older = view, output_topic, older
        self._read_document, self._is_input = read_document, is_input

    def show(self, request: Request) -> Response:
        """Return a summary and its document."""
        place = place_of(request.query_params)
        summary = self._read(place)
        row = self._row(summary, place)
        if row.deleted:
            raise Refusal(410, "The document was deleted, and its summary with it.")
        return Json({"row": asdict(row), **summary_and_document(summary, self._document(summary))})

    def _read(self, place: Position) -> Summary:
        if place[0] == self._output_topic or place[0] in self._view.shadows:
            return self._view.read_summary(*place)
        summary = self._older.find(place) if self._older is not None else None
        if summary is None:
            raise Refusal(404, f"The dashboard knows no summary of topic '{place[0][:250]}' at this place.")
        return summary

    def _row(self, summary: Summary, place: Position) -> Row:
        """Return the row of a summary as its feed has it; another row of the document may have deleted it."""
        row = row_of(summary, place)
        feed = self._view.shadows.get(place[0], self._view.feed)
        rows = feed.of_document(row)
        for kept in rows:
            if (kept.topic, kept.partition, kept.offset) == place:
                return kept
        if any(kept.kind == "deletion" and _offset(kept) >= _offset(row) for kept in rows):
            return row.without_words()
        return row

    def _document(self, summary: Summary) -> ShownDocument:
        source = summary.source
        if source is None:
            return ShownDocument(problem="The document did not come from Kafka, so it cannot be read again.")
        # Whoever may write summaries must not choose the topic that is read.
        if not self._is_input(source.topic):
            return ShownDocument(
                problem=f"The document's topic '{source.topic}' is no input topic here; name it with --input-topic."
            )
        try:
            record = self._view.read_document((source.topic, source.partition, source.offset))
        except TopicError:
            return ShownDocument(
                problem=f"The document is gone from topic '{source.topic}': offset {source.offset} of partition "
                f"{source.partition} was deleted, by the topic's retention or by compaction."
            )
        except BrokerError as error:
            return ShownDocument(problem=str(error))
        if record.source.timestamp != source.timestamp:
            return ShownDocument(
                problem=f"Topic '{source.topic}' was created again: offset {source.offset} is another record now."
            )
        try:
            document, mended = self._read_document(record)
        except RegistryError as error:
            return ShownDocument(problem=str(error))
        except BadInput as error:
            if error.type == BY_REFERENCE:
                return ShownDocument(
                    problem=f"The record has no text: {error}. The dashboard reads no files, so no evidence is marked."
                )
            return ShownDocument(problem=f"The record holds no document as the dashboard reads it: {error}.")
        return ShownDocument(document.text, document.title, mended)


def _offset(row: Row) -> int:
    return -1 if row.source is None else row.source[2]
