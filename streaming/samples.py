"""The sample documents that come with gistream: a folder of texts, in a checkout as well as when it is installed."""

from __future__ import annotations

from pathlib import Path

from streaming.errors import UsageError

_SAMPLES = (Path(__file__).with_name("corpus"), Path(__file__).parent.parent / "examples" / "corpus")


def samples() -> Path:
    """Return the folder of the sample documents; raises `UsageError` when they are not installed."""
    for folder in _SAMPLES:
        if folder.is_dir():
            return folder
    raise UsageError("The sample documents are not installed; name files of your own after the command.")
