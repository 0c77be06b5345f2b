"""The sample documents that are installed with gistream: short and long texts of our own, in three languages."""

from __future__ import annotations

from pathlib import Path

from streaming.errors import UsageError

_FOLDERS = (Path(__file__).with_name("corpus"), Path(__file__).parent.parent / "examples" / "corpus")


def sample_folder() -> Path:
    """Return the folder of the sample documents; raises `UsageError` when they are not installed."""
    for folder in _FOLDERS:
        if folder.is_dir():
            return folder
    raise UsageError("The sample documents are not installed; name files of your own.")


def sample_texts() -> list[str]:
    """Return the texts of the sample documents, in the order of their names; raises `UsageError`."""
    return [path.read_text(encoding="utf-8") for path in sorted(sample_folder().glob("*.txt"))]
