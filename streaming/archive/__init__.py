"""The archive: results as Parquet files, each once for every reader.

    PATH/summaries/day=2026-01-31/gistream-3f2a9c-000000017.parquet      a row a summary
    PATH/dead_letters/day=2026-01-31/...                                 a row a dead letter
    PATH/deletions/day=2026-01-31/...                                    a row a tombstone
    PATH/_building/                                                      files that no reader may see yet

The day is that of the document's record in Kafka, in UTC: so a result's day never changes, however often it is made.
Knows nothing of Spark.
"""

from streaming.archive.archive import Archive
from streaming.archive.columns import SUMMARY, columns
from streaming.archive.compact import CompactedDay, compact
from streaming.archive.location import ArchiveLocation

__all__ = ["SUMMARY", "Archive", "ArchiveLocation", "CompactedDay", "columns", "compact"]
