"""A summary beside its document: both cut into pieces, and which sentence stands on which piece.

    summary   gap | sentence 0 | gap | sentence 1 | gap
    document  piece | piece (0) | piece (0, 1) | piece

Positions are Unicode code points, which a browser does not count in; so everything is cut here. The pieces of each
text, joined, are the text, whatever the positions are: a record of a topic may have any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from streaming.messages import Signals, Summary
from streaming.wording import counted

# Characters of a document that are shown: a long book has 3 million. A browser shows more only after seconds.
_MOST_CHARACTERS = 2_000_000
# Places that are marked. A summary has fewer than a hundred; a forged one could make pieces times sentences of them.
_MOST_PLACES = 1000

Span = tuple[int, int]
# A piece of a document, and the numbers of the sentences that stand on it.
Piece = tuple[str, list[int]]
# Each signal: what it means, and whether a bar from 0 to 1 shows it.
_SIGNALS = {
    "supported": ("The share of the summary's sentences that stand on the document.", True),
    "grounding": ("How much of what the summary says stands in the document, by words and pairs of words.", True),
    "repetition": ("The share of runs of four words that are repeats. A model that loops has 40% and more.", True),
    "copy": ("The share of runs of eight words that stand in the document as they are.", True),
    "compression": ("The length of the summary, as a share of the document's, in words.", True),
    "finish": ("stop: the model ended every part itself. length: the limit of tokens ended one.", False),
    "missing": ("What was asked for and the summary lacks.", False),
}


@dataclass(frozen=True)
class ShownDocument:
    """The text of a document as the evidence counts it, and what was mended to get it; or why it is not there."""

    text: str | None = None
    title: str | None = None
    mended: Sequence[str] = ()
    problem: str | None = None


def summary_pieces(summary: Summary) -> tuple[list[str], list[str]]:
    """Return the sentences of a summary, and the texts before, between and behind them, one more."""
    text, place = summary.summary, 0
    gaps, sentences = [], []
    for sentence in summary.sentences:
        start = min(max(sentence.start, place), len(text))
        end = min(max(sentence.end, start), len(text))
        gaps.append(text[place:start])
        sentences.append(text[start:end])
        place = end
    return [*gaps, text[place:]], sentences


def document_pieces(text: str, evidence: Sequence[Sequence[Span]]) -> tuple[list[Piece], list[list[int]]]:
    """Cut a text at the ends of all evidence.

    `evidence` has the places of each sentence. Returns the pieces, and for each sentence the numbers of its pieces.
    """
    spans = [
        (max(0, start), min(end, len(text)), sentence)
        for sentence, places in enumerate(evidence)
        for start, end in places
        if max(0, start) < min(end, len(text))
    ]
    cuts = sorted({0, len(text), *(place for start, end, _ in spans for place in (start, end))})
    number = {cut: index for index, cut in enumerate(cuts)}
    on_piece: list[set[int]] = [set() for _ in cuts[1:]]
    for start, end, sentence in spans:
        for piece in range(number[start], number[end]):
            on_piece[piece].add(sentence)
    of_sentence: list[list[int]] = [[] for _ in evidence]
    for piece, sentences in enumerate(on_piece):
        for sentence in sentences:
            of_sentence[sentence].append(piece)
    pieces = [(text[start:end], sorted(on_piece[number[start]])) for start, end in pairwise(cuts)]
    return pieces, of_sentence


def summary_and_document(summary: Summary, shown: ShownDocument) -> dict[str, Any]:
    """Return what the page shows of a summary and its document, but for the row."""
    gaps, texts = summary_pieces(summary)
    document, problem = None, shown.problem
    evidence: list[list[Span]] = [[] for _ in texts]
    if shown.text is not None:
        if _is_the_summarized(summary, shown.text):
            evidence, problem = _places(summary)
        else:
            problem = (
                "This text is not the one that was summarized, so no evidence is marked in it: its topic was created "
                "again, or the dashboard reads records differently than the query did (--format, --field)."
            )
        document, evidence_pieces = _document(shown, evidence)
    else:
        evidence_pieces = [[] for _ in texts]
    return {
        "summary": summary.model_dump(mode="json", by_alias=True),
        "sentences": [
            {"text": text, "origin": one.origin, "support": one.support, "stands": one.stands, "evidence": pieces}
            for text, one, pieces in zip(texts, summary.sentences, evidence_pieces, strict=True)
        ],
        "gaps": gaps,
        "document": document,
        "document_problem": problem,
        "signals": list(_signals(summary.signals)),
    }


def _is_the_summarized(summary: Summary, text: str) -> bool:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest() == summary.document_sha256


def _places(summary: Summary) -> tuple[list[list[Span]], str | None]:
    """Return the places of each sentence, of too many none, and then a sentence that says so."""
    places = [[(pair[0], pair[1]) for pair in sentence.evidence if len(pair) == 2] for sentence in summary.sentences]
    if sum(map(len, places)) > _MOST_PLACES:
        return [[] for _ in places], f"The evidence has more than {counted(_MOST_PLACES, 'place')}; none is marked."
    return places, None


def _document(shown: ShownDocument, evidence: Sequence[Sequence[Span]]) -> tuple[dict[str, Any], list[list[int]]]:
    text = shown.text or ""
    pieces, of_sentence = document_pieces(text[:_MOST_CHARACTERS], evidence)
    notes = []
    if mended := [fault.removeprefix("text: ") for fault in shown.mended if fault.startswith("text: ")]:
        notes.append(f"The record is no plain text; it was read as: {', '.join(mended)}.")
    if len(text) > _MOST_CHARACTERS:
        notes.append(f"It has {len(text):,} characters; the first {_MOST_CHARACTERS:,} are shown.")
    segments = [{"text": _line_ends(piece), "sentences": sentences} for piece, sentences in pieces]
    return {"segments": segments, "title": shown.title, "note": " ".join(notes) or None}, of_sentence


def _line_ends(piece: str) -> str:
    """Return a piece with line feeds alone; what a page shows must not depend on the system that wrote a text."""
    return piece.replace("\r\n", "\n").replace("\r", "\n")


def _signals(signals: Signals) -> Iterator[dict[str, Any]]:
    values = signals.model_dump(by_alias=True)
    for name, (meaning, has_bar) in _SIGNALS.items():
        value = values[name]
        if isinstance(value, list):
            value = ", ".join(value) or None
        share = min(max(value, 0.0), 1.0) if has_bar and value is not None else None
        yield {"name": name, "value": value, "share": share, "meaning": meaning}
