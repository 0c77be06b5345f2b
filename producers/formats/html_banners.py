"""Takes the notices about cookies out of a page of HTML: what asks for consent is no text of the page.

A notice is an element that names itself so and has a button. Real ones are longer than many a text, so without this a
short text would be taken for a piece of its page. A section about cookies has no button, or has code or a title.
"""

from __future__ import annotations

import re

import lxml.etree
import lxml.html

_NAME = re.compile(r"cookie|consent|gdpr|onetrust|didomi|usercentrics", re.IGNORECASE)
_TAGS = ("div", "section", "aside", "dialog", "form")
_BUTTON = ".//button | .//input[@type='button' or @type='submit' or @type='checkbox'] | .//*[@role='button']"
_TEXT = ".//h1 | .//article | .//main | .//pre | .//code"


def without_banners(page: str) -> str:
    """Return the page without its notices about cookies; the page itself when it has none."""
    if not _NAME.search(page):
        return page
    try:
        parser = lxml.html.HTMLParser(encoding="utf-8")
        tree = lxml.html.document_fromstring(page.encode(errors="replace"), parser=parser)
    except lxml.etree.ParserError:
        return page
    banners = [element for element in tree.iter(*_TAGS) if _is_banner(element)]
    if not banners:
        return page
    for banner in banners:
        # One may be in another, which is gone by now.
        if banner.getparent() is not None:
            banner.drop_tree()
    return str(lxml.html.tostring(tree, encoding="unicode"))


def _is_banner(element: lxml.html.HtmlElement) -> bool:
    names = f"{element.get('id') or ''} {element.get('class') or ''}"
    return bool(_NAME.search(names)) and bool(element.xpath(_BUTTON)) and not element.xpath(_TEXT)
