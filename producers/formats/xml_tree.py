"""Parses XML that anybody may have written: no file and no address is opened, and no entity makes it grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from lxml import etree

from streaming.errors import BadInput

# lxml has no types.
Element: TypeAlias = "etree._Element"


def parse_xml(raw: bytes, *, name: str) -> Element:
    """Return the root of a document; raises `BadInput`, which calls it `name`, when it is no XML.

    libxml2 itself refuses elements that are nested more than 256 deep (type `Nested`), and entities that make a
    document much longer than it is.
    """
    parser = etree.XMLParser(resolve_entities="internal", no_network=True, load_dtd=False, remove_pis=True)
    try:
        return etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        if "depth" in (error.msg or "").lower():
            raise BadInput(f"{name} is nested too deeply to be read", type="Nested") from None
        raise BadInput(f"damaged: {name} is no XML in line {error.lineno}", type="Broken") from None
    except ValueError as error:
        raise BadInput(f"damaged: {name} is no XML", type="Broken") from error


def parse_xml_if_whole(raw: bytes | None) -> Element | None:
    """Return the root of a document that a file can be read without; None when it is missing or no XML."""
    try:
        return None if raw is None else parse_xml(raw, name="")
    except BadInput:
        return None


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace; "" for a comment or an entity."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str | None:
    """Return an attribute by its name without the namespace, which differs between versions of a format."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def child(element: Element | None, *path: str) -> Element | None:
    """Return the first child of that name, of it the first of the next name, and so on; None where one is missing."""
    for name in path:
        if element is None:
            return None
        element = next((node for node in element if local_name(node) == name), None)
    return element


def words_in(element: Element | None) -> str:
    """Return all text within an element in one line."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def paragraphs_in(element: Element, names: frozenset[str], hidden: frozenset[str]) -> Iterator[Element]:
    """Yield what is called one of `names` in an element, but for what is in an element called one of `hidden`."""
    for inner in element:
        tag = local_name(inner)
        if tag in hidden:
            continue
        if tag in names:
            yield inner
        yield from paragraphs_in(inner, names, hidden)
