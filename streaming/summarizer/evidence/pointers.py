"""Pointers: words at the beginning of a sentence that refer to the sentence before it, in English, German and Chinese.

A connective ("However,") is taken away; a pronoun ("She") needs the sentence before it. In other languages every
sentence counts as one that stands alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from streaming.summarizer.languages import base_code


@dataclass(frozen=True)
class _Pointers:
    """Expressions of one language, each matched at the beginning of a sentence.

    `connectives` say how a sentence follows from the one before; `pronouns` stand for something named there;
    `exceptions` are openings that look like pronouns and point nowhere.
    """

    connectives: re.Pattern[str]
    pronouns: re.Pattern[str]
    exceptions: re.Pattern[str]


def _words(comma_separated: str) -> str:
    return "|".join(r"\s+".join(words.split()) for words in comma_separated.split(","))


_ENGLISH_CONNECTIVES = _words(
    """
    however, moreover, furthermore, additionally, in addition, in particular, also, besides, nevertheless,
    nonetheless, consequently, therefore, thus, hence, accordingly, as a result, as a consequence, in fact,
    indeed, of course, in general, overall, in summary, in short, finally, lastly, first, second, third,
    firstly, secondly, thirdly, to this end, for this reason, unfortunately, fortunately, interestingly,
    notably, specifically, more specifically, importantly, on the one hand, on the other hand, by contrast, in
    contrast, that said, still, meanwhile, at the same time, in conclusion, to conclude, for example, for
    instance, so, then, well, anyway, again, similarly, likewise, after that, next, and, but, yes, no, yeah,
    okay, ok
    """
)
_ENGLISH_PRONOUNS = _words(
    """
    also, he, she, they, it, its, his, her, hers, their, theirs, him, them, this, these, those, such, both,
    neither, either, the former, the latter, the same, another, others, the other, the others, instead,
    otherwise, here, there, one, which, who, whose, what, doing so, if so, if not, that, then, because of this,
    even so, in this case, in that case, at this point, by then, since then, after this, before this, after
    that, before that, to avoid this, apart from that, like this, ditto, rather, likewise, similarly,
    conversely, as such, in doing so, with this, with these, from this, for this, from these, in these, in this,
    in both, to do so, to do this, using this, using these, based on this, given this, despite this, unlike, all
    of these, all of them, none of them, some of them, most of them, each of them, each of these, the second,
    the third, none, why, how
    """
)
_GERMAN_CONNECTIVES = _words(
    """
    allerdings, jedoch, außerdem, zudem, ferner, schließlich, zusätzlich, darüber hinaus, insgesamt, zunächst,
    zum beispiel, beispielsweise, insbesondere, leider, übrigens
    """
)
_GERMAN_PRONOUNS = _words(
    """
    er, sie, es, ihm, ihn, ihr, ihre, ihrem, ihren, ihrer, ihres, sein, seine, seinem, seinen, seiner, seines,
    dies, diese, diesem, diesen, dieser, dieses, das, dabei, dadurch, dafür, dagegen, daher, damit, danach,
    daran, darauf, daraus, darin, darum, darunter, davon, dazu, deshalb, deswegen, dessen, deren, dort, hier,
    hierbei, hierfür, hierzu, jene, jener, jenes, solche, solcher, letztere, letzterer, erstere, erster, beide,
    stattdessen, trotzdem, dennoch, somit, also, so, dann, auch, ebenso, jedoch, allerdings, zudem, außerdem,
    schließlich, ferner, seitdem, seither, daraufhin, anschließend, weitere, weiterhin, dementsprechend
    """
)
_ENGLISH = _Pointers(
    connectives=re.compile(
        rf"(?:(?:{_ENGLISH_CONNECTIVES})"
        r"(?:\s*,|:)\s*|(?:and|but|so|or|yet|thus|therefore|hence)\s+"
        # "However Anna tried, ..." is no connective.
        r"|however\s+(?-i:(?=(?!I\b)[A-Z]))(?!(?:\S+\s+){1,4}\S+,))",
        re.IGNORECASE,
    ),
    pronouns=re.compile(
        rf"(?:{_ENGLISH_PRONOUNS})\b",
        re.IGNORECASE,
    ),
    exceptions=re.compile(
        r"this (?:paper|work|study|article|report|thesis|review|chapter|page|document|guide|manual|meeting|email|e-mail"
        r"|year|week|month|morning|evening|command|program|tool|option|release|version|policy|section|notice)\b"
        r"|(?:these|this|the|our) (?:results?|findings?|data|observations?|experiments?|figures?) (?:\w+ )?"
        r"(?:suggest|show|indicate|demonstrate|support|confirm|mean)"
        r"|in this (?:paper|work|study|article|report|review|guide|chapter|thesis)\b"
        r"|it (?:is|was|has been|will be|seems|appears|turns out)\b.{0,30}?\b(?:that|to)\b"
        r"|there (?:is|are|was|were|will be|has been|have been)\b|both \w+ and\b|either \w+ or\b|neither \w+ nor\b"
        r"|what is\b|those who\b|one of\b|how to\b|one (?:[a-z]+ )?(?:of|in)\b|such as\b"
        r"|unlike (?!this|that|these|those)",
        re.IGNORECASE,
    ),
)
_GERMAN = _Pointers(
    connectives=re.compile(
        rf"(?:{_GERMAN_CONNECTIVES})\s*,\s*"
        r"|(?:und|aber|doch|denn|sondern|oder)\s+",
        re.IGNORECASE,
    ),
    pronouns=re.compile(
        rf"(?:{_GERMAN_PRONOUNS})\b"
        r"(?!\s+(?:\d{4}))",
        re.IGNORECASE,
    ),
    exceptions=re.compile(
        r"das (?!ist|sind|war|waren|wird|wurde|hat|kann|führt|gilt|liegt)[A-ZÄÖÜ]|das (?:\w+(?:e|en|er|es) )?[A-ZÄÖÜ]"
        r"|es (?:gibt|gab|wird|wurde)\b|so genannte|sogenannte|beide [A-ZÄÖÜ]",
    ),
)
_CHINESE = _Pointers(
    connectives=re.compile(
        r"(?:但是|但|然而|所以|因此|因而|而且|并且|另外|此外|同时|首先|其次|最后|那么|那|然后|就是说|也就是说|总之|其实|当然|对|嗯|好|啊)[,，、\s]+"
        r"|(?:但是|所以|因此|而且|并且|另外|此外|然后|那么)"
    ),
    pronouns=re.compile(r"他|她|它|其|这|那|该|此|之|上述|以上"),
    exceptions=re.compile(r"其他|其中|之前|之后|该(?:公司|项目)"),
)
_BY_LANGUAGE = {"en": _ENGLISH, "de": _GERMAN, "zh": _CHINESE}


def without_connectives(sentence: str, language: str) -> str:
    """Return a sentence without the connectives that it opens with; its new first letter becomes a capital."""
    pointers = _BY_LANGUAGE.get(base_code(language))
    if pointers is None:
        return sentence
    rest = sentence
    while match := pointers.connectives.match(rest):
        rest = rest[match.end() :]
    return rest[:1].upper() + rest[1:] if rest != sentence else sentence


def points_back(sentence: str, language: str) -> bool:
    """Tell whether a sentence opens with a word that stands for something in the sentence before it."""
    pointers = _BY_LANGUAGE.get(base_code(language))
    if pointers is None:
        return False
    return bool(pointers.pronouns.match(sentence)) and not pointers.exceptions.match(sentence)
