"""A comparison as a page: both sides beside each other, sentence by sentence; one file that loads nothing.

Item: one document, as a row of JSON that the page's script shows a few of at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from markupsafe import Markup

from consumers.marks import Piece, pieces
from consumers.unseen import visible, visible_json
from streaming.messages import Summary
from streaming.operations.diff.comparison import CHANGES, LETTERS, Comparison, Difference, Letter
from streaming.page import as_data, render_page

# Documents of a page.
ROWS = 10_000
_PAGE = Path(__file__).with_name("page")


def report_page(titles: Mapping[Letter, str], comparison: Comparison, on_row: Callable[[], None]) -> Iterator[str]:
    """Yield the parts of the page with the first `ROWS` documents, those that differ first; calls `on_row` for each."""
    counts = {letter: {"title": visible(titles[letter]), **asdict(comparison.counts(letter))} for letter in LETTERS}
    changes = comparison.changes()
    yield from render_page(
        _PAGE,
        "report.html",
        styles=["report.css"],
        scripts=["report.js"],
        titles={letter: visible(titles[letter]) for letter in LETTERS},
        counts=as_data(visible_json({"sides": counts, "changes": changes})),
        left_out=max(0, sum(changes.values()) - ROWS),
        rows=_rows(comparison, on_row),
    )


def _rows(comparison: Comparison, on_row: Callable[[], None]) -> Iterator[Markup]:
    for difference in islice(comparison.documents(CHANGES), ROWS):
        on_row()
        yield as_data(visible_json(_row(difference)))


def _row(difference: Difference) -> dict[str, Any]:
    a, b = difference.a, difference.b
    # Of two that are the same one is enough.
    if difference.change == "same":
        b = None
    parts_a, parts_b = pieces(a, b)
    title = next((summary.title for summary in (difference.b, difference.a) if summary is not None), None)
    return {
        "id": difference.id,
        "title": title,
        "change": difference.change,
        "reason": difference.reason,
        "otherDocument": difference.other_document,
        "a": _side(a, parts_a),
        "b": _side(b, parts_b),
    }


def _side(summary: Summary | None, parts: list[Piece]) -> dict[str, Any] | None:
    if summary is None:
        return None
    return {
        "status": summary.status,
        "recipe": summary.recipe,
        "model": f"{summary.model.name} {summary.model.representation}",
        "prompt": summary.prompt.name,
        "strategy": summary.strategy,
        "signals": summary.signals.model_dump(by_alias=True, exclude_none=True),
        "pieces": [
            {"runs": piece.runs, **(piece.sentence.model_dump(exclude={"start", "end"}) if piece.sentence else {})}
            for piece in parts
        ],
    }
