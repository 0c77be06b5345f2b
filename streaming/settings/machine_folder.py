"""The default folder of what belongs to this machine and not to one data dir."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path


def machine_folder(data_dir: Path) -> Path:
    """Return gistream's folder among this user's data, or `data_dir` where this user may not write there.

    A service's user may have no home, and a container's may be read-only.
    """
    folder = user_data_path("gistream")
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return folder if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK) else data_dir
