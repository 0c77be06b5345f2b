"""The page on which people judge summaries: one file that loads nothing and sends nothing.

A text is data in it, never markup or code: it stands there as JSON without a `<`, the scripts make text nodes of it,
and the page's policy lets a browser run these scripts only, known by their hashes, and load nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from evaluation.blinding import Key, blind
from evaluation.stories import Story
from evaluation.supports import sentence_supports

# The version of the page and of the files of ratings that it saves.
VERSION = 1
_PAGE = Path(__file__).with_name("page")
_STYLES = ("page.css", "summaries.css")
# In the order in which they need each other.
_SCRIPTS = ("ratings.js", "view.js", "keys.js")
# Characters that could end the element of the JSON, or open a comment in it.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


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
    return _render(data, {"version": VERSION, "id": sheet_id, "key": key.seal(), "texts": texts})


def _render(data: str, sheet: Mapping[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_PAGE), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    style, script = _joined(_STYLES), _joined(_SCRIPTS)
    # Where a browser knows trusted types, these also forbid the scripts to make markup of a string.
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return environment.get_template("page.html").render(
        data=data,
        policy=policy,
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704 - a file of this package
        sheet=Markup(json.dumps(sheet).translate(_ESCAPES)),  # noqa: S704 - escaped
    )


def _joined(names: Sequence[str]) -> str:
    return "\n".join((_PAGE / name).read_text(encoding="utf-8") for name in names)


def _source(content: str) -> str:
    """Return the name of an inline script or style in a policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _sheet_id(stories: Sequence[Story], summaries: Mapping[str, Sequence[str]]) -> str:
    """Return a name for these texts and summaries: other ones are another sheet, with ratings of its own."""
    texts = [(story.id, story.written_in, story.text) for story in stories]
    content = json.dumps([VERSION, texts, {system: list(written) for system, written in summaries.items()}])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
