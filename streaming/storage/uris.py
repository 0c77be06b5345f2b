"""Reads a URI as the place of a file: its scheme, its host, and the parts of its path, decoded once.

    /texts/a.txt                  file      ""       texts, a.txt         a path, taken as it stands
    file:///texts/a%20b.txt       file      ""       texts, a b.txt
    s3://bucket/texts/a.txt       s3        bucket   texts, a.txt

Refused is everything that could lead elsewhere than it seems: `..` in whatever spelling, a login, a query, a fragment,
a relative path, characters that nobody sees. Pure functions; no file is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from streaming.errors import BadInput

# A URI in a message: the first characters, without what may be a secret.
_MOST_SHOWN = 200
# The longest path on Linux, and longer than any key of S3.
_LONGEST = 4096
_LOCAL = "file"


@dataclass(frozen=True)
class Location:
    """The place of a file or a folder; `parts` are those of its path."""

    scheme: str
    host: str
    parts: tuple[str, ...]

    def below(self, folder: Location) -> tuple[str, ...] | None:
        """Return the parts of the path within a folder; None for another place."""
        if (self.scheme, self.host) != (folder.scheme, folder.host) or len(self.parts) <= len(folder.parts):
            return None
        depth = len(folder.parts)
        return self.parts[depth:] if self.parts[:depth] == folder.parts else None


def location_of(uri: str) -> Location:
    """Return the place that a document's URI names; raises `BadInput` (UriNotAllowed)."""
    if len(uri) > _LONGEST or not all(character.isprintable() for character in uri):
        raise _refusal("it is too long, or has control characters")
    if uri.startswith("/"):
        return Location(_LOCAL, "", _parts(uri))
    split = _split(uri)
    if "@" in split.netloc:
        # The login is a secret, so the URI is not repeated.
        raise _refusal("it has a login; give the login to the query, with its uri_roots")
    if split.query or split.fragment or uri.endswith(("?", "#")):
        raise _refusal("it has a query or a fragment; write '?' and '#' in a name as %3F and %23")
    if not split.scheme:
        raise _refusal(f"'{shown(uri)}' is a relative path; write file:///folder/name or a path that begins with '/'")
    path = unquote(split.path, errors="surrogateescape")
    if not all(character.isprintable() for character in path):
        raise _refusal("its path has control characters or bytes that are not UTF-8")
    return Location(split.scheme, _host(split), _parts(path))


def root_location(url: str) -> Location:
    """Return the place of a root, which is a path or a URL with a login or options; raises `ValueError`."""
    if "://" not in url:
        return Location(_LOCAL, "", tuple(part for part in url.split("/") if part))
    split = urlsplit(url)
    path = unquote(split.path)
    return Location(split.scheme, _host(split), tuple(part for part in path.split("/") if part))


def shown(uri: str) -> str:
    """Return what a message shows of a URI: its beginning, without a query."""
    plain = "".join(character for character in uri.partition("?")[0] if character.isprintable())
    return plain if len(plain) <= _MOST_SHOWN else f"{plain[:_MOST_SHOWN]}..."


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError:
        raise _refusal("it is no URI") from None


def _host(split: SplitResult) -> str:
    host = split.netloc.rpartition("@")[2].lower()
    return "" if split.scheme == _LOCAL and host == "localhost" else host


def _parts(path: str) -> tuple[str, ...]:
    parts = tuple(path.removeprefix("/").split("/"))
    if any(_leads_elsewhere(part) for part in parts):
        raise _refusal("its path has '..', '.' or an empty part")
    return parts


def _leads_elsewhere(part: str) -> bool:
    """Tell whether a part is none of a plain path, also when another program decodes it once more."""
    while part not in ("", ".", "..") and (decoded := unquote(part)) != part:
        part = decoded
    return part in ("", ".", "..") or bool({"..", "."} & set(part.replace("\\", "/").split("/")))


def _refusal(problem: str) -> BadInput:
    return BadInput(f"the document's uri is not allowed: {problem}", type="UriNotAllowed")
