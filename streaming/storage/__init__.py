"""Storage: a folder on a disk, HDFS or an object store, whose files are complete or absent."""

from streaming.storage.folder import BUILDING, File, Folder, flush

__all__ = ["BUILDING", "File", "Folder", "flush"]
