"""A root in an object store or on HDFS, read through pyarrow with the login and the options of the root's own URL.

There are no links there. A bucket that is gone, and one that this user may not look into, is a failure of the service.
"""

from __future__ import annotations

from pyarrow import fs

from streaming.errors import BadInput, MachineError, StorageAway
from streaming.settings import without_login
from streaming.storage.root_file import RootFile

# How pyarrow names a refusal of S3 and of HDFS.
_FORBIDDEN = ("ACCESS_DENIED", "AccessDenied", "Permission denied", "InvalidAccessKeyId", "SignatureDoesNotMatch")


class RemoteRoot:
    """The folder `path` of a file system; messages call it `url`."""

    def __init__(self, file_system: fs.FileSystem, path: str, url: str) -> None:
        self._fs, self._path, self._url = file_system, path.rstrip("/"), url
        # In an object store a folder is there when a file is in it, so only its bucket can be looked for.
        has_folders = file_system.type_name == "hdfs"
        self._must_exist = self._path if has_folders else self._path.strip("/").partition("/")[0]

    def check(self) -> None:
        """Raise `StorageAway` when the root does not answer or is not there, `MachineError` when it is forbidden."""
        if self._info(self._must_exist).type != fs.FileType.Directory:
            raise StorageAway(
                f"{self._url}, one of uri_roots, is not there: there is no '{self._must_exist}'; create it, or correct "
                "uri_roots. Nothing of the running batch was committed."
            )

    def open(self, parts: tuple[str, ...], uri: str) -> RootFile:
        """Open the file at `parts` below the root, which messages call `uri`.

        Raises `BadInput` (UriNotFound, UriNoFile, UriNotReadable), and as `check`.
        """
        path = "/".join((self._path, *parts))
        try:
            info = self._fs.get_file_info(path)
            if info.type == fs.FileType.File:
                return RootFile(self._fs.open_input_stream(path, compression=None), info.size, self._away)
        except FileNotFoundError:
            info = None
        except OSError as error:
            if not _is_forbidden(error):
                raise self._away(error) from error
            self.check()
            raise BadInput(f"this user may not read {uri}", type="UriNotReadable") from error
        self.check()
        if info is not None and info.type == fs.FileType.Directory:
            raise BadInput(f"{uri} is a folder, no file", type="UriNoFile")
        raise BadInput(f"there is no file {uri}", type="UriNotFound")

    def _info(self, path: str) -> fs.FileInfo:
        try:
            return self._fs.get_file_info(path)
        except OSError as error:
            if _is_forbidden(error):
                raise MachineError(
                    f"{self._url}, one of uri_roots, cannot be read by this user: {without_login(str(error))}; give "
                    "the user the rights to list it and to read from it."
                ) from error
            raise self._away(error) from error

    def _away(self, error: OSError) -> StorageAway:
        return StorageAway(
            f"{self._url}, one of uri_roots, does not answer: {without_login(str(error))}. Nothing of the running "
            "batch was committed."
        )


def _is_forbidden(error: OSError) -> bool:
    return isinstance(error, PermissionError) or any(word in str(error) for word in _FORBIDDEN)
