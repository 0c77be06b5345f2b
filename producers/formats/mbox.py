"""Reads a mailbox in one file (mbox): a document for each mail, in memory that does not grow with the mailbox.

Item: a mail as `producers.formats.mail` reads it, called by its Message-ID, else by the SHA-256 of its bytes: so a mail
has the same id when others before it were deleted. A mail without a text is refused by its name, the others are read.

A mail begins at a line "From ADDRESS DATE" below a blank one. `mailbox` of Python takes any line that begins with
"From ", also in a text, where not all programs write ">From ".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from producers.formats.mail import MOST_BYTES, mail_part, message_id
from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from streaming.encoding.raw_mail import parse_mail
from streaming.errors import BadInput

_ENVELOPE = re.compile(rb"From (?:\S+|.*@.*) +.*\d\d:\d\d.*")
# "mboxrd" adds a mark to each line that begins so, however many it has; "mboxo" to the first kind alone.
_ESCAPED = re.compile(rb"(?m)^>(>*From )")
# Bytes of a line that are read at once: a mailbox may be no text.
_LONGEST_LINE = 1024 * 1024


def read_mbox(path: Path, _options: ReadOptions) -> Iterator[Part | PartRefusal]:
    """Yield the mails of a mailbox in its order; raises `BadInput`, `NoMailbox`, where it is none."""
    with path.open("rb") as file:
        for number, raw in enumerate(_mails(file), start=1):
            if raw is None:
                yield PartRefusal(str(number), f"a mail of more than {MOST_BYTES:,} bytes")
                continue
            name = hashlib.sha256(raw).hexdigest()
            try:
                message = parse_mail(raw)
                name = message_id(message) or name
                yield mail_part(message, name)
            except BadInput as error:
                yield PartRefusal(name, str(error))


def _mails(file: BinaryIO) -> Iterator[bytes | None]:
    """Yield the bytes of each mail, None for one that is too large to hold."""
    first = file.readline(_LONGEST_LINE)
    while first and not first.strip():
        first = file.readline(_LONGEST_LINE)
    if not _ENVELOPE.match(first):
        raise BadInput(
            "no mailbox: it does not begin with a line 'From ADDRESS DATE'; a single mail ends in .eml",
            type="NoMailbox",
        )
    lines: list[bytes] = []
    size = 0
    blank = False
    while line := file.readline(_LONGEST_LINE):
        if blank and _ENVELOPE.match(line):
            yield _unescaped(lines, size)
            lines, size, blank = [], 0, False
            continue
        size += len(line)
        blank = not line.strip()
        if size <= MOST_BYTES:
            lines.append(line)
    yield _unescaped(lines, size)


def _unescaped(lines: list[bytes], size: int) -> bytes | None:
    return None if size > MOST_BYTES else _ESCAPED.sub(rb"\1", b"".join(lines))
