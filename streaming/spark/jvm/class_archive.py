"""The class archive: Spark's classes as Java has them in memory, so that a start maps them instead of parsing jars.

A start uses the archive when it is there and writes nothing (measurements.md, class archive).
`streaming.spark.jvm.class_archive_writer` writes it, which `tools/set_up.py --dev` does once. Java itself refuses an
archive of other jars or of another Java, and then starts without it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyspark
from platformdirs import user_cache_path

from streaming.errors import MachineError
from streaming.machine.java import java_build

# Java ends with a bus error on an archive that was cut off; the checksums refuse one with other damage and take
# 0.1 s. Without the last option Java would print on the terminal that it refuses an archive.
_QUIET = ("-XX:+VerifySharedSpaces", "-Xlog:cds*=off")
# In Java's option a colon separates two archives, and Spark cuts options at blanks.
_PLAIN_PATH = re.compile(r"[\w./+@~-]+", re.ASCII)


@dataclass(frozen=True)
class ClassArchive:
    """The place of the archive of one Java, one pyspark and one set of connector jars; it may be empty.

    The name of the file says how long the whole archive is. `installation` is the part of the name that stays when
    Java or pyspark get another version.
    """

    folder: Path
    installation: str
    version: str

    def whole(self) -> Path | None:
        """Return the archive, if it is there and has its whole length."""
        for path in self.folder.glob(f"{self.installation}-{self.version}-*.jsa"):
            if path.stem.rpartition("-")[2] == str(path.stat().st_size):
                return path
        return None

    def path(self, size: int) -> Path:
        """Return the path of an archive of `size` bytes."""
        return self.folder / f"{self.installation}-{self.version}-{size}.jsa"


def class_archive(java: Path, jars: Sequence[Path]) -> ClassArchive:
    """Return the place of the archive for this Java, with the connector's jars, in this user's cache folder."""
    spark = Path(pyspark.__file__).parent / "jars"
    # An installation of the same pyspark again makes other files, which Java would not take for the same.
    version = (java_build(java), pyspark.__version__, spark.stat().st_mtime_ns, *map(str, jars))
    return ClassArchive(user_cache_path("gistream") / "classes", _digest(spark), _digest(*version))


def reading_options(java: Path, jars: Sequence[Path]) -> list[str]:
    """Return the Java options that use the archive; none when it is not there or cannot be looked at."""
    try:
        archive = class_archive(java, jars).whole()
    except OSError:
        return []
    return [] if archive is None else [f"-XX:SharedArchiveFile={archive}", *_QUIET]


def writing_options(path: Path) -> list[str]:
    """Return the Java options that write an archive to `path` when Java ends, with those of its reader.

    So a Java that does not know one of the options writes no archive. Raises `MachineError` for a path that Java's
    options cannot name.
    """
    if not _PLAIN_PATH.fullmatch(str(path)):
        raise MachineError(f"No class archive can be written: Java's options cannot name {path}.")
    return [f"-XX:ArchiveClassesAtExit={path}", *_QUIET]


def _digest(*values: object) -> str:
    return hashlib.sha256(repr(list(map(str, values))).encode()).hexdigest()[:16]
