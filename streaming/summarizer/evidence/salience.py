"""Salience: how much of what a text says a sentence of it says, and which sentences together make an extract.

The base is TextRank over content stems weighted by how rare they are. Added to it: what opens the text, the cues of a
claim, a result, a decision or a cause, and what the model chose. Each is worth a share of the mean TextRank score
(measurements.md, salience).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

from streaming.summarizer.evidence.blocks import is_greeting
from streaming.summarizer.evidence.cues import cue_score, is_labelled
from streaming.summarizer.evidence.source_text import SourceText
from streaming.summarizer.evidence.statements import Statement
from streaming.summarizer.extract import MOST_SENTENCES, rank_bags

_OPENING, VOTE, _CONTINUED, _TITLED = 0.5, 0.3, 0.5, 0.4
_DEPENDENT, _ITEM = 0.2, 0.4
# Two sentences that share more of their weight say the same.
_SAME = 0.6
# What a statement loses for each one that was taken from its section.
_AGAIN = 0.2
# A sentence that says less is not worth its place, whatever needs it.
_LEAST_ANTECEDENT = 0.6
# A summary may be this much longer than asked for, where a good sentence needs it.
_MORE = 1.3
# When a summary has this share of its words, a sentence below the mean adds nothing.
_ENOUGH, _MEAN = 0.9, 1.0


def salience(source: SourceText, candidates: Sequence[int], votes: Mapping[int, float]) -> dict[int, float]:
    """Return a score for each of the `candidates`, indices of the source's statements; 1 is the mean of TextRank.

    `votes` say how strongly the model's summary says a statement, from 0 to 1.
    """
    scores = dict(zip(candidates, _ranks(source, candidates), strict=True))
    for place, i in enumerate(source.opening):
        # A letter opens with small talk.
        if i in scores and not is_greeting(source.statements[i].heading):
            scores[i] += _OPENING * (1 - place / len(source.opening))
    for i in candidates:
        statement = source.statements[i]
        scores[i] += VOTE * votes.get(i, 0)
        scores[i] += cue_score(statement, statement.full, source.language)
        # A decision may take several sentences.
        before = source.statements[i - 1] if i - 1 in scores else None
        scores[i] += _CONTINUED * (before is not None and before.block == statement.block and is_labelled(before))
        scores[i] -= _DEPENDENT * statement.dependent + _ITEM * statement.item
    return scores


def _ranks(source: SourceText, candidates: Sequence[int]) -> list[float]:
    ranks: list[float] = []
    for start in range(0, len(candidates), MOST_SENTENCES):
        bags = [source.statements[i].units for i in candidates[start : start + MOST_SENTENCES]]
        ranks += [float(score) * len(bags) for score in rank_bags(bags, source.index.weight)]
    return ranks


def choose(
    source: SourceText,
    scores: Mapping[int, float],
    *,
    words: float,
    taken: Collection[int] = (),
    count: int | None = None,
    named: bool = False,
) -> list[int]:
    """Return the statements with the best scores that say new things in `words` words, beside those `taken`.

    With a `count` there are so many of them, if there are, whatever their words. A statement that needs the one before
    it comes only together with it. What names the subject of the text comes first, unless it is `named` otherwise.
    """
    chosen = list(taken)
    added: list[int] = []
    most, so_far = words * _MORE, 0.0
    if count is not None:
        words = most = math.inf
    for i in _by_score(source, scores, chosen, named=named):
        if so_far >= words or (so_far >= _ENOUGH * words and scores[i] < _MEAN) or len(added) == count:
            break
        group = _with_antecedent(source.statements, scores, i, chosen)
        if group is None or any(source.same(i, j) > _SAME for j in chosen):
            continue
        if count is not None and len(added) + len(group) > count:
            continue
        more = sum(source.statements[j].words for j in group)
        if so_far + more <= most and _all_clear(source.statements, [*chosen, *group]):
            so_far += more
            chosen += group
            added += group
    return sorted(added)


def _by_score(
    source: SourceText, scores: Mapping[int, float], chosen: Collection[int], *, named: bool
) -> Iterator[int]:
    """Yield the statements that may be taken, the best one first.

    What names the subject of the text comes first, until it is named; a section that has a statement loses against the
    others.
    """
    statements = source.statements
    sections = Counter(statements[i].heading for i in chosen)
    unnamed = set[str]() if named else set(source.title).difference(*(statements[i].units for i in chosen))

    def score(i: int) -> float:
        again = sections[statements[i].heading] if statements[i].heading else 0
        return scores[i] - _AGAIN * again + _TITLED * source.title_share(unnamed & statements[i].units)

    # Whatever is chosen makes scores smaller, so one that is still the best when it is computed again is the best.
    queue = [(-score(i), i) for i in scores if statements[i].whole and i not in chosen]
    heapify(queue)
    while queue:
        before, i = heappop(queue)
        if -score(i) > before:
            heappush(queue, (-score(i), i))
            continue
        count = len(chosen)
        yield i
        if len(chosen) > count:
            sections[statements[i].heading] += 1
            unnamed -= statements[i].units


def _with_antecedent(
    statements: Sequence[Statement], scores: Mapping[int, float], i: int, chosen: Collection[int]
) -> list[int] | None:
    """Return a statement with the one that it needs, None when that one cannot stand in a summary."""
    if not statements[i].dependent or _clear(statements, i, max((j for j in chosen if j < i), default=None)):
        return [i]
    before = statements[i - 1] if i else None
    if before is None or before.block != statements[i].block or not before.whole or before.dependent:
        return None
    if scores.get(i - 1, 0.0) < _LEAST_ANTECEDENT:
        return None
    return [i - 1, i]


def _all_clear(statements: Sequence[Statement], chosen: Iterable[int]) -> bool:
    """Tell whether every statement that needs another one has it before it."""
    order = sorted(chosen)
    return all(
        not statements[i].dependent or _clear(statements, i, before)
        for before, i in pairwise([None, *order])
        if i is not None
    )


def _clear(statements: Sequence[Statement], i: int, before: int | None) -> bool:
    """Tell whether it is clear what a statement speaks of when it comes after the one `before`."""
    if before is None:
        return False
    return before == i - 1 or statements[i].subject == statements[before].subject != ""
