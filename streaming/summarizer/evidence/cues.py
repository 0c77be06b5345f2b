"""Cues: words that tell, apart from what a text is about, how much a sentence says of it.

English has most of them, German and Chinese a few. The weights are shares of the mean TextRank score
(measurements.md, salience).
"""

from __future__ import annotations

import re

from streaming.summarizer.evidence.statements import Statement
from streaming.summarizer.languages import base_code

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
    r"|^(?:could|can|would) you\b|\b(?:the upshot|in short|which brings me)\b|\b(?:most )?likely (?:that|cause)\b"
    r"|\bno confidence\b"
    r"|\bwir (?:zeigen|schlagen|stellen)\b|\b(?:beschlossen|vereinbart|einigten)\b|决定|同意|通过了|结果表明",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:resolved|decisions?|decided|agreed|approved|conclusions?|results?|root cause|cause|outcome|beschluss"
    r"|entscheidung)\b[^:]{0,60}:(?!\d)",
    re.IGNORECASE,
)
# What somebody is asked to do, and until when.
_REQUEST = re.compile(
    r"\bplease\b|\bdeadline\b|\baction\b[^:.]{0,20}:|\bmust\b|\bpostponed\b|\bcancelled\b", re.IGNORECASE
)
# What everybody knew before, and what is offered beside the point.
_ASIDE = re.compile(
    r"\b(?:is|are|been) (?:poorly|little|widely|often|commonly|well) \w+|\b(?:little|less) is known\b"
    r"|\b(?:is|are) (?:known|thought) to\b"
    r"|\bin recent years\b|\bavailable (?:on|upon|at|from|online)\b|\bwe also provide\b|\bmeeting closed\b"
    r"|\bsee (?:also|below|above|figure|table|section)\b|\b(?:below|above)[.,)]"
    r"|\bthanks?\b(?! to (?:the|an?|its)\b)|\bsorry\b|\bonce more\b",
    re.IGNORECASE,
)
# What is said between people, and how a meeting begins and ends.
_COURTESY = re.compile(
    r"(?:but |and |so )?(?:(?:many |with )?thanks(?! to (?:the|an?|its|his|her|their)\b)|thank you|sorry|i am sorry"
    r"|(?:my |our )?apologies|i['’]m (?:very |so )?sorry|(?:i|we) hope|hope (?:you|this|that|all)|please don['’]t worry"
    r"|no worries|excuse|i['’]ve been meaning|let me know|if you (?:have any|would rather|need)|do not hesitate"
    r"|don['’]t hesitate|feel free"
    r"|congratulations|well done|please (?:read|find|see)|you will receive a (?:short )?survey)\b"
    r"|.{0,60}\b(?:was|were) (?:quorate|also present|in attendance)\b|(?:also )?present (?:were|was)\b|also present\b"
    r"|th(?:is|e) (?:review|report|investigation|notice|summary|note) (?:was|has been) (?:carried out|written|prepared"
    r"|compiled|drawn up) by\b"
    r"|.{0,40}\b(?:took the chair|(?:the )?chair(?:man|woman|person)? (?:opened|closed|welcomed|thanked))\b"
    r"|(?:the )?(?:date of (?:the )?)?next meeting\b|(?:the )?minutes of the (?:last|previous|meeting)\b"
    r"|(?:the )?meeting (?:was )?(?:closed|ended|opened)\b|.{0,99}\b(?:i|we)\b.{0,20}\b(?:grateful|appreciate)\b",
    re.IGNORECASE,
)
# What stands elsewhere in the text, by its number or letter.
_ELSEWHERE = re.compile(
    r"\b(?i:items?|options?|steps?|sections?|clauses?|points?|figures?|tables?|appendix|annex|quotations?) "
    r"(?:\d|[A-D]\b|\([a-z0-9]\))|\bchoose \d|\b(?:this|that|the) (?:last|latter|former) (?:item|one|point|case)\b"
)
_SPEECH = re.compile(r"[\"“”„«»]|\bsaid\b|\basked\b")
_SPOKEN_WORDS = re.compile(r"[\"“„«][^\"”“»]*[\"”“»]")
# Sections that say what a text comes to, and sections that a summary can do without.
_CENTRAL = re.compile(
    r"\b(?:summary|overview|abstract|description|conclusions?|decisions?|resolutions?|root cause|cause|findings?"
    r"|results?|impact|outcome|analysis|assessment|what happened|in short|key points|tl;dr|zusammenfassung|überblick"
    r"|fazit|ergebnisse?|beschlüsse|ursache)\b|摘要|结论",
    re.IGNORECASE,
)
_MARGINAL = re.compile(
    r"\b(?:remarks?|what went well|see also|examples?|files|bugs|history|acknowledg\w+|references|a\.?o\.?b|"
    r"any other business|changes (?:from|since|in) (?:version|earlier|previous)|^if|undoing|limitations|^help$"
    r"|^support$|lucky|next meeting|troubleshooting|questions|background|apologies|timeline)\b",
    re.IGNORECASE,
)
# What may be a verb. A noun may look like one, so that a list of things passes; hardly any sentence fails.
_VERB = re.compile(
    r"\b(?:[a-z]+ed|[a-z]{2,}(?<![su])s|is|be|been|am|are|were|has|have|had|do|did|can|could|may|might|must|will|would"
    r"|shall|should|became|become|want|need|know|think|mean|seem|go|get|rang|sang|came|went|saw|took|gave|made|got|said|told|knew|thought|found|felt|left|kept|held|stood|sat|ran"
    r"|fell|began|brought|bought|built|sent|spent|lost|met|paid|read|rose|sold|wrote|broke|chose|drew|drove|grew|led"
    r"|put|set|cut|let|lay|lit|shook|spoke|struck|swept|threw|understood|won|wore|to [a-z]+|\d+)\b|n['’]t\b"
    r"|['’](?:s|re|ve|ll|d|m)\b"
    r"|^(?:Could|Can|Would|Will|Please)\b"
    r"|^[A-Z][a-z]+ (?:the|your|a|an|all|any|every\w*|no|it|up|down|in|out|on|off|to|with)\b|:"
)
_CLAIMED, _LABELLED, _REQUESTED, _IN_SECTION = 0.5, 0.9, 0.3, 0.4
_BESIDE, _COURTEOUS = 0.5, 1.5
_SPOKEN, _QUOTED = 0.3, 0.6
# A quotation of more words is speech.
_TERM_WORDS = 2
_VERBLESS = 1.0
# A short sentence mostly leans on what stands around it; a longer one is harder to read, and holds up the others.
_BRIEF, _BRIEF_WORDS = 0.3, 8
_LONG, _LONG_WORDS, _LONG_BY = 0.3, 35, 10


