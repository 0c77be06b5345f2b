"""A book of Project Gutenberg by its number: downloaded once from a mirror, checked, and stored.

Guarantee: every call returns the same whole file. The length is the one that the server gave, and the SHA-256 of the
download, which is stored beside the file, is compared at each later use. A download that breaks off resumes where it
stopped, if the server still has the same file. A stored book is used without a network.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from producers.gutenberg import GUTENBERG
from streaming.errors import MachineError, UsageError

# A server that is busy or restarts is back within a minute or two; more requests would only keep it busy.
_ATTEMPTS = 5
_BUSY = (429, 500, 502, 503, 504)
# A server may name a longer wait than a person at a terminal accepts.
_LONGEST_WAIT = 60
# Seconds to connect, and between two pieces of the file.
_TIMEOUT = (10, 60)
_PIECE = 64 * 1024


@dataclass(frozen=True)
class StoredBook:
    """A book on disk: its file and its SHA-256, which --sha256 takes on another machine."""

    path: Path
    sha256: str


class _BrokenOff(Exception):
    """The connection ended before the file did."""


def fetch(number: str, mirror: str, folder: Path, *, sha256: str | None = None, pause: float = 1.0) -> StoredBook:
    """Return book `number` from `folder`, or download it there from `mirror`; its SHA-256 must be `sha256`.

    Tries five times, the waits doubling from `pause` seconds unless the server names another. Raises `UsageError` for
    a book that does not exist or has another SHA-256, `MachineError` when the network or the disk fails.
    """
    name = f"pg{number}.txt"
    url = f"{mirror.rstrip('/')}/{number}/{name}"
    path = folder / name
    try:
        with _locked(folder, name):
            if not path.exists():
                _download(url, path, sha256, pause)
            return _check(path, sha256)
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
    ) as error:
        raise UsageError(f"'{mirror}' is no address of a mirror; --mirror takes one like {GUTENBERG}.") from error
    except requests.RequestException as error:
        raise MachineError(
            f"{url} could not be fetched: {_cause(error)}; try again later, or another mirror with --mirror."
        ) from error
    except OSError as error:
        raise MachineError(f"Book {number} could not be kept in {folder}: {error.strerror}.") from error


def read_sha256(argument: str | None) -> str | None:
    """Read the value of --sha256; raises `UsageError`."""
    if argument is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", argument):
        raise UsageError(f"--sha256 takes 64 hexadecimal digits; '{argument}' is none.")
    return argument and argument.lower()


def verify(path: Path, sha256: str | None) -> str:
    """Return the SHA-256 of the file `path`; raises `UsageError` when `sha256` is another."""
    digest = _sha256(path)
    if sha256 not in (None, digest):
        raise UsageError(f"{path} has the SHA-256 {digest}, not the one that --sha256 demands; it was not used.")
    return digest


def _check(path: Path, sha256: str | None) -> StoredBook:
    checksum = _checksum(path)
    expected = checksum.read_text(errors="replace").split()[:1] if checksum.exists() else []
    if expected != [_sha256(path)]:
        raise UsageError(f"{path} is no longer the file that was downloaded; delete it to download it again.")
    return StoredBook(path, verify(path, sha256))


def _download(url: str, path: Path, sha256: str | None, pause: float) -> None:
    part = path.with_name(f"{path.name}.part")
    with _session(pause) as session:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _receive(session, url, part)
                break
            except _BrokenOff as error:
                if attempt == _ATTEMPTS:
                    raise MachineError(
                        f"The download of {url} broke off {_ATTEMPTS} times; try again later, which goes on from "
                        f"there if the server can, or another mirror with --mirror."
                    ) from error
                time.sleep(pause * 2 ** (attempt - 1))
    digest = _sha256(part)
    if sha256 not in (None, digest):
        part.unlink()
        raise UsageError(f"{url} has the SHA-256 {digest}, not the one that --sha256 demands; it was not kept.")
    # In the form that `sha256sum -c` reads; written first, so that no book is ever without its checksum.
    _checksum(path).write_text(f"{digest}  {path.name}\n")
    part.rename(path)
    _version(part).unlink(missing_ok=True)


def _receive(session: requests.Session, url: str, part: Path) -> None:
    """Download `url`, or the rest of it, into `part`; raises `_BrokenOff` when the connection ends too early."""
    have = part.stat().st_size if part.exists() and _version(part).exists() else 0
    # If-Range: the server sends the rest if its file is unchanged, else the whole file.
    rest = {"Range": f"bytes={have}-", "If-Range": _version(part).read_text()} if have else {}
    with session.get(url, headers=rest, timeout=_TIMEOUT, stream=True) as answer:
        resumed = answer.status_code == requests.codes.partial_content
        other_rest = resumed and not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if other_rest or answer.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink(missing_ok=True)
            raise _BrokenOff
        _check_answer(answer, url)
        _remember(answer, part)
        with part.open("ab" if resumed else "wb") as file:
            try:
                # The library checks the number of bytes against Content-Length.
                for piece in answer.iter_content(_PIECE):
                    file.write(piece)
            except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError) as error:
                raise _BrokenOff from error
        if not part.stat().st_size:
            raise _BrokenOff


def _check_answer(answer: requests.Response, url: str) -> None:
    """Raise the error that an answer without the book means."""
    if answer.status_code == requests.codes.not_found:
        raise UsageError(f"There is no book at {url}; look its number up at https://www.gutenberg.org.")
    if answer.status_code in _BUSY:
        raise MachineError(
            f"{url} answered {answer.status_code} {answer.reason} {_ATTEMPTS} times; try again later, or another "
            "mirror with --mirror."
        )
    if not answer.ok or "html" in answer.headers.get("Content-Type", ""):
        reply = f"{answer.status_code} {answer.reason}" if not answer.ok else "with a web page instead of a text"
        raise UsageError(f"{url} answered {reply}; name another mirror with --mirror.")


def _session(pause: float) -> requests.Session:
    retry = Retry(
        total=_ATTEMPTS - 1,
        backoff_factor=pause,
        status_forcelist=_BUSY,
        retry_after_max=_LONGEST_WAIT,
        raise_on_status=False,
    )
    session = requests.Session()
    session.headers["User-Agent"] = f"gistream/{version('gistream')} (one book at a time, each once)"
    # Without compression, so that lengths and ranges count the bytes of the file.
    session.headers["Accept-Encoding"] = "identity"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _remember(answer: requests.Response, part: Path) -> None:
    """Store which version of the file is being downloaded; without it, each attempt starts from the beginning."""
    # A weak tag ("W/...") does not promise the same bytes.
    tag = re.sub(r"^W/.*", "", answer.headers.get("ETag", "")) or answer.headers.get("Last-Modified")
    if tag and "Content-Encoding" not in answer.headers:
        _version(part).write_text(tag)
    else:
        _version(part).unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    """Lock the file `name`: another process that wants the same book waits, and then finds it in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _checksum(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _version(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while piece := file.read(1024 * 1024):
            digest.update(piece)
    return digest.hexdigest()


def _cause(error: requests.RequestException) -> str:
    """Return the innermost reason of an error: "Connection refused" instead of the names of five objects."""
    cause = re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(error))
    return cause[1] if cause else type(error).__name__
