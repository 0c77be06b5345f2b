"""Reads subtitles of SubStation Alpha (.ass, .ssa): what is said, and by whom, as paragraphs.

Comments, and drawings, which are made of letters, too, are left out. The script's own title is that of the document.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from pysubs2 import SSAFile
from pysubs2.exceptions import Pysubs2Error

from producers.formats.options import ReadOptions
from producers.formats.part import Part
from producers.formats.subtitles import Caption, paragraphs
from streaming.encoding.reading import decode_file
from streaming.errors import BadInput


def read_substation(path: Path, _options: ReadOptions) -> Iterator[Part]:
    """Yield the text of subtitles; raises `BadInput`: `NoText` for a file that says nothing, `Broken`."""
    file = decode_file(path.read_bytes())
    try:
        with warnings.catch_warnings():
            # About marks on the screen that it does not know.
            warnings.simplefilter("ignore")
            script = SSAFile.from_string(file.text, "ass")
    except (Pysubs2Error, ValueError, LookupError) as error:
        raise BadInput("damaged subtitles: a line is not what it should be", type="Broken") from error
    said = "\n\n".join(paragraphs(_captions(script)))
    if not said:
        raise BadInput("no subtitles: no line has a text", type="NoText")
    metadata = {"encoding": file.code_page} if file.code_page else {}
    yield Part(said, script.info.get("Title") or None, metadata=metadata)


def _captions(script: SSAFile) -> Iterator[Caption]:
    for event in sorted(script, key=lambda event: event.start):
        lines = [line for row in event.plaintext.split("\n") if (line := " ".join(row.split()))]
        if lines and not event.is_comment and not event.is_drawing:
            first, *others = lines
            name = event.name.strip()
            yield Caption(event.start / 1000, event.end / 1000, [f"{name}: {first}" if name else first, *others])