def cue_score(statement: Statement, sentence: str, language: str) -> float:
    """Return what a statement gains or loses by its words; `sentence` are its words as they stand in the text."""
    score = _LABELLED if is_labelled(statement) else _CLAIMED * bool(_CLAIM.search(sentence))
    score += _REQUESTED * bool(_REQUEST.search(sentence))
    # Below an option of a command stands what that option does.
    marginal = _MARGINAL.search(statement.heading) is not None or statement.heading.startswith("-")
    score += _IN_SECTION * (bool(_CENTRAL.search(statement.heading)) - marginal)
    score -= _BESIDE * (bool(_ASIDE.search(sentence)) + bool(_ELSEWHERE.search(sentence)))
    score -= _COURTEOUS * bool(_COURTESY.match(sentence))
    score -= _SPOKEN * bool(_SPEECH.search(sentence)) + _QUOTED * _tells_words(sentence)
    score -= _VERBLESS * (base_code(language) == "en" and not _VERB.search(sentence))
    score -= _BRIEF * (statement.words < _BRIEF_WORDS and not is_labelled(statement))
    return score - _LONG * max(0.0, statement.words - _LONG_WORDS) / _LONG_BY


def is_labelled(statement: Statement) -> bool:
    """Tell whether a statement says itself that it is a decision, a result or a cause."""
    return _LABEL.match(statement.text) is not None


def _tells_words(sentence: str) -> bool:
    """Tell whether a sentence tells somebody's words, not only a term in quotation marks."""
    spoken = _SPOKEN_WORDS.findall(sentence)
    return any(len(quotation.split()) > _TERM_WORDS or sentence.startswith(quotation) for quotation in spoken)
