"""A reader of the archive: prints the newest summary of each id, once with pandas and once with DuckDB.

    python examples/read_archive.py archive

It shows how to read what `gistream run --sink parquet=archive` writes (docs/parquet.md). A document that was sent twice
has two rows; the highest source offset counts, unless a later deletion removed the document. Offsets compare within one
partition of one source topic. gistream does not install DuckDB for its users, only for its tests: `pip install duckdb`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

DOCUMENT = ["topic", "partition", "id"]
# DuckDB reaches into structs itself.
NEWEST = """
    SELECT s.id, s.summary FROM summaries s
    WHERE NOT EXISTS (FROM deletions d
                      WHERE d.id = s.id AND d.source.topic = s.source.topic
                        AND d.source.partition = s.source.partition AND d.source."offset" >= s.source."offset")
    QUALIFY row_number() OVER (PARTITION BY s.source.topic, s.source.partition, s.id
                               ORDER BY s.source."offset" DESC, s.produced_at DESC) = 1
    ORDER BY s.id
"""


def newest_with_pandas(archive: Path) -> pd.DataFrame:
    """Return the newest summary of each document."""
    summaries = read_with_pandas(archive / "summaries")
    newest = summaries.sort_values(["offset", "produced_at"]).groupby(DOCUMENT).tail(1)
    # There is no such folder before the first deletion.
    if (archive / "deletions").is_dir():
        deletions = read_with_pandas(archive / "deletions").groupby(DOCUMENT)["offset"].max().rename("deleted_at")
        newest = newest.join(deletions, on=DOCUMENT)
        newest = newest[~(newest["deleted_at"] >= newest["offset"])]
    return newest.sort_values("id")


def read_with_pandas(data_set: Path) -> pd.DataFrame:
    """Return the rows of a data set, with the fields of `source` as columns."""
    rows = pd.read_parquet(data_set)
    return rows.drop(columns="source").join(pd.json_normalize(rows["source"].tolist()))


def newest_with_duckdb(archive: Path) -> list[tuple[Any, ...]]:
    """Return the id and the newest summary of each document."""
    connection = duckdb.connect()
    connection.read_parquet(f"{archive}/summaries/*/*.parquet", union_by_name=True).create_view("summaries")
    if (archive / "deletions").is_dir():
        connection.read_parquet(f"{archive}/deletions/*/*.parquet").create_view("deletions")
    else:
        connection.execute("CREATE VIEW deletions AS SELECT id, source FROM summaries WHERE false")
    return connection.execute(NEWEST).fetchall()


def main(archive: Path) -> None:
    """Print both results."""
    print("pandas")
    for row in newest_with_pandas(archive).itertuples():
        print(f"  {row.id}: {row.summary}")
    print("DuckDB")
    for name, summary in newest_with_duckdb(archive):
        print(f"  {name}: {summary}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
