"""Storage: folders on a disk, HDFS or an object store: to write complete files into, and to read named ones from."""

from streaming.storage.content_folder import ContentFolder
from streaming.storage.folder import BUILDING, File, Folder, flush
from streaming.storage.roots import Roots

__all__ = ["BUILDING", "ContentFolder", "File", "Folder", "Roots", "flush"]
