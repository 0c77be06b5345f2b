"""Salience: how much of what a text says a sentence of it says, and which sentences together make an extract.

The base is TextRank over content stems weighted by how rare they are. Added to it: what opens the text, what states a
claim, a result, a decision or a cause, and what the model chose. Each is worth a share of the mean TextRank score
(measurements.md, salience).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

from streaming.summarizer.evidence.source_text import SourceText
from streaming.summarizer.evidence.statements import Statement
from streaming.summarizer.extract import MOST_SENTENCES, rank_bags

# What states the point of a paper, a report or a meeting.
_CLAIM = re.compile(
    r"\bwe (?:propose|present|introduce|show|find|found|demonstrate|develop|describe|report|conclude|recommend|decided"
    r"|agreed|argue|evaluate)\b"
    r"|\b(?:fell|rose|grew|dropped|increased|decreased|declined|improved) (?:by|from|to)\b"
    r"|\bthis (?:paper|work|study|article) (?:\w+ )?(?:proposes|presents|introduces|shows|describes|reports)\b"
    r"|\b(?:results?|findings|data) (?:\w+ )?(?:show|suggest|indicate|demonstrate|support)|\bour (?:results|findings)\b"
    r"|\b(?:decided|agreed|resolved|approved|adopted|rejected|recommended|concluded|voted)\b|\bdecision\b"
    r"|\b(?:root|direct|main|immediate) cause\b|\b(?:was|were|is|are) caused by\b|\bthe cause (?:was|is)\b"
    r"|\bfound that\b|\b(?:therefore|as a result|in conclusion|to conclude|overall),? |\boutperforms?\b"
    r"|\b(?:I|we)(?:['’]d| would)? (?:like|need|want) (?:you )?to\b|\bI(?:['’]m| am) (?:writing|asking)\b|\bneed your\b"
    r"|^(?:could|can|would) you\b|\b(?:the upshot|in short|which brings me)\b|\b(?:most )?likely (?:that|cause)\b|\bno confidence\b"
    r"|\bwir (?:zeigen|schlagen|stellen)\b|\b(?:beschlossen|vereinbart|einigten)\b|决定|同意|通过了|结果表明",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:resolved|decisions?|decided|agreed|approved|conclusions?|results?|root cause|cause|outcome|beschluss"
    r"|entscheidung)\b[^:]{0,60}:",
    re.IGNORECASE,
)
# What somebody is asked to do, and until when.
_REQUEST = re.compile(
    r"\bplease\b|\bdeadline\b|\baction\b[^:.]{0,20}:|\bwill\b|\bmust\b|\bpostponed\b|\bcancelled\b", re.IGNORECASE
)
# What everybody knew before, and what is offered beside the point.
_ASIDE = re.compile(
    r"\b(?:is|are|been) (?:poorly|little|widely|often|commonly|well) \w+|\b(?:little|less) is known\b"
    r"|\b(?:is|are) (?:known|thought) to\b"
    r"|\bin recent years\b|\bavailable (?:on|upon|at|from|online)\b|\bwe also provide\b|\bmeeting closed\b"
    r"|\bsee (?:also|below|above|figure|table|section)\b|\b(?:below|above)[.,)]|\bthanks?\b|\bsorry\b|\bonce more\b",
    re.IGNORECASE,
)
# What is said between people, and how a meeting begins and ends.
_COURTESY = re.compile(
    r"(?:but |and |so )?(?:many |with )?(?:thanks|thank you|sorry|(?:my |our )?apologies|i['’]m (?:very |so )?sorry|i am sorry|(?:i |we )?hope"
    r"|please don['’]t worry|no worries|excuse|i['’]ve been meaning|let me know|if you (?:have any|would rather|need any)"
    r"|do not hesitate|don['’]t hesitate|feel free|congratulations|well done|you will receive)\b"
    r"|.{0,60}\b(?:was|were) (?:quorate|also present|in attendance|welcomed|thanked)\b|also present\b"
    r"|.{0,60}\b(?:took the chair|opened the meeting|meeting (?:was )?(?:closed|ended|opened)|welcomed|thanked)\b",
    re.IGNORECASE,
)
# What stands elsewhere in the text, by its number or letter.
_ELSEWHERE = re.compile(
    r"\b(?:items?|options?|steps?|sections?|clauses?|points?|figures?|tables?|appendix|annex|quotations?) "
    r"(?:\d|[A-Da-d]\b|\([a-z0-9]\))"
)
_SPEECH = re.compile(r"[\"“”„«»]|\bsaid\b|\basked\b")
_SPOKEN_WORDS = re.compile(r"[\"“„«][^\"”“»]*[\"”“»]")
# Sections that say what a text comes to, and sections that a summary can do without.
_CENTRAL = re.compile(
    r"\b(?:summary|overview|abstract|description|conclusions?|decisions?|resolutions?|root cause|cause|findings?"
    r"|results?|impact|outcome|analysis|assessment|what happened|in short|key points|tl;dr|zusammenfassung|überblick|fazit|ergebnisse?|beschlüsse|ursache)\b|摘要|结论",
    re.IGNORECASE,
)
_MARGINAL = re.compile(
    r"\b(?:remarks?|what went well|see also|examples?|files|bugs|history|acknowledg\w+|references|a\.?o\.?b|"
    r"any other business|changes|if interrupted|undoing|limitations|help|support|lucky|next meeting|troubleshooting|questions|background|apologies|timeline)\b",
    re.IGNORECASE,
)
_OPENING, _CLAIMS, _LABELLED, _SECTION, VOTE, _REQUESTED, _BESIDE = 0.2, 0.5, 0.9, 0.4, 0.3, 0.3, 0.5
_CONTINUED = 0.5
_DEPENDENT, _ITEM, _SPOKEN, _QUOTED, _COURTEOUS = 0.2, 0.4, 0.3, 0.6, 1.5
# A short sentence mostly leans on what stands around it.
_BRIEF, _BRIEF_WORDS = 0.3, 8
# A longer sentence is harder to read, and holds up the others.
_LONG, _LONG_WORDS, _LONG_BY = 0.3, 35, 10
# Two sentences that share more of their weight say the same.
_SAME = 0.6
# What a statement loses for each one that was taken from its section.
_AGAIN = 0.2
# A quotation of more words is speech.
_TERM_WORDS = 2
# A summary may be this much longer than asked for, where a good sentence needs it.
_MORE = 1.3
# When a summary has this share of its words, a sentence below the mean adds nothing.
_ENOUGH, _MEAN = 0.6, 1.0


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
        scores[i] += VOTE * votes.get(i, 0)
        sentence = source.text[statement.start : statement.end]
        # A decision may take several sentences.
        labelled = i - 1 in scores and source.statements[i - 1].block == statement.block
        if labelled and _LABEL.match(source.statements[i - 1].text):
            scores[i] += _CONTINUED
        scores[i] += _LABELLED if _LABEL.match(statement.text) else _CLAIMS * bool(_CLAIM.search(sentence))
        scores[i] += _REQUESTED * bool(_REQUEST.search(sentence)) - _BESIDE * bool(_ASIDE.search(sentence))
        scores[i] -= _COURTEOUS * bool(_COURTESY.match(statement.text)) + _BESIDE * bool(_ELSEWHERE.search(sentence))
        scores[i] -= _SPOKEN * bool(_SPEECH.search(sentence)) + _QUOTED * _quoted_words(sentence)
        scores[i] += _SECTION * bool(_CENTRAL.search(statement.heading))
        scores[i] -= _SECTION * bool(_MARGINAL.search(statement.heading))
        scores[i] -= _DEPENDENT * statement.dependent + _ITEM * statement.item
        scores[i] -= _BRIEF * (statement.words < _BRIEF_WORDS and not _LABEL.match(statement.text))
        scores[i] -= _LONG * max(0.0, statement.words - _LONG_WORDS) / _LONG_BY
    return scores


def _quoted_words(sentence: str) -> bool:
    """Tell whether a sentence tells somebody's words, not only a term in quotation marks."""
    spoken = _SPOKEN_WORDS.findall(sentence)
    return any(len(quotation.split()) > _TERM_WORDS or sentence.startswith(quotation) for quotation in spoken)


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
    most, so_far = words * _MORE, 0.0
    for i in _by_score(source, scores, chosen):
        if so_far >= words or (so_far >= _ENOUGH * words and scores[i] < _MEAN):
            break
        group = _with_antecedent(source.statements, i, chosen)
        if group is None or any(source.same(i, j) > _SAME for j in chosen):
            continue
        more = sum(source.statements[j].words for j in group)
        if so_far + more <= most and _all_clear(source.statements, [*chosen, *group]):
            so_far += more
            chosen += group
            added += group
    return sorted(added)


def _by_score(source: SourceText, scores: Mapping[int, float], chosen: Collection[int]) -> Iterator[int]:
    """Yield the statements that may be taken, the best one first; a section that has one loses against the others."""
    statements = source.statements
    left = {i: score for i, score in scores.items() if statements[i].whole and i not in chosen}
    sections = Counter(statements[i].heading for i in chosen)
    queue = [(-score, i) for i, score in left.items()]
    heapify(queue)
    while queue:
        score, i = heappop(queue)
        if (wanted := _AGAIN * sections[statements[i].heading] - left[i]) > score and statements[i].heading:
            heappush(queue, (wanted, i))
            continue
        before = len(chosen)
        yield i
        sections[statements[i].heading] += len(chosen) > before


def _with_antecedent(statements: Sequence[Statement], i: int, chosen: Collection[int]) -> list[int] | None:
    """Return a statement with the one that it needs, None when that one cannot stand in a summary."""
    if not statements[i].dependent or _clear(statements, i, max((j for j in chosen if j < i), default=None)):
        return [i]
    before = statements[i - 1] if i else None
    if before is None or before.block != statements[i].block or not before.whole or before.dependent:
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
