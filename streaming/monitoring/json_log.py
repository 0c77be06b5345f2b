"""The log of a run where no terminal reads it: one JSON object a line on standard error.

Each has `timestamp` (ISO 8601, UTC), `level`, `event` (a name that stays the same from version to version), `message`
(a sentence), and numbers of its own. Warnings of gistream and of libraries go through it, too. The text of a document,
its title and its headers never do.
"""

from __future__ import annotations

import logging
import sys
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog

from streaming.spark.jvm.library_logs import is_of_library

Level = Literal["info", "warning", "error"]


class JsonLog:
    """Writes JSON lines, and takes the records of `logging` for as long as the context lasts."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to standard error, unless another `stream` is given."""
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(stream or sys.stderr),
            processors=[
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _in_order,
                # In ASCII: no stream changes it, and no reader takes a character for the end of the line.
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.BoundLogger,
        )
        self._handler = _Forward(self)

    def __enter__(self) -> JsonLog:
        # Spark's and py4j's have a log of their own.
        self._handler.addFilter(lambda record: not is_of_library(record))
        logging.getLogger().addHandler(self._handler)
        logging.captureWarnings(True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(self._handler)

    def say(self, event: str, message: str, /, *, level: Level = "info", **fields: Any) -> None:
        """Write one line."""
        self._logger.msg(event, level=level, message=message, **fields)


class _Forward(logging.Handler):
    """Hands the records of `logging` to the log: their sentence, and of an exception the type alone."""

    def __init__(self, log: JsonLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        exception = {"exception": record.exc_info[0].__name__} if record.exc_info and record.exc_info[0] else {}
        try:
            self._log.say("warning", record.getMessage().strip(), level=level, logger=record.name, **exception)
        except Exception:  # noqa: BLE001 - nothing ends a run in the middle of a library: no full disk, no wrong format
            self.handleError(record)


def _in_order(_logger: Any, _method: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Put first what every line has."""
    first = ("timestamp", "level", "event", "message")
    return {name: fields.pop(name) for name in first} | dict(fields)
