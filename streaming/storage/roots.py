"""The roots: folders and URLs below which files may be read by a URI that a stranger wrote, and nothing else.

`uris` says what a URI may look like, `local_root` and `remote_root` what of it is opened. A file that cannot be had is
a fault of the document that names it (`BadInput`); a root that cannot be had is a failure of the service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streaming.errors import BadInput
from streaming.settings import without_login
from streaming.storage.folder import Folder
from streaming.storage.local_root import LocalRoot
from streaming.storage.remote_root import RemoteRoot
from streaming.storage.root_file import RootFile
from streaming.storage.uris import Location, location_of, root_location, shown


@dataclass(frozen=True)
class _Root:
    url: str
    location: Location
    files: LocalRoot | RemoteRoot


class Roots:
    """The folders and URLs of the setting `uri_roots`; safe to use from several threads."""

    def __init__(self, urls: Sequence[str]) -> None:
        """Find the file systems; raises `UsageError` for an unknown one, `MachineError` when one fails."""
        # The innermost of nested roots first.
        self._roots = sorted(map(_root, urls), key=lambda root: -len(root.location.parts))

    def check(self) -> str:
        """Check that each root can be read; raises `StorageAway` or `MachineError`."""
        for root in self._roots:
            root.files.check()
        return f"documents may refer to files below {', '.join(root.url for root in self._roots)}"

    def open(self, uri: str) -> RootFile:
        """Open the file that a URI names.

        Raises `BadInput` (UriNotAllowed, UriNotFound, UriNoFile, UriNotReadable), and `StorageAway` or `MachineError`
        when its root cannot be read.
        """
        if not self._roots:
            raise BadInput(
                "the document's text is in a file, and the query reads none: name the folder that its uri is in with "
                "--uri-roots",
                type="UriNotAllowed",
            )
        location = location_of(uri)
        for root in self._roots:
            if (parts := location.below(root.location)) is not None:
                return root.files.open(parts, shown(uri))
        raise BadInput(f"{shown(uri)} is below none of the query's uri_roots", type="UriNotAllowed")


def _root(url: str) -> _Root:
    folder = Folder(url)
    name = without_login(url).partition("?")[0]
    if folder.local is not None:
        return _Root(name, root_location(str(folder.local)), LocalRoot(folder.local))
    return _Root(name, root_location(url), RemoteRoot(folder.file_system, folder.path, name))
