"""Reads what a text stands for where it is no text as it stands, or raises with the name of what it is.

    a text that is as a whole                            becomes
    ---------------------------------------------------  -----------------------------------------
    a raw mail, with the headers of its transport        its text part; the subject is its title
    a Jupyter notebook's JSON                            its cells of Markdown
    HTML, a page or a piece                              what it shows; its title
    letters by their names in HTML, marks of a terminal  the text without them
    quoted-printable, UTF-7, HZ, UTF-8 encoded twice     the text that was encoded
    Base64, hexadecimal, a list of character codes, ...  `Encoded`: nobody can tell what else is in it

Everything else comes back as it is. Pure functions; no Spark, no model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streaming.encoding.markup import Shown, read_names_of_letters, read_page, read_terminal
from streaming.encoding.notebook import read_notebook
from streaming.encoding.raw_mail import read_mail
from streaming.encoding.transfer import decode_transfer
from streaming.encoding.wrapped import name_wrapping
from streaming.errors import BadInput

# A notebook in a mail whose text was encoded twice: nobody wraps deeper on purpose.
_MOST_LAYERS = 4


@dataclass(frozen=True)
class Content:
    """What a text says. `read_as` says how it was read, outermost first: ("a raw mail", "quoted-printable")."""

    text: str
    title: str | None = None
    read_as: tuple[str, ...] = ()


def read_content(text: str) -> Content:
    """Return what `text` says; takes time in proportion to its length.

    Raises `BadInput`: `Encoded` where it stands for other bytes, `NoText` for a mail, a notebook or a page
    without text, `Binary` for RTF.
    """
    content = Content(text)
    for _ in range(_MOST_LAYERS):
        layer = next((layer for reader in _READERS if (layer := reader(content.text)) is not None), None)
        if layer is None:
            break
        content = Content(layer.text, content.title or layer.title, (*content.read_as, *layer.read_as))
    if wrapping := name_wrapping(content.text):
        raise BadInput(f"written in {wrapping}: decode it first", type="Encoded")
    return content


def _mail(text: str) -> Content | None:
    mail = read_mail(text)
    return None if mail is None else Content(mail.text, mail.subject, ("a raw mail",))


def _notebook(text: str) -> Content | None:
    notebook = read_notebook(text)
    return None if notebook is None else Content(notebook.text, notebook.title, (notebook.description,))


def _transfer(text: str) -> Content | None:
    decoded = decode_transfer(text)
    return None if decoded is None else Content(decoded.text, None, (decoded.encoding,))


def _shown(reader: Callable[[str], Shown | None]) -> Callable[[str], Content | None]:
    def read(text: str) -> Content | None:
        shown = reader(text)
        return None if shown is None else Content(shown.text, shown.title, (shown.description,))

    return read


_READERS: tuple[Callable[[str], Content | None], ...] = (
    _mail,
    _notebook,
    _shown(read_page),
    _transfer,
    _shown(read_names_of_letters),
    _shown(read_terminal),
)
