"""Producers send documents to Kafka: one file for each kind of producer, and the publisher that all of them share.

For programs of one's own: `from producers import Document, Publisher, PublishReport`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from producers.publisher import Publisher, PublishReport
    from streaming.messages import Document

__all__ = ["Document", "PublishReport", "Publisher"]


def __getattr__(name: str) -> Any:
    # Imported on first use: the Kafka client takes 0.3 s to load, and commands that only read files need none of it.
    if name in ("Publisher", "PublishReport"):
        from producers import publisher

        return getattr(publisher, name)
    if name == "Document":
        from streaming.messages import Document

        return Document
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
