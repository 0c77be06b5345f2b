"""Reads what a document's text stands for, where it is no text as it stands: a raw mail, a notebook, an encoding."""

from __future__ import annotations

from streaming.encoding.content import read_content
from streaming.encoding.transfer import decode_twice_encoded
from streaming.errors import BadInput
from streaming.messages import Document


def with_text_read(document: Document) -> tuple[Document, list[str]]:
    """Return the document with the text that a person would read, and what was mended for it, as "field: fault".

    A raw mail's subject and a notebook's first heading are its title when it has none.

    Raises `BadInput`: `EmptyText`, `NoText`, or `Encoded` with the name of the encoding.
    """
    content = read_content(document.text)
    # Half a character alone is no text either.
    if not content.text.replace("\ufffd", "").strip():
        raise BadInput("the text is empty", type="EmptyText")
    mended = [f"text: {layer}" for layer in content.read_as]
    title = document.title or content.title
    if title and (once := decode_twice_encoded(title)) is not None:
        title = once
        mended.append("title: UTF-8 that was encoded twice")
    return document.model_copy(update={"text": content.text, "title": title}) if mended else document, mended
