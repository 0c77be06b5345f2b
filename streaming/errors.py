"""Every error that gistream raises, and the end of each.

    GistreamError                   the service stops; `exit_code` is the process's
    ├── UsageError             2    a flag, a setting or an input file is wrong
    │   └── NoDocuments       10    the files and folders of a call have no document
    ├── ModelError             3    the model file is missing, broken or unusable
    │   └── HubUnreachable     3    the hub of the model does not answer; a cached copy may do
    ├── BrokerError            4    Kafka cannot be started, reached or used
    │   └── BrokerAway         4    Kafka does not answer now                               (transient)
    ├── TopicError             5    a topic is missing, too small, forbidden, or has lost records
    ├── CheckpointError        6    the checkpoint cannot be read, or is in use
    ├── MachineError           7    Java, disk, memory, the network or a cluster is missing
    │   └── StorageAway        7    a folder or an object store does not answer now         (transient)
    ├── QueryError             8    a micro-batch failed; nothing of it was committed
    │   ├── EngineError        8    the engine failed for every document, not for one
    │   └── ProcessLost        8    a worker, an executor or Spark's JVM ended              (transient)
    ├── Abandoned              9    stopped before the running micro-batch ended; it will replay
    ├── NotAcknowledged       10    some documents did not reach the topic
    ├── NotSummarized         11    `gistream summarize`: some documents have no summary
    ├── UnknownDocument       12    `gistream forget`: nothing was found of an id
    ├── NotForgotten          13    `gistream forget`: something remains of a document, or is still coming
    └── RegistryError         14    the schema registry cannot be used: no such address, login or certificate
        └── RegistryAway      14    the schema registry does not answer now                 (transient)

    DocumentError                   one document becomes a dead letter, its neighbours go on
    ├── BadInput                    the document is at fault; does not count against `max_failed_share`
    └── DocumentFailed              gistream is or may be at fault; counts against `max_failed_share`
        ├── DeadlineExceeded
        ├── PromptTooLong
        ├── EngineCrashed           llama.cpp ended, hung or outgrew its memory on it, also when it ran alone
        └── ResultTooLarge

`gistream run` starts its query again after an error that is `transient`: it may be over by itself.

An error of one document is data: it is caught next to the document and becomes a dead letter whose `error.type` is the
`type` of the error. An error of the service is raised, with one sentence: what happened, to what, and what to do.
Neither error ever carries the document's text.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO


class GistreamError(Exception):
    """The service cannot go on; when the error is `transient`, the next try may succeed with nothing changed."""

    exit_code = 1
    transient = False


class UsageError(GistreamError):
    """A flag, a setting or an input file is wrong."""

    exit_code = 2


class NoDocuments(UsageError):
    """The files and folders of a call have no document; a loop over folders may go on, as after `NotAcknowledged`."""

    exit_code = 10


class ModelError(GistreamError):
    """The model file is missing, broken or unusable."""

    exit_code = 3


class HubUnreachable(ModelError):
    """A hub that should have the model does not answer; a cached copy may do."""


class BrokerError(GistreamError):
    """Kafka cannot be started, reached or used."""

    exit_code = 4


class BrokerAway(BrokerError):
    """Kafka does not answer now."""

    transient = True


def no_answer(servers: str | None) -> BrokerAway:
    """Return the error for a Kafka that does not answer; `streaming.access` tells it from one that refuses a client."""
    return BrokerAway(
        f"Kafka does not answer on {servers}; start the embedded broker with `gistream broker start`, or check "
        "--bootstrap-servers."
    )


class TopicError(GistreamError):
    """A topic is missing, too small, forbidden, or has lost records that were not read yet."""

    exit_code = 5


class CheckpointError(GistreamError):
    """The checkpoint of a query or the state of a watched folder cannot be read, or another process is using it."""

    exit_code = 6


class MachineError(GistreamError):
    """The machine lacks something: Java, disk, memory, the network, or a cluster with room for an executor."""

    exit_code = 7


class StorageAway(MachineError):
    """A folder or an object store that documents are read from does not answer now."""

    transient = True


class QueryError(GistreamError):
    """A micro-batch failed; nothing of it was committed."""

    exit_code = 8


class EngineError(QueryError):
    """The engine failed for every document, not for one."""


class ProcessLost(QueryError):
    """A Python worker, an executor or Spark's JVM ended before its work was done."""

    transient = True


class Abandoned(GistreamError):
    """The query was stopped before its micro-batch ended; the batch will replay."""

    exit_code = 9


class NotAcknowledged(GistreamError):
    """Some documents did not reach the topic."""

    exit_code = 10


class NotSummarized(GistreamError):
    """Some documents of `gistream summarize` have no summary."""

    exit_code = 11


class UnknownDocument(GistreamError):
    """Nothing was found of an id that `gistream forget` was given; it may be misspelt, or forgotten already."""

    exit_code = 12


