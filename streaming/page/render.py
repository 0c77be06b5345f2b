"""A page from a template, styles, scripts and data, in which no text can become markup or code.

A text is data in the page: it stands there as JSON without a `<`, the scripts make text nodes of it, and the page's
policy lets a browser run these scripts only, known by their hashes, and load nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_FRAME = Path(__file__).parent
# Characters that could end the element of the JSON, or open a comment in it.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


def render_page(
    folder: Path, template: str, *, styles: Sequence[str], scripts: Sequence[str], **values: Any
) -> Iterator[str]:
    """Yield the parts of a page whose template extends `frame.html`; `values` are the template's.

    `styles` and `scripts` are files of `folder`, in the order in which they need each other; those that all pages
    share come first. A value that the template iterates over is read when its place in the page is reached.
    """
    loader = FileSystemLoader([folder, _FRAME])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    style = _joined([_FRAME / "base.css", *(folder / name for name in styles)])
    script = _joined([_FRAME / "elements.js", *(folder / name for name in scripts)])
    # Where a browser knows trusted types, these also forbid the scripts to make markup of a string.
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    yield from environment.get_template(template).generate(
        policy=policy,
        style=Markup(style),  # noqa: S704 - files of this package
        script=Markup(script),  # noqa: S704 - files of this package
        **values,
    )


def as_data(value: Any) -> Markup:
    """Return a value as JSON for an element `<script type="application/json">`."""
    return Markup(json.dumps(value, separators=(",", ":")).translate(_ESCAPES))  # noqa: S704 - escaped


def _joined(files: Sequence[Path]) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _source(content: str) -> str:
    """Return the name of an inline script or style in a policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
