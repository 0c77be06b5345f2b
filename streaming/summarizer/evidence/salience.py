"""Salience: how much of what a text says a sentence of it says, and which sentences together make an extract.

The base is TextRank over content stems weighted by how rare they are. Added to it: what opens the text, what states a
claim, a result, a decision or a cause, and what the model chose. Each is worth a share of the mean TextRank score
(measurements.md, salience).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from streaming.summarizer.evidence.source_text import SourceText
from streaming.summarizer.evidence.statements import Statement
from streaming.summarizer.extract import MOST_SENTENCES, rank_bags

# What states the point of a paper, a report or a meeting.
_CLAIM = re.compile(
    r"\bwe (?:propose|present|introduce|show|find|found|demonstrate|develop|describe|report|conclude|recommend|decided"
    r"|agreed)\b"
    r"|\bthis (?:paper|work|study|article) (?:\w+ )?(?:proposes|presents|introduces|shows|describes|reports)\b"
    r"|\bresults? (?:\w+ )?(?:show|suggest|indicate|demonstrate)|\bour (?:results|findings|approach|method)\b"
    r"|\b(?:decided|agreed|resolved|approved|adopted|rejected|recommended|concluded)\b|\bdecision\b|\broot cause\b"
    r"|\b(?:was|were|is|are) caused by\b|\bthe cause (?:was|is)\b|\boutperforms?\b|\bwir (?:zeigen|schlagen|stellen)\b"
    r"|\b(?:beschlossen|vereinbart|einigten)\b|决定|同意|通过了|结果表明",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:resolved|decision|decided|agreed|approved|conclusion|root cause|cause|beschluss|entscheidung)\b[^:.]{0,60}:",
    re.IGNORECASE,
)
# Sections that say what a text comes to, and sections that a summary can do without.
_CENTRAL = re.compile(
    r"\b(?:summary|overview|abstract|description|conclusions?|decisions?|resolutions?|root cause|cause|findings?"
    r"|results?|impact|outcome|zusammenfassung|überblick|fazit|ergebnisse?|beschlüsse|ursache)\b|摘要|结论",
    re.IGNORECASE,
)
_MARGINAL = re.compile(
    r"\b(?:remarks?|what went well|see also|examples?|files|bugs|history|acknowledg\w+|references|a\.?o\.?b|"
    r"any other business|lucky|next meeting|troubleshooting|questions)\b",
    re.IGNORECASE,
)
_OPENING, _CLAIMS, _LABELLED, _SECTION, _CHOSEN = 0.5, 0.4, 0.8, 0.4, 0.6
_DEPENDENT, _ITEM = 0.3, 0.3
# A longer sentence is harder to read, and holds up the others.
_LONG, _LONG_WORDS, _LONG_BY = 0.3, 35, 10
# Two sentences that share more of their weight say the same.
_SAME = 0.6


def salience(source: SourceText, candidates: Sequence[int], votes: Mapping[int, float]) -> dict[int, float]:
    """Return a score for each of the `candidates`, indices of the source's statements; 1 is the mean of TextRank.

    `votes` say how strongly the model's summary says a statement, from 0 to 1.
    """
    scores = dict(zip(candidates, _ranks(source, candidates), strict=True))
    for place, i in enumerate(source.opening):
        if i in scores:
            scores[i] += _OPENING * (1 - place / len(source.opening))
    for i in candidates:
        statement = source.statements[i]
        scores[i] += _CHOSEN * votes.get(i, 0)
        scores[i] += _LABELLED if _LABEL.match(statement.text) else _CLAIMS * bool(_CLAIM.search(statement.text))
        scores[i] += _SECTION * bool(_CENTRAL.search(statement.heading))
        scores[i] -= _SECTION * bool(_MARGINAL.search(statement.heading))
        scores[i] -= _DEPENDENT * statement.dependent + _ITEM * statement.item
        scores[i] -= _LONG * max(0.0, statement.words - _LONG_WORDS) / _LONG_BY
    return scores


def _ranks(source: SourceText, candidates: Sequence[int]) -> list[float]:
    ranks: list[float] = []
    for start in range(0, len(candidates), MOST_SENTENCES):
        bags = [source.statements[i].units for i in candidates[start : start + MOST_SENTENCES]]
        ranks += [float(score) * len(bags) for score in rank_bags(bags, source.index.weight)]
    return ranks


def choose(source: SourceText, scores: Mapping[int, float], *, words: float, taken: Collection[int] = ()) -> list[int]:
    """Return the statements with the best scores that say new things in `words` words, beside those `taken`.

    A statement that needs the one before it comes only together with it.
    """
    chosen = list(taken)
    added: list[int] = []
    for i in sorted(scores, key=lambda i: (-scores[i], i)):
        if i in chosen or not source.statements[i].whole:
            continue
        group = _with_antecedent(source.statements, i, chosen)
        if group is None or any(source.same(i, j) > _SAME for j in chosen):
            continue
        more = sum(source.statements[j].words for j in group)
        if more <= words:
            words -= more
            chosen += group
            added += group
    return sorted(added)


def _with_antecedent(statements: Sequence[Statement], i: int, chosen: Collection[int]) -> list[int] | None:
    """Return a statement with the one that it needs, None when that one cannot stand in a summary."""
    if not statements[i].dependent or i - 1 in chosen:
        return [i]
    before = statements[i - 1] if i else None
    if before is None or before.block != statements[i].block or not before.whole or before.dependent:
        return None
    return [i - 1, i]
