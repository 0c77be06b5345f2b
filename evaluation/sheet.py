"""The page on which people judge summaries: one file that loads nothing and sends nothing (`streaming.page`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from evaluation.blinding import Key, blind
from evaluation.stories import Story
from evaluation.supports import sentence_supports
from streaming.page import as_data, render_page

# The version of the page and of the files of ratings that it saves.
VERSION = 1
_PAGE = Path(__file__).with_name("page")
_STYLES = ("page.css", "summaries.css")
# In the order in which they need each other.
_SCRIPTS = ("ratings.js", "view.js", "keys.js")


def sheet_page(data: str, stories: Sequence[Story], summaries: Mapping[str, Sequence[str]]) -> str:
    """Return the page as HTML. `summaries` has, by system, a summary of each of the `stories`, in their order.

    The order of the summaries differs from text to text; the same stories and summaries give the same page.
    """
    sheet_id = _sheet_id(stories, summaries)
    by_story = [dict(zip(summaries, each, strict=True)) for each in zip(*summaries.values(), strict=True)]
    blinded = {
        story.id: blind(written, language=story.written_in, seed=f"{sheet_id}/{story.id}")
        for story, written in zip(stories, by_story, strict=True)
    }
    key = Key(
        data=data,
        systems=tuple(summaries),
        texts={story: tuple(each.systems for each in blind_summaries) for story, blind_summaries in blinded.items()},
        supports={
            story.id: tuple(
                tuple(sentence_supports(story.text, story.written_in, each.sentences)) for each in blinded[story.id]
            )
            for story in stories
        },
    )
    texts = [
        {
            "id": story.id,
            "language": story.written_in,
            "text": story.text,
            "summaries": [each.sentences for each in blinded[story.id]],
        }
        for story in stories
    ]
    sheet = {"version": VERSION, "id": sheet_id, "key": key.seal(), "texts": texts}
    return "".join(render_page(_PAGE, "page.html", styles=_STYLES, scripts=_SCRIPTS, data=data, sheet=as_data(sheet)))


def _sheet_id(stories: Sequence[Story], summaries: Mapping[str, Sequence[str]]) -> str:
    """Return a name for these texts and summaries: other ones are another sheet, with ratings of its own."""
    texts = [(story.id, story.written_in, story.text) for story in stories]
    content = json.dumps([VERSION, texts, {system: list(written) for system, written in summaries.items()}])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
