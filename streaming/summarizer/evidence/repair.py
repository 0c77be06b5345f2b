"""Repair: a model's summary in which every sentence stands on the text.

A sentence of the model that stands stays, if it also reads well alone. The others are left out; what they half say, and
what the text says most centrally, takes their place in the text's own sentences and order.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from streaming.summarizer.evidence.pointers import points_back
from streaming.summarizer.evidence.salience import MEAN, VOTE, choose, salience
from streaming.summarizer.evidence.source_text import SourceText
from streaming.summarizer.evidence.stands import stands_on
from streaming.summarizer.evidence.statements import reads_whole
from streaming.summarizer.sentences import join_lines, length, split_sentences
from streaming.summarizer.words import comparable_units

# A sentence with this support says partly what a sentence of the text says, and votes for that one
# (measurements.md, support).
_HALF = 0.35
# A summary with a smaller share of the words that it should have is filled.
_TOO_SHORT = 0.6
_MARK = re.compile(r"\s*(?:[-*•–]|\d{1,2}[.)])\s+")


class Repairer:
    """Repairs the summaries of one document's parts. `taken` maps each sentence that is the text's to its statement.

    With `lines` a summary consists of lines, otherwise of sentences. A model's sentence stands at the support `least`.
    Every method takes up to a second for a long text: call it in a thread.
    """

    def __init__(self, source: SourceText, *, least: float, lines: bool) -> None:
        self._source, self._least, self._lines = source, least, lines
        self.taken: dict[str, int] = {}
        self._headings = tuple(f"{text} " for text in source.unended)
        # What each statement that a summary stands on says in it.
        self._wordings: dict[int, str] = {}

    def repair(self, answer: str, text: str, words: float) -> str:
        """Return a summary of a part in about `words` words out of the model's `answer`; "" when nothing can be said.

        `text` is the part: a piece of the document, summaries of pieces, or such a summary and the next piece.
        """
        source = self._source
        candidates = self._candidates(text)
        wordings: dict[int, str] = {}
        votes: dict[int, float] = {}
        pieces = list(self._pieces(answer))
        within = frozenset(candidates)
        for piece in pieces:
            support = source.support(comparable_units(piece, source.language), within)
            if support is None or support.best is None:
                continue
            best = support.best
            if support.share >= self._least and self._stays(piece, best):
                wordings.setdefault(best, piece)
                votes[best] = 1.0
            elif support.share >= _HALF:
                votes[best] = max(votes.get(best, 0.0), support.share)
        scores = salience(source, candidates, votes)
        kept = list(wordings) if len(wordings) == len(pieces) and self._is_central(wordings, scores) else []
        left = words - sum(length(wordings[i]) for i in kept)
        chosen = kept
        if not kept or left > (1 - _TOO_SHORT) * words:
            added = choose(source, scores, words=left, taken=kept)
            chosen = sorted([*kept, *added], key=lambda i: (-source.statements[i].depth, i)) if added else kept
        if not chosen:
            chosen = self._shortest(scores)
        sentences = [wordings[i] if i in wordings else self._take(i) for i in chosen]
        self._wordings.update(zip(chosen, sentences, strict=True))
        return self._joined(sentences)

    def shorten(self, joined: str, words: float) -> str:
        """Return the most important sentences of joined summaries in about `words` words; "" when none is known."""
        there = sorted(i for i, sentence in self._wordings.items() if sentence in joined)
        chosen = choose(self._source, salience(self._source, there, {}), words=words)
        order = sorted(chosen, key=lambda i: (-self._source.statements[i].depth, i))
        return self._joined([self._wordings[i] for i in order])

    def _candidates(self, text: str) -> list[int]:
        start = self._source.text.find(text)
        if start >= 0:
            return self._source.candidates(start, start + len(text))
        # A summary so far stands before the next piece; both, and summaries of pieces, say what was taken before.
        piece = text.partition("\n\n")[2]
        start = self._source.text.find(piece) if piece else -1
        own = self._source.candidates(start, start + len(piece)) if start >= 0 else []
        return sorted({*self._wordings, *own})

    def _pieces(self, answer: str) -> Iterable[str]:
        if self._lines:
            return [_MARK.sub("", line).strip() for line in answer.splitlines() if line.strip()]
        return (join_lines(sentence) for sentence in split_sentences(answer, self._source.language))

    def _stays(self, piece: str, best: int) -> bool:
        if not stands_on(piece, self._source.statements[best]):
            return False
        # The model may run a heading into the sentence below it.
        if piece.startswith(self._headings):
            return False
        return self._lines or (reads_whole(piece) and not points_back(piece, self._source.language))

    @staticmethod
    def _is_central(wordings: Collection[int], scores: Mapping[int, float]) -> bool:
        """Tell whether a summary of which everything stands also says what is central, on average."""
        return bool(wordings) and sum(scores[i] - VOTE for i in wordings) >= MEAN * len(wordings)

    def _shortest(self, scores: Mapping[int, float]) -> list[int]:
        """Return the statement that exceeds the words by least, of the better half."""
        whole = [i for i in scores if self._source.statements[i].whole and not self._source.statements[i].dependent]
        better = sorted(whole, key=lambda i: (-scores[i], i))[: max(1, len(whole) // 2)]
        return [min(better, key=lambda i: self._source.statements[i].words)] if better else []

    def _take(self, i: int) -> str:
        self.taken[self._source.statements[i].text] = i
        return self._source.statements[i].text

    def _joined(self, sentences: Sequence[str]) -> str:
        if self._lines:
            return "\n".join(f"- {sentence}" for sentence in sentences)
        return join_lines(" ".join(sentences))
