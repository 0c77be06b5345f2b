"""`/api/compare`: summaries of the same documents on two topics, beside each other, with the differing words marked.

The other topic is a shadow topic, to which `gistream replay` writes with another prompt or model.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from consumers.dashboard.answers import Json, Refusal
from consumers.dashboard.requests import limit_of, number_of
from consumers.live.filters import Filters
from consumers.live.rows import Position, Row
from consumers.live.sequence import KEPT
from consumers.live.view import LiveView
from consumers.marks import changed_spans, text_of
from streaming.errors import TopicError
from streaming.messages import Summary

_PAIRS, _MOST_PAIRS = 10, 50
# Longer texts are not compared word by word: the time grows with the square of the words. Two of 20,000 Chinese
# characters took 4 s, these 0.4 s.
_MOST_CHARACTERS = 8_000
# Texts of summaries that were read for a comparison: one page is turned back to often.
_REMEMBERED = 500
_HINT = (
    "Two recipes are compared where the same documents have summaries on two topics. Make some with `gistream replay "
    "--output-topic TOPIC`, and start the dashboard with --shadow-topic TOPIC."
)


class Comparisons:
    """Pairs of summaries."""

    def __init__(self, view: LiveView, output_topic: str) -> None:
        self._view, self._output_topic = view, output_topic
        self._lock = threading.Lock()
        self._texts: OrderedDict[Position, str] = OrderedDict()

    def page(self, request: Request) -> Response:
        """Return the newest pairs of a shadow topic and the output topic, by the shadow's rows."""
        parameters, topics = request.query_params, list(self._view.shadows)
        if not topics:
            return Json({"topics": [], "a": None, "b": None, "pairs": [], "more": False, "hint": _HINT})
        topic = parameters.get("topic") or topics[0]
        if topic not in self._view.shadows:
            raise Refusal(404, f"'{topic[:250]}' is no shadow topic here; name it with --shadow-topic.")
        limit = limit_of(parameters, _PAIRS, _MOST_PAIRS)
        pairs = list(islice(self._pairs(topic, number_of(parameters, "before")), limit + 1))
        shown = [shown for a, b in pairs[:limit] if (shown := self._compared(a, b)) is not None]
        a, b = pairs[0] if pairs else (None, None)
        return Json(
            {
                "topics": topics,
                "a": _side(self._output_topic, a),
                "b": _side(topic, b),
                "pairs": shown,
                "more": len(pairs) > limit,
                # The number of the last row that was looked at, also when its summary is gone from the topic.
                "before": pairs[limit - 1][1].number if len(pairs) > limit else None,
                "hint": None if pairs else f"No document has a summary on '{self._output_topic}' and on '{topic}' yet.",
            }
        )

    def _pairs(self, topic: str, before: int | None) -> Iterator[tuple[Row, Row]]:
        """Yield the rows of documents that both topics have a summary of, the newest of the shadow topic first."""
        for b in self._view.shadows[topic].page(Filters(), before=before, limit=KEPT).rows:
            if _stands(b):
                for a in reversed(self._view.feed.of_document(b)):
                    if _stands(a):
                        yield a, b
                        break

    def _compared(self, a: Row, b: Row) -> dict[str, Any] | None:
        """Return a pair with its words; None when a summary is gone from its topic since."""
        try:
            text_a, text_b = self._text(a), self._text(b)
        except TopicError:
            return None
        words_a, words_b = marked(text_a, text_b)
        return {
            "id": b.id,
            "title": b.title or a.title,
            "same": text_a == text_b,
            "a": {"row": asdict(a), "words": words_a},
            "b": {"row": asdict(b), "words": words_b},
        }

    def _text(self, row: Row) -> str:
        place = row.topic, row.partition, row.offset
        with self._lock:
            if (text := self._texts.get(place)) is not None:
                self._texts.move_to_end(place)
                return text
        summary: Summary = self._view.read_summary(*place)
        with self._lock:
            self._texts[place] = text = text_of(summary)
            if len(self._texts) > _REMEMBERED:
                self._texts.popitem(last=False)
        return text


def marked(a: str, b: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return both texts in runs of words, which joined are the text; those that both sides have are the same."""
    if a == b or max(len(a), len(b)) > _MOST_CHARACTERS:
        spans_a, spans_b = ([], []) if a == b else ([(0, len(a))], [(0, len(b))])
    else:
        spans_a, spans_b = changed_spans(a, b)
    return _runs(a, spans_a, "removed"), _runs(b, spans_b, "added")


def _runs(text: str, spans: Sequence[tuple[int, int]], mark: str) -> list[dict[str, str]]:
    runs, place = [], 0
    for start, end in [*spans, (len(text), len(text))]:
        if place < start:
            runs.append({"text": text[place:start], "mark": "same"})
        if start < end:
            runs.append({"text": text[start:end], "mark": mark})
        place = end
    return runs


def _side(topic: str, row: Row | None) -> dict[str, str | None]:
    """Return what names a side: its topic, and what is known of its newest summary's recipe."""
    return {
        "topic": topic,
        **{name: None if row is None else getattr(row, name) for name in ("recipe", "prompt", "model", "strategy")},
    }


def _stands(row: Row) -> bool:
    return row.kind == "summary" and not row.replaced and not row.deleted
