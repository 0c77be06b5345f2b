"""Sends to Spark's log what PySpark and py4j print when a JVM ends; a user reads one sentence about it instead."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseServer
from typing import Any

from pyspark import accumulators

# py4j also writes to the root logger.
_LIBRARIES = ("root", "py4j")


@contextmanager
def library_logs(log: Path) -> Iterator[None]:
    """Send the libraries' records to the file `log` for as long as the context lasts; all others stay as they are."""
    root = logging.getLogger()
    to_file, to_stderr = logging.FileHandler(log, delay=True), logging.StreamHandler()
    to_file.addFilter(is_of_library)
    # As without any handler: warnings, and nothing but their message.
    to_stderr.setLevel(logging.WARNING)
    to_stderr.addFilter(lambda record: not is_of_library(record))
    handlers: list[logging.Handler] = [to_file] if root.handlers else [to_file, to_stderr]
    for handler in handlers:
        root.addHandler(handler)

    def on_error(_server: BaseServer, _request: Any, _address: Any) -> None:
        with log.open("a") as file:
            file.write(traceback.format_exc())

    servers: list[Any] = [accumulators.AccumulatorTCPServer, accumulators.AccumulatorUnixServer]
    for server in servers:
        server.handle_error = on_error
    try:
        yield
    finally:
        for server in servers:
            del server.handle_error
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


def is_of_library(record: logging.LogRecord) -> bool:
    """Tell whether a record is one of those that go to Spark's log."""
    return record.name.partition(".")[0] in _LIBRARIES
