"""The wire contract: a document enters, a summary or a dead letter leaves.

This package knows no Spark, no llama.cpp and no Kafka client. The JSON Schemas in docs/schemas are generated
from its classes by tools/write_docs.py.
"""

from streaming.messages.dead_letters import TRUNCATED, DeadLetter, Failure
from streaming.messages.documents import Document, DocumentReference
from streaming.messages.failed_documents import SETTLED, STATES, WHY_LEFT, FailedDocument, Place, State
from streaming.messages.heartbeat import (
    BEAT_SECONDS,
    SILENT_SECONDS,
    Health,
    Heartbeat,
    QueryActivity,
    QueryState,
    Writer,
    health,
    newest_heartbeat,
)
from streaming.messages.records import Header, Long, Record, Source, read_source, source_headers
from streaming.messages.redriven import redriven_headers, restored
from streaming.messages.results import Deletion, OutputMessage, read_result
from streaming.messages.summaries import (
    STATUSES,
    LeftOut,
    ModelInfo,
    PromptInfo,
    Signals,
    Summary,
    SummarySentence,
    Tokens,
)

__all__ = [
    "BEAT_SECONDS",
    "SETTLED",
    "SILENT_SECONDS",
    "STATES",
    "STATUSES",
    "TRUNCATED",
    "WHY_LEFT",
    "DeadLetter",
    "Deletion",
    "Document",
    "DocumentReference",
    "FailedDocument",
    "Failure",
    "Header",
    "Health",
    "Heartbeat",
    "LeftOut",
    "Long",
    "ModelInfo",
    "OutputMessage",
    "Place",
    "PromptInfo",
    "QueryActivity",
    "QueryState",
    "Record",
    "Signals",
    "Source",
    "State",
    "Summary",
    "SummarySentence",
    "Tokens",
    "Writer",
    "health",
    "newest_heartbeat",
    "read_result",
    "read_source",
    "redriven_headers",
    "restored",
    "source_headers",
]
