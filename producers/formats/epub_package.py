"""The package of an EPUB: its files in reading order, its title, and its table of contents.

Both generations are read: EPUB 2 with its NCX, EPUB 3 with its navigation document. What a package says about itself is
often wrong in books from the world, so what is missing is done without, as readers do.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote
from zipfile import ZipFile

from producers.formats.xml_tree import Element, local_name, parse_xml, parse_xml_if_whole
from producers.formats.zipped import read_member
from streaming.errors import BadInput

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
# Fonts are obfuscated with these, which protects no text.
_OF_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_TYPE = "{http://www.idpf.org/2007/ops}type"
# Pages that hold no text of the book, by their names in the guide of EPUB 2 and the landmarks of EPUB 3.
_NOT_TEXT = frozenset({"cover", "title-page", "titlepage", "toc", "copyright-page", "landmarks", "loi", "lot"})
# A table of contents has a few levels; more are a mistake, or made to be deep.
_DEEPEST = 20


@dataclass(frozen=True)
class Entry:
    """An entry of the table of contents: `level` counts from 1, and `anchor` is "" for the beginning of a file."""

    title: str
    level: int
    file: str
    anchor: str


@dataclass(frozen=True)
class Package:
    """What an EPUB says about itself; `files` are the members with text, in reading order."""

    title: str | None
    language: str | None
    authors: tuple[str, ...]
    files: tuple[str, ...]
    contents: tuple[Entry, ...]


def read_package(archive: ZipFile) -> Package:
    """Return the package of a book; raises `BadInput` when there is none, or its text is encrypted."""
    _check_encryption(archive)
    path = _package_path(archive)
    raw = read_member(archive, path)
    if raw is None:
        raise BadInput(f"a damaged EPUB: it has no {path}", type="Broken")
    root = parse_xml(raw, name=path)
    folder = posixpath.dirname(path)
    manifest = {item.get("id"): item for item in root.iter("{*}item")}
    spine = next(root.iter("{*}spine"), None)
    references = [] if spine is None else list(spine.iter("{*}itemref"))
    linear = [reference for reference in references if reference.get("linear") != "no"] or references
    items = [item for reference in linear if (item := manifest.get(reference.get("idref"))) is not None]
    navigation = next((item for item in manifest.values() if "nav" in (item.get("properties") or "").split()), None)
    ncx = None if spine is None else manifest.get(spine.get("toc"))
    if ncx is None:
        ncx = next((item for item in manifest.values() if (item.get("media-type") or "").endswith("ncx+xml")), None)
    contents, landmarks = _navigation(archive, folder, navigation)
    without_text = landmarks | _guide(root, folder)
    if navigation is not None:
        without_text.add(_target(folder, navigation.get("href"))[0])
    files = dict.fromkeys(
        _target(folder, item.get("href"))[0] for item in items if item.get("media-type") in _PAGES | {None}
    )
    return Package(
        title=_metadata(root, "title"),
        language=_metadata(root, "language"),
        authors=tuple(name for node in root.iter("{*}creator") if (name := " ".join("".join(node.itertext()).split()))),
        files=tuple(file for file in files if file not in without_text),
        contents=contents or _ncx(archive, folder, ncx),
    )


def _check_encryption(archive: ZipFile) -> None:
    raw = read_member(archive, _ENCRYPTION)
    if raw is None:
        return
    methods = [node.get("Algorithm") for node in parse_xml(raw, name=_ENCRYPTION).iter("{*}EncryptionMethod")]
    if any(method not in _OF_FONTS for method in methods):
        raise BadInput("an EPUB that is protected against copying (DRM): its text is encrypted", type="Encrypted")


def _package_path(archive: ZipFile) -> str:
    root = parse_xml_if_whole(read_member(archive, _CONTAINER))
    if root is not None:
        for node in root.iter("{*}rootfile"):
            if (path := node.get("full-path")) and path in archive.namelist():
                return str(path)
    path = next((name for name in archive.namelist() if name.lower().endswith(".opf")), None)
    if path is None:
        raise BadInput("a damaged EPUB: it has no package file (.opf)", type="Broken")
    return path


def _metadata(root: Element, name: str) -> str | None:
    node = next(root.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}"), None)
    return None if node is None else " ".join("".join(node.itertext()).split()) or None


def _guide(root: Element, folder: str) -> set[str]:
    references = [node for node in root.iter("{*}reference") if (node.get("type") or "").lower() in _NOT_TEXT]
    return {_target(folder, node.get("href"))[0] for node in references}


def _navigation(archive: ZipFile, folder: str, item: Element | None) -> tuple[tuple[Entry, ...], set[str]]:
    """Return the entries of the navigation document of EPUB 3, and the files that are no text by its landmarks."""
    if item is None:
        return (), set()
    path = _target(folder, item.get("href"))[0]
    root = parse_xml_if_whole(read_member(archive, path))
    if root is None:
        # The NCX may be there, and the chapters' own headings are.
        return (), set()
    base = posixpath.dirname(path)
    contents: tuple[Entry, ...] = ()
    without_text: set[str] = set()
    for nav in root.iter("{*}nav"):
        kinds = (nav.get(_TYPE) or "").split()
        links = [node for node in nav.iter("{*}a") if node.get("href")]
        if "landmarks" in kinds:
            marked = [link for link in links if not _NOT_TEXT.isdisjoint((link.get(_TYPE) or "").split())]
            without_text |= {_target(base, link.get("href"))[0] for link in marked}
        elif "toc" in kinds or (not kinds and not contents):
            contents = tuple(_entry(base, link.get("href"), link, _depth(link, nav, "ol")) for link in links)
    return contents, without_text


def _ncx(archive: ZipFile, folder: str, item: Element | None) -> tuple[Entry, ...]:
    """Return the entries of the table of contents of EPUB 2."""
    path = "" if item is None else _target(folder, item.get("href"))[0]
    root = parse_xml_if_whole(read_member(archive, path))
    return () if root is None else tuple(_ncx_entries(root, posixpath.dirname(path)))


def _ncx_entries(root: Element, base: str) -> Iterator[Entry]:
    for point in root.iter("{*}navPoint"):
        content = next(point.iterchildren("{*}content"), None)
        label = next(point.iterchildren("{*}navLabel"), None)
        if content is not None and label is not None and content.get("src"):
            yield _entry(base, content.get("src"), label, _depth(point, root, "navPoint") + 1)


def _entry(base: str, href: str, label: Element, level: int) -> Entry:
    file, anchor = _target(base, href)
    return Entry(" ".join("".join(label.itertext()).split()), min(level, _DEEPEST), file, anchor)


def _depth(element: Element, top: Element, tag: str) -> int:
    """Return how many ancestors of an element within `top` are called `tag`."""
    depth = 0
    for ancestor in element.iterancestors():
        if ancestor is top:
            break
        depth += local_name(ancestor) == tag
    return depth


def _target(base: str, href: str | None) -> tuple[str, str]:
    """Return the member and the anchor that a link of a file in the folder `base` leads to."""
    file, _, anchor = (href or "").partition("#")
    return posixpath.normpath(posixpath.join(base, unquote(file))) if file else "", unquote(anchor)
