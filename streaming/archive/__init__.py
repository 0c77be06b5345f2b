"""The archive: results as Parquet files, each once for every reader.

    PATH/summaries/day=2026-01-31/gistream-3f2a9c-000000017.parquet      one row per summary
    PATH/dead_letters/day=2026-01-31/...                                 one row per dead letter
    PATH/deletions/day=2026-01-31/...                                    one row per tombstone
    PATH/_building/                                                      files that no reader may see yet

The day is the UTC day of the document's record in Kafka, so the day of a result never changes.
The archive does not know Spark.
"""

from streaming.archive.answers import AnswerColumn
from streaming.archive.archive import Archive
from streaming.archive.columns import SUMMARY, columns
from streaming.archive.compact import CompactedDay, compact
from streaming.archive.location import ArchiveLocation
from streaming.archive.rows import read_dead_letters, read_identities, read_results

__all__ = [
    "SUMMARY", "AnswerColumn", "Archive", "ArchiveLocation", "CompactedDay", "columns", "compact", "read_dead_letters",
    "read_identities", "read_results",
]  # fmt: skip
