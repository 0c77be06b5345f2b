"""The flags of commands that can send large texts by reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from streaming.errors import UsageError
from streaming.settings import Settings

if TYPE_CHECKING:
    from producers.records import ProducerRecord, Refusal

Reference = Annotated[
    str | None,
    typer.Option(
        metavar="ROOT",
        help="Write large texts below this folder or URL (s3://bucket/folder), and send their URI and SHA-256 in their "
        "place. `gistream run --uri-roots ROOT` reads them.",
        show_default=False,
    ),
]
ReferenceOver = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="BYTES",
        help="With --reference: the largest JSON that is still sent with its text. Default: max_document_bytes.",
        show_default=False,
    ),
]


def by_reference(
    records: Iterable[ProducerRecord | Refusal],
    root: str | None,
    over: int | None,
    settings: Settings,
    fields: Mapping[str, str],
) -> Iterator[ProducerRecord | Refusal]:
    """Return the records, those of large texts by reference when there is a root.

    Raises `UsageError`, and `MachineError` for a root that cannot be written.
    """
    if root is None:
        if over is not None:
            raise UsageError("--reference-over says which texts go by reference; say where to with --reference ROOT.")
        return iter(records)
    from producers.references import References
    from streaming.storage import ContentFolder

    limit = settings.max_document_bytes if over is None else min(over, settings.max_document_bytes)
    return References(ContentFolder(root), limit, fields).replaced(records)
