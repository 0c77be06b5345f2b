"""What the readers of all formats are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from producers.formats.split import AUTO, Split


@dataclass(frozen=True)
class ReadOptions:
    """How a file becomes documents, and where in a row their fields are: `field` and `keep`, the settings."""

    split: Split = AUTO
    field: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
