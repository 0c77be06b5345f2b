"""The text that HTML shows: paragraphs as lines, quotations behind ">", nothing of scripts, styles and tags."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from streaming.encoding.character_references import without_long_references

# No tag begins here: the next "<" comes before a ">". Python's parser would look for its end again and again.
_NO_TAG = re.compile(r"<(?![^<>]*>)")
_HIDDEN = frozenset({"script", "style", "title", "template", "noscript"})
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure",
        "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
        "section", "table", "td", "th", "tr", "ul"
    }
)  # fmt: skip


class _TextOfHtml(HTMLParser):
    """Collects the lines that a page shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._words: list[str] = []
        self._hidden = self._quoted = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS or tag == "br":
            self.end_line(blank=tag in ("p", "blockquote"))
        self._hidden += tag in _HIDDEN
        self._quoted += tag == "blockquote"

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS or tag == "br":
            self.end_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_line()
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        self._quoted = max(0, self._quoted - (tag == "blockquote"))
        if tag in ("p", "blockquote"):
            self.end_line(blank=True)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._words.append(data)

    def end_line(self, *, blank: bool = False) -> None:
        line = " ".join("".join(self._words).split())
        self._words = []
        mark = "> " * bool(self._quoted)
        if line:
            self.lines.append(mark + line)
        if blank and self.lines and self.lines[-1].strip("> "):
            self.lines.append(mark.strip())


def html_text(html: str) -> str:
    """Return the text that `html` shows; takes time in proportion to its length."""
    parser = _TextOfHtml()
    parser.feed(_NO_TAG.sub("&lt;", without_long_references(_without_comments(html))))
    parser.close()
    parser.end_line()
    return "\n".join(parser.lines).strip()


def _without_comments(html: str) -> str:
    before, *comments = html.split("<!--")
    return "".join([before, *(comment.partition("-->")[2] for comment in comments)])
