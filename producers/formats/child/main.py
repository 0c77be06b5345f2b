"""The child's side: reads one file after another, until its parent ends or closes the pipe."""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from producers.formats.child.frames import (
    LENGTH_BYTES,
    Answer,
    End,
    Problem,
    Request,
    as_frame,
    decode_request,
    encode,
)
from producers.formats.child.limits import (
    LONGEST_TEXT,
    forbid_connections_and_processes,
    limit_memory,
    limit_processor_time,
    needed_much_memory,
    peak_memory,
)
from producers.formats.in_process import read_here
from producers.formats.options import ReadOptions
from producers.formats.part import Part
from producers.formats.split import Split
from streaming.errors import BadInput
from streaming.wording import megabytes


def main(folder: str, memory: int) -> None:
    """Serve the parent at the other end of standard input and output; unpacked files lie in `folder`.

    The folder goes with this process, which may have `memory` bytes.
    """
    # A library that prints must not disturb the frames.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    tempfile.tempdir = folder
    at_start = peak_memory()
    limit_memory(memory)
    forbid_connections_and_processes()
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # A thread, which sees the end of the parent while a file is being read.
    threading.Thread(target=_receive, args=(requests, inbox.put, folder), daemon=True).start()

    def send(answer: Answer) -> None:
        answers.write(encode(answer))
        answers.flush()

    # It has started: its parent waits for this.
    send(End(last=False))
    while not (_serve(decode_request(inbox.get()), send, memory) or needed_much_memory(at_start)):
        send(End(last=False))
    send(End(last=True))
    _end(folder)


def _receive(requests: BinaryIO, on_request: Callable[[bytes], None], folder: str) -> None:
    while length := requests.read(LENGTH_BYTES):
        on_request(requests.read(int.from_bytes(length, "big")))
    _end(folder)


def _end(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _serve(request: Request, send: Callable[[Answer], None], memory: int) -> bool:
    """Read a file and send what is in it; returns whether that took all memory."""
    limit_processor_time(request.seconds)
    exhausted = False
    options = ReadOptions(Split.parse(request.split), request.field, request.keep)
    try:
        for part in read_here(Path(os.fsdecode(request.path)), options):
            if isinstance(part, Part) and len(part.text) > LONGEST_TEXT:
                raise BadInput(f"more than {LONGEST_TEXT:,} characters of text: split it first", type="TooLong")
            send(as_frame(part))
    except BadInput as error:
        send(Problem(error.type, str(error)))
    except MemoryError:
        exhausted = True
        send(Problem("TooCostly", f"it takes more than {megabytes(memory)} of memory to read"))
    except RecursionError:
        send(Problem("TooCostly", "its parts are nested too deeply"))
    except OSError as error:
        send(Problem(None, error.strerror or str(error)))
    except Exception as error:  # noqa: BLE001 - whatever a library raises is about this file
        send(Problem("Broken", f"damaged, or not what it seems: its reader failed with {type(error).__name__}"))
    return exhausted
