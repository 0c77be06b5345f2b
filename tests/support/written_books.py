"""Writes small EPUBs, of both generations, and other ZIP archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def archive(members: Mapping[str, str | bytes]) -> bytes:
    """Return a ZIP archive of `members`."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return raw.getvalue()


def page(body: str) -> str:
    """Return a file of a book."""
    return (
        f'{_HEAD}<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title>A page</title><style>p {{ color: red }}</style></head><body>{body}</body></html>"
    )


def nav(entries: str) -> str:
    """Return a navigation document of EPUB 3; `entries` are items of a list."""
    return page(f'<nav epub:type="toc"><h1>Contents</h1><ol>{entries}</ol></nav>')


def ncx(entries: Sequence[tuple[str, str]]) -> str:
    """Return a table of contents of EPUB 2, of titles and places."""
    points = "".join(
        f'<navPoint id="n{number}"><navLabel><text>{title}</text></navLabel><content src="{place}"/></navPoint>'
        for number, (title, place) in enumerate(entries)
    )
    return f'{_HEAD}<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'


def epub(
    pages: Mapping[str, str],
    *,
    nav: str | None = None,
    ncx: str | None = None,
    spine: Sequence[str] | None = None,
    others: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """Return a book of the files `pages`, which are read in the order of `spine`, by default their own."""
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in pages)
    items += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>' if nav else ""
    items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>' if ncx else ""
    order = "".join(f'<itemref idref="{name}"/>' for name in spine or pages)
    package = (
        f'{_HEAD}<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>The mill of Aldwick</dc:title><dc:creator>Ines Marr</dc:creator></metadata>"
        f'<manifest>{items}</manifest><spine toc="ncx">{order}</spine></package>'
    )
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": _CONTAINER,
            "OEBPS/book.opf": package,
            **{f"OEBPS/{name}": content for name, content in pages.items()},
            **({"OEBPS/nav.xhtml": nav} if nav else {}),
            **({"OEBPS/toc.ncx": ncx} if ncx else {}),
            **(others or {}),
        }
    )
