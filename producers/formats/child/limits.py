"""What a file may cost its reader, and what the child may not do at all."""

from __future__ import annotations

import resource
import sys

from streaming.settings import MIB

# Of all libraries that read files here, pyarrow needs most before it reads anything: 0.4 GiB of addresses.
MEMORY = 2048 * MIB
# A child that once needed more than this ends after the file, because what Python frees does not go back to the system.
MEMORY_TO_KEEP = 512 * MIB
# Seconds that the parent waits for a child, all in all, while it reads a file: 400 pages of PDF take 1.3 on a busy
# core, a page of HTML with 200,000 elements in each other 3.
_SECONDS = 120
_SECONDS_PER_MIB = 10
# As many may a library compute with at once.
_THREADS = 4
# A text is a document, and a document is at most some tens of megabytes.
LONGEST_TEXT = 100_000_000

# The first parts of the names of Python's audit events: connections, look-ups of names, and other processes.
_FORBIDDEN = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "pty.",
    "ftplib.", "http.client.", "imaplib.", "nntplib.", "poplib.", "smtplib.", "telnetlib.", "urllib.Request",
    "webbrowser.",
)  # fmt: skip


def deadline(size: int) -> float:
    """Return the seconds in which a file of `size` bytes must be read."""
    return _SECONDS + _SECONDS_PER_MIB * size / MIB


class ForbiddenInReader(PermissionError):
    """A reader tried to open a connection or to start a process."""


def forbid_connections_and_processes() -> None:
    """Let each try of this process to open a connection or to start a process fail with `ForbiddenInReader`."""

    def hook(event: str, _arguments: object) -> None:
        if event.startswith(_FORBIDDEN):
            raise ForbiddenInReader(f"a reader may not do this: {event}")

    sys.addaudithook(hook)


def limit_memory(size: int) -> None:
    """Limit the memory of this process to `size` bytes; nothing of it is written to a file when it crashes."""
    _lower(resource.RLIMIT_AS, size)
    _lower(resource.RLIMIT_CORE, 0)


def limit_processor_time(seconds: float) -> None:
    """End this process some time after `seconds` of computing, if its parent does not; a library may have threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime + _THREADS * seconds) + 1)


def peak_memory() -> int:
    """Return the most memory that this process has had, in bytes; Linux begins with what its parent has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def needed_much_memory(at_start: int) -> bool:
    """Whether a process whose peak was `at_start` has had more memory since than a child that goes on may have."""
    return peak_memory() > max(MEMORY_TO_KEEP, at_start)


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (allowed, hard))
