"""Files as documents: one document for each file, or for each part that its format or `Split` makes of it.

Item: one document as JSON. Its key is its id: the file's path, and the name of the part when the file has several
("books/war-and-peace.txt#3"), or the id that the part itself has. So a file that is sent again replaces its summaries,
for every consumer that goes by key. `producers/file_names.py` says which files a call names, and what each is called;
`producers/formats` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

from producers.file_names import STDIN_NAME, FileNames
from producers.formats.options import ReadOptions
from producers.formats.part import Part, PartRefusal
from producers.formats.reading import read_parts
from producers.records import ProducerRecord, Refusal, text_id
from streaming.errors import BadInput
from streaming.messages import Document
from streaming.wording import shortened

_TITLE_LENGTH = 200
# Where the id of a document comes from: the file's path, its last part, or the SHA-256 of the document's text.
IdRule = Literal["path", "name", "sha256"]


def read_files(files: FileNames, options: ReadOptions, *, ids: IdRule = "path") -> Iterator[ProducerRecord | Refusal]:
    """Read the documents of `files`; yields a `Refusal` for a file that cannot be read and for a part without text.

    Raises `UsageError` when two files would have one id.
    """
    names = files.last_parts() if ids == "name" else files.paths()
    return (document for path, name in names.items() for document in read_file(path, name, options, ids=ids))


def read_file(
    path: Path, name: str, options: ReadOptions, *, ids: IdRule = "path"
) -> Iterator[ProducerRecord | Refusal]:
    """Read the documents of one file, which is called `name`; yields a `Refusal` for what cannot be read of it."""
    try:
        for part in read_parts(path, options):
            location = f"{name}#{part.name}" if part.name else name
            yield Refusal(location, part.reason) if isinstance(part, PartRefusal) else _document(location, part, ids)
    except OSError as error:
        yield Refusal(name, error.strerror or str(error))
    except BadInput as error:
        yield Refusal(name, str(error))


def _document(name: str, part: Part, ids: IdRule) -> ProducerRecord | Refusal:
    if not part.text.strip():
        return Refusal(name, "it is empty")
    document_id = text_id(part.text) if ids == "sha256" else part.id or name
    document = Document(
        id=document_id,
        title=shortened(part.title or _title(name, part), _TITLE_LENGTH, len),
        text=part.text,
        language=part.language,
        prompt=part.prompt,
        metadata=part.metadata,
    )
    return ProducerRecord(name, document_id.encode(), document.model_dump_json(exclude_defaults=True).encode())


def _title(name: str, part: Part) -> str:
    """Return the first line of a text as its title; the file's name for a file that begins with a whole paragraph."""
    line = next((line.strip() for line in part.text.splitlines() if line.strip()), "")
    is_paragraph = len(line) > _TITLE_LENGTH and not part.name and name != STDIN_NAME
    return PurePosixPath(name.removesuffix(".gz").removesuffix(".zst")).stem if is_paragraph else line