class NotForgotten(GistreamError):
    """`gistream forget` could not remove something of a document, or a query will bring something of it back."""

    exit_code = 13


class RegistryError(GistreamError):
    """The schema registry cannot be used: there is none at its address, or it refuses the login or its certificate."""

    exit_code = 14


class RegistryAway(RegistryError):
    """The schema registry does not answer now."""

    transient = True


class DocumentError(Exception):
    """One document cannot be summarized; it becomes a dead letter."""

    def __init__(self, message: str, *, type: str | None = None) -> None:
        super().__init__(message)
        self.type = type or self.__class__.__name__


class BadInput(DocumentError):
    """The document itself is at fault; `type` names the fault (NotUtf8, Framed, InvalidJson, EmptyText, ...)."""


class DocumentFailed(DocumentError):
    """The document may be fine; gistream failed."""


class DeadlineExceeded(DocumentFailed):
    """The document took longer than `document_deadline`."""


class PromptTooLong(DocumentFailed):
    """A rendered prompt and its completion would not fit the context."""


class EngineCrashed(DocumentFailed):
    """The engine's process ended, hung or outgrew its memory while it worked on this document alone."""


class ResultTooLarge(DocumentFailed):
    """The result would not fit its topic."""


def reason(error: BaseException) -> str:
    """Return what an error of a library says, its first line without a full stop; its kind when it says nothing."""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "").rstrip(".")
    kind = type(error).__name__
    # kafka-python shows a missing text as "KafkaTimeoutError: None", and knows a description of what brokers answer.
    words = said.removesuffix("None").removesuffix(": ")
    if words and not words.endswith(kind):
        return said
    if description := getattr(error, "description", None):
        return f"{kind}, {str(description).rstrip('.')}"
    return "no answer in time" if isinstance(error, TimeoutError) or kind.endswith("TimeoutError") else kind


# No space on the disk, in the user's quota, or in the largest file that may be.
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# The errors of the surroundings, not of the command line: `gistream doctor` finds them.
_DOCTORS = (ModelError, BrokerError, TopicError, CheckpointError, MachineError, RegistryError)


def sentence_of(error: GistreamError) -> str:
    """Return what a user is told about an error that ends a command."""
    hint = " `gistream doctor` checks all that a start needs." if isinstance(error, _DOCTORS) else ""
    return f"{error}{hint}"


def run_command(command: Callable[[], object]) -> int:
    """Run a command-line app and return the exit code; an error of the service becomes one line on standard error.

    What a stream's encoding cannot show is replaced. A reader that has read enough (`| head`) ends the command with 0,
    a full disk with 7.
    """
    try:
        return _run(command)
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        _print_error("gistream: The disk is full: no space is left for what this command prints or writes.")
        return MachineError.exit_code


def _run(command: Callable[[], object]) -> int:
    """Run a command-line app as `run_command` does; raises the `OSError` of a disk that is full."""
    # Python has None for a stream that was closed before its start (`>&-`).
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    streams = _streams()
    for stream in streams:
        stream.reconfigure(errors="replace")
    # A copy, because rich puts something else in the place of a closed pipe.
    output = os.dup(sys.stdout.fileno()) if sys.stdout in streams else None
    try:
        command()
    except GistreamError as error:
        _print_error(f"gistream: {sentence_of(error)}")
        return error.exit_code
    except (BrokenPipeError, SystemExit) as end:
        # Typer and rich turn a broken pipe into an exit; a broken socket is no reader that has had enough.
        broken = isinstance(end, BrokenPipeError) or isinstance(end.__context__, BrokenPipeError)
        if not (broken and output is not None and _is_closed(output)):
            raise
    finally:
        _flush(streams)
        if output is not None:
            os.close(output)
    return 0


def _print_error(line: str) -> None:
    """Print a line on standard error; a terminal breaks it between words, a file does not."""
    # Imported here, because executors need the errors and not rich.
    from rich.console import Console

    Console(stderr=True, soft_wrap=not sys.stderr.isatty()).print(line, markup=False, highlight=False, emoji=False)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _streams() -> list[io.TextIOWrapper]:
    """Return standard output and standard error, unless one is closed or something else stands in for it."""
    pairs = ((sys.stdout, sys.__stdout__), (sys.stderr, sys.__stderr__))
    return [stream for stream, own in pairs if stream is own and isinstance(stream, io.TextIOWrapper)]


def _is_closed(output: int) -> bool:
    """Return whether nobody can read this file any more."""
    poll = select.poll()
    poll.register(output, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _flush(streams: list[io.TextIOWrapper]) -> None:
    """Write what is left of the output; Python itself would complain about a closed pipe or a full disk at its end."""
    for stream in streams:
        try:
            stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if not isinstance(error, BrokenPipeError):
                raise
