"""Results with a position for tests of archives, and the offsets that readers find."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from streaming.messages import (
    DeadLetter,
    Deletion,
    Failure,
    ModelInfo,
    PromptInfo,
    Signals,
    Source,
    Summary,
    SummarySentence,
    Tokens,
)

DAY = 1_790_000_000_000  # 2026-09-21
A_DAY_LATER = DAY + 86_400_000


def summary(offset: int, *, name: str = "", recipe: str = "r1", at: int = DAY, text: str = "It burned.") -> Summary:
    return Summary(
        id=name or f"d{offset}",
        summary=text,
        status="ok",
        sentences=[SummarySentence(start=0, end=10, origin="model", support=0.9, stands=True, evidence=[[4, 20]])],
        model=ModelInfo(name="m", sha256="ab", representation="Q4_1"),
        prompt=PromptInfo(name="default", sha256="cd"),
        recipe=recipe,
        strategy="stuff",
        chunks=1,
        tokens=Tokens(prompt=10, completion=5),
        seconds=0.5,
        signals=Signals(supported=1.0, repetition=0.0),
        document_sha256="ef",
        source=Source(topic="documents", partition=0, offset=offset, timestamp=at),
        produced_at=datetime(2026, 9, 21, 12, tzinfo=timezone.utc),
        metadata={"team": "x"},
    )


def dead_letter(offset: int) -> DeadLetter:
    return DeadLetter(
        key=b"k",
        value=b"\xff\x00",
        headers=[("twice", b"1"), ("twice", None)],
        error=Failure(stage="decode", type="NotUtf8", message="no text"),
        source=Source(topic="documents", partition=0, offset=offset, timestamp=DAY),
    )


def deletion(name: str, offset: int) -> Deletion:
    return Deletion(name, Source(topic="documents", partition=0, offset=offset, timestamp=A_DAY_LATER))


def offsets(folder: Path, kind: str = "summaries") -> list[int]:
    """Return the source offsets that four readers agree on."""
    where = f"{folder}/{kind}/*/*.parquet"
    columns = [
        [row["source"]["offset"] for row in ds.dataset(folder / kind, partitioning="hive").to_table().to_pylist()],
        [row["source"]["offset"] for row in pq.read_table(folder / kind).to_pylist()],
        [row["offset"] for row in pd.read_parquet(folder / kind)["source"]],
        [row[0] for row in duckdb.sql(f"select source.offset from read_parquet('{where}')").fetchall()],
    ]
    assert all(sorted(column) == sorted(columns[0]) for column in columns)
    return sorted(columns[0])


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob("[!_]*/*/*.parquet"))
