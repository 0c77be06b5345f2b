"""A redriven record: a dead letter that was sent back to its topic, to the partition that it came from.

It has the original key, value and headers, and behind these headers six of ours: the attempts so far, the original
position, and a mark. A query takes the original position as the document's, so the result has the identity that it
would have had the first time.

A producer may write these headers, too. So they count only when all six stand there, and when they name an earlier
offset of the record's own partition: whoever may write to the topic can give a result an older position in one
partition, and never the position of a newer document, of another partition or of another topic.
"""

from __future__ import annotations

import re
from dataclasses import replace

from streaming.messages.dead_letters import DeadLetter
from streaming.messages.records import Header, Record, position_headers, read_source

_ATTEMPTS = "error.attempts"
_MARK: Header = ("gistream.redriven", b"1")
_NUMBER = re.compile(rb"[1-9][0-9]{0,8}")


def redriven_headers(letter: DeadLetter) -> list[Header]:
    """Return the headers with which a dead letter is sent back."""
    attempts = (_ATTEMPTS, str(letter.error.attempts).encode())
    return [*letter.headers, attempts, *position_headers(letter.source), _MARK]


def restored(record: Record) -> Record:
    """Return a redriven record as it first was: its headers, its position, and the attempts so far.

    Any other record is returned as it is.
    """
    headers = list(record.headers)
    if not headers or headers[-1] != _MARK:
        return record
    original, (attempts_name, attempts), position = headers[:-6], headers[-6:][0], headers[-5:-1]
    source = read_source(position)
    if source is None or attempts_name != _ATTEMPTS or not _NUMBER.fullmatch(attempts or b""):
        return record
    own = record.source
    is_earlier = (source.topic, source.partition) == (own.topic, own.partition) and 0 <= source.offset < own.offset
    if not is_earlier or position != position_headers(source):
        return record
    return replace(record, headers=original, source=source, attempts=int(attempts or b"0"))
