"""The wire contract: a document enters, a summary or a dead letter leaves.

This package knows no Spark, no llama.cpp and no Kafka client. The JSON Schemas in docs/schemas are generated
from its classes by tools/write_docs.py.
"""

from streaming.messages.dead_letters import TRUNCATED, DeadLetter, Failure
from streaming.messages.records import Header, Long, Record, Source, read_source, source_headers
from streaming.messages.results import Deletion, OutputMessage, read_result
from streaming.messages.summaries import (
    Document,
    LeftOut,
    ModelInfo,
    PromptInfo,
    Signals,
    Summary,
    SummarySentence,
    Tokens,
)

__all__ = [
    "TRUNCATED",
    "DeadLetter",
    "Deletion",
    "Document",
    "Failure",
    "Header",
    "LeftOut",
    "Long",
    "ModelInfo",
    "OutputMessage",
    "PromptInfo",
    "Record",
    "Signals",
    "Source",
    "Summary",
    "SummarySentence",
    "Tokens",
    "read_result",
    "read_source",
    "source_headers",
]
