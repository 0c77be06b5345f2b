"""Sheets for people to judge summaries on, and the file that a rater saves."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

from evaluation.sheet import sheet_page
from evaluation.stories import Story

# What a text may try on the page that shows it.
HOSTILE = (
    "</script><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\"><!--<script>"
    "{{ 7 * 7 }} &lt;b&gt; \u2028 \x00 </textarea></title>"
)
STORIES = [Story(f"story-{n}", f"Text {n} tells of a bridge. It fell.", (), "en") for n in range(4)]
SYSTEMS = ("zebra-large", "quagga-small", "okapi")


def summaries(stories: list[Story] = STORIES) -> dict[str, list[str]]:
    """Return summaries by system; of the first text, two systems wrote the same."""
    return {
        system: [
            "A bridge fell. Nobody was hurt."
            if place == 0 and system != SYSTEMS[0]
            else f"It is about {story.id}. Number {number} says so."
            for place, story in enumerate(stories)
        ]
        for number, system in enumerate(SYSTEMS)
    }


def page(stories: list[Story] = STORIES, data: str = "bridges.jsonl") -> str:
    """Return the page of some stories."""
    return sheet_page(data, stories, summaries(stories))


class Parts(HTMLParser):
    """The parts of a page as a browser finds them: tags with attributes, and what is in scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.contents: list[tuple[str, str]] = []
        self._open = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._open = tag
            self.contents.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            tag, content = self.contents.pop()
            self.contents.append((tag, content + data))

    @property
    def sheet(self) -> Any:
        """The data of the page."""
        return next(json.loads(content) for tag, content in self.contents if tag == "script" and content[0] == "{")

    @property
    def policy(self) -> str:
        """The policy of the page."""
        [policy] = [attributes["content"] for tag, attributes in self.tags if "Security" in str(attributes)]
        return str(policy)


def saved(html: str, rater: str = "anna", *, preferred: int | None = 0, **fields: Any) -> dict[str, Any]:
    """Return the file that a rater saves who judges all summaries of a page alike and prefers one of each text."""
    sheet = Parts(html).sheet
    texts = [
        {
            "id": text["id"],
            "summaries": [
                {"sentences": ["supported"] * len(sentences), "main": 4, "reads": 5, "usable": True}
                for sentences in text["summaries"]
            ],
            "preferred": [] if preferred is None else [preferred],
        }
        for text in sheet["texts"]
    ]
    return {
        "format": "gistream-ratings", "version": sheet["version"], "sheet": sheet["id"], "key": sheet["key"],
        "rater": rater, "saved_at": "2026-01-02T03:04:05.678Z", "texts": texts,
    } | fields  # fmt: skip
