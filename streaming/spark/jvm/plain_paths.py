"""Paths for Spark's settings, in which a comma begins another path, and '#', '$', '[' and '{' mean something, too.

Nothing escapes these characters in all places where Spark and Hadoop read a path. So a folder with another name gets a
link in the user's folder of temporary files. The link stays, because Java deletes its files after this process's end.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import suppress
from hashlib import sha256
from os import fsencode
from pathlib import Path

from streaming.engine.process.folder import LINK, private_folder

_PLAIN = re.compile(r"[\w./+@~-]+", re.ASCII)


def plain_path(folder: Path) -> Path:
    """Return a path of `folder` with plain characters only: its own, or a link to it. Raises `EngineError`."""
    if _PLAIN.fullmatch(str(folder)):
        return folder
    temporary = tempfile.gettempdir()
    place = private_folder(temporary if _PLAIN.fullmatch(temporary) else "/tmp")  # noqa: S108 - nobody else can enter it
    link = place / f"{LINK}{sha256(fsencode(folder)).hexdigest()[:16]}"
    for other in place.glob(f"{LINK}*"):
        # Its folder has been removed.
        if not other.exists():
            other.unlink(missing_ok=True)
    with suppress(FileExistsError):
        link.symlink_to(folder)
    return link
