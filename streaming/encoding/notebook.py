"""Reads the prose of a Jupyter notebook: its cells of Markdown, in their order. Its code is not for summaries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from streaming.errors import BadInput
from streaming.json_values import parse_json
from streaming.wording import counted

_HEADING = re.compile(r"#{1,6}[ \t]+(?P<title>\S.*)")


@dataclass(frozen=True)
class Notebook:
    """The prose of a notebook, its first heading, and what was read of it."""

    text: str
    title: str | None
    description: str


def read_notebook(text: str) -> Notebook | None:
    """Return the notebook whose JSON `text` is; None when it is none. Raises `BadInput` when it has no prose."""
    if not text.lstrip().startswith("{") or '"nbformat"' not in text:
        return None
    try:
        value, _ = parse_json(text)
    except ValueError:
        return None
    return notebook_in(value)


def notebook_in(value: Any) -> Notebook | None:
    """Return the notebook that a value of JSON is; None when it is none. Raises `BadInput` when it has no prose."""
    if not isinstance(value, dict) or not isinstance(value.get("nbformat"), int):
        return None
    # Before version 4 the cells stood in worksheets.
    holders = [value, *_dicts(value.get("worksheets"))]
    cells = [cell for holder in holders for cell in _dicts(holder.get("cells"))]
    if not any("cell_type" in cell for cell in cells):
        return None
    prose = [source for cell in cells if (source := _prose(cell))]
    if not prose:
        raise BadInput("a Jupyter notebook without a cell of Markdown: it has code alone", type="NoText")
    text = "\n\n".join(prose)
    headings = (heading["title"].strip("# \t") for line in text.splitlines() if (heading := _HEADING.match(line)))
    others = len(cells) - len(prose)
    description = f"a Jupyter notebook ({counted(len(prose), 'cell')} of prose, without {counted(others, 'other')})"
    return Notebook(text, next(headings, None), description)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _prose(cell: dict[str, Any]) -> str:
    """Return the text of a cell of Markdown, or of a heading as version 3 has it; "" for any other cell."""
    source = cell.get("source")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str) or cell.get("cell_type") not in ("markdown", "heading"):
        return ""
    level = cell.get("level")
    mark = "#" * level + " " if cell["cell_type"] == "heading" and isinstance(level, int) else ""
    return mark + source.strip() if source.strip() else ""
