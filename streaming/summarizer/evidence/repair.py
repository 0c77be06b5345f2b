"""Repair: a model's summary in which every sentence stands on the text.

An answer of which every sentence stands, reads well alone and is central stays. Otherwise sentences of the text are
chosen, in its order: what it says most centrally, with a vote of the model for what its answers say or half say. A
chosen sentence is in the model's words where those stand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from streaming.sentences import join_lines, length, split_sentences, with_stop
from streaming.summarizer.evidence.pointers import points_back
from streaming.summarizer.evidence.salience import VOTE, choose, salience
from streaming.summarizer.evidence.source_text import SourceText
from streaming.summarizer.evidence.stands import stands_on
from streaming.summarizer.evidence.statements import Statement, reads_whole
from streaming.summarizer.form import Form
from streaming.summarizer.words import comparable_units, letters

# A sentence with this support says partly what a sentence of the text says, and votes for that one
# (measurements.md, support).
_HALF = 0.35
# A summary with a smaller share of the words that it should have is filled.
_TOO_SHORT = 0.6
# A model's summary stays that is this central, compared with the sentences that would be chosen otherwise.
_CENTRAL = 0.7
# A summary names what its document is about when it has this share of the headline, by weight. A headline that would be
# more than this share of a summary is none.
_NAMED, _MOST_OF_IT = 0.6, 0.35
# A sentence of the model that has such a share of the words of the one it stands on leaves something out that is not
# needed. With more, it may have lost a word that is; with less, it has lost what the sentence says.
_SHORTER = (0.4, 0.7)


class Repairer:
    """Repairs the summaries of one document and its parts. `taken` maps the text's sentences to statements.

    A summary consists of lines or sentences, by its `form`. A model's sentence stands at the support `least`.
    Every method takes up to a second for a long text: call it in a thread.
    """

    def __init__(self, source: SourceText, *, least: float, form: Form) -> None:
        self._source, self._least, self._form = source, least, form
        self.taken: dict[str, int] = {}
        self._headings = tuple(f"{text} " for text in source.unended)
        # What the model said of the statements so far, how strongly, and what a summary so far says of them.
        self._wordings: dict[int, str] = {}
        self._votes: dict[int, float] = {}
        self._said: dict[int, str] = {}

    def repair(self, answer: str, text: str, words: float, *, whole: bool) -> str:
        """Return a summary of a part in about `words` words out of the model's `answer`; "" when nothing can be said.

        `text` is the part: a piece of the document, summaries of pieces, or such a summary and the next piece. One that
        is `whole` has as many lines as the form asks for.
        """
        candidates = self._candidates(text)
        kept = self._read(answer, candidates)
        return self._compose(candidates, words, kept, whole=whole)

    def summarize(self, words: float) -> str:
        """Return a summary of the document in about `words` words, after its parts; "" when nothing can be said."""
        return self._compose(self._source.candidates(0, len(self._source.text)), words, [], whole=True)

    def _read(self, answer: str, candidates: Collection[int]) -> list[int]:
        """Count what an answer says as votes; return its statements when all of it stands, otherwise none."""
        source, within = self._source, frozenset(candidates)
        standing: list[int] = []
        pieces = list(self._pieces(answer))
        for piece in pieces:
            support = source.support(comparable_units(piece, source.language), within)
            if support is None or support.best is None:
                continue
            best = support.best
            statement = source.statements[best]
            own = _is_own(piece, statement)
            # Where the statement takes the place of the model's words, it must read well alone.
            replaceable = own or (statement.whole and not statement.dependent)
            if support.share >= self._least and replaceable and self._stays(piece, best):
                standing.append(best)
                self._votes[best] = 1.0
                if own:
                    self._wordings.setdefault(best, piece)
            elif support.share >= _HALF:
                self._votes[best] = max(self._votes.get(best, 0.0), support.share)
        return sorted(set(standing)) if len(standing) == len(pieces) else []

    def _compose(self, candidates: Sequence[int], words: float, kept: Sequence[int], *, whole: bool) -> str:
        source, lines = self._source, self._form.lines if whole else None
        scores = salience(source, candidates, self._votes)
        chosen = choose(source, scores, words=words, count=lines)
        headline = self._headline(chosen, words) if whole else None
        if headline is not None:
            chosen = choose(source, scores, words=words - length(headline), named=True)
        kept = kept[:lines]
        if kept and self._mean(kept, scores) >= _CENTRAL * self._mean(chosen, scores):
            left = words - sum(length(self._say(i)) for i in kept)
            short = left > (1 - _TOO_SHORT) * words if lines is None else len(kept) < lines
            rest = None if lines is None else lines - len(kept)
            added = choose(source, scores, words=left, taken=kept, count=rest) if short else []
            chosen, headline = [*kept, *added], None
        chosen = sorted(chosen or self._shortest(scores), key=lambda i: (-source.statements[i].depth, i))
        sentences = [self._say(i) for i in chosen]
        self._said.update(zip(chosen, sentences, strict=True))
        self.taken.update(
            (sentence, i) for i, sentence in zip(chosen, sentences, strict=True) if i not in self._wordings
        )
        if headline is not None and sentences:
            self.taken[headline] = -1
            sentences = [headline, *sentences]
        return self._joined(sentences)

    def _headline(self, chosen: Sequence[int], words: float) -> str | None:
        """Return the headline of the document as a sentence, when a summary of the `chosen` statements needs it."""
        source, line = self._source, self._source.headline
        if line is None or self._form.in_lines or length(line) > _MOST_OF_IT * words:
            return None
        units = comparable_units(line, source.language)
        said = frozenset[str]().union(*(source.statements[i].units for i in chosen))
        weight = source.index.weight
        if sum(map(weight, units & said)) >= _NAMED * sum(map(weight, units)):
            return None
        # A note that was taken out of it leaves no one place in the text.
        return with_stop(line.rstrip(" .:;,–-")) if source.place(line) is not None else None

    def _mean(self, statements: Sequence[int], scores: Mapping[int, float]) -> float:
        """Return how central statements are, without the model's votes."""
        own = [scores[i] - VOTE * self._votes.get(i, 0) for i in statements if i in scores]
        return sum(own) / len(own) if own else 0.0

    def _say(self, i: int) -> str:
        return self._wordings.get(i, self._source.statements[i].text)

    def _candidates(self, text: str) -> list[int]:
        start = self._source.find(text)
        if start >= 0:
            return self._source.candidates(start, start + len(text))
        # A summary so far stands before the next piece; both, and summaries of pieces, say what was taken before.
        piece = text.partition("\n\n")[2]
        start = self._source.find(piece) if piece else -1
        own = self._source.candidates(start, start + len(piece)) if start >= 0 else []
        so_far = (i for i, sentence in list(self._said.items()) if sentence in text)
        return sorted({*so_far, *own})

    def _pieces(self, answer: str) -> Iterable[str]:
        if self._form.in_lines:
            return self._form.split(answer)
        return (join_lines(sentence) for sentence in split_sentences(answer, self._source.language))

    def _stays(self, piece: str, best: int) -> bool:
        if not stands_on(piece, self._source.statements[best]):
            return False
        # The model may run a heading into the sentence below it.
        if piece.startswith(self._headings):
            return False
        return self._form.in_lines or (reads_whole(piece) and not points_back(piece, self._source.language))

    def _shortest(self, scores: Mapping[int, float]) -> list[int]:
        """Return the statement that exceeds the words by least, of the better half."""
        whole = [i for i in scores if self._source.statements[i].whole and not self._source.statements[i].dependent]
        better = sorted(whole, key=lambda i: (-scores[i], i))[: max(1, len(whole) // 2)]
        return [min(better, key=lambda i: self._source.statements[i].words)] if better else []

    def _joined(self, sentences: Sequence[str]) -> str:
        if self._form.in_lines:
            return self._form.joined(sentences)
        return join_lines(" ".join(sentences))


def _is_own(piece: str, statement: Statement) -> bool:
    """Tell whether the words of the model may stand for a statement: they are the same, or a good deal shorter."""
    least, most = (share * statement.words for share in _SHORTER)
    return letters(piece) == letters(statement.text) or least <= length(piece) <= most
