"""Statements: the sentences of a text that a summary may take over, cleaned, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from streaming.sentences import ends_with_sentence, join_lines, length, split_sentences
from streaming.summarizer.evidence.blocks import Block, blocks
from streaming.summarizer.evidence.pointers import points_back, without_connectives
from streaming.summarizer.languages import base_code
from streaming.summarizer.words import comparable_units

# A sentence of fewer words is an exclamation or a heading, and a longer one is a list.
_FEWEST_WORDS, _MOST_WORDS = 5, 60
# An item of a list without a full stop must have this many words to be a sentence that only lacks it.
_FEWEST_ITEM_WORDS = 6
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_{1,3})(?=\S)(.{1,300}?)(?<=\S)\1(?![\w*])|`([^`\n]{1,80})`")
# Emphasis of which one end is in another sentence.
_ASTERISK = re.compile(r"(?<!\*)\*+(?=\w)|(?<=[\w.!?,;:)])\*+")
_NOTE = re.compile(r"\s?\[\d{1,3}(?:[,–-]\s?\d{1,3})*\]|\s?\{\w+\}")
# A time or a day without a verb: a line of a timeline, the next meeting.
_STATION = re.compile(
    r"(?:\w+ )?\d{1,2}[:.]\d{2}\b(?!\s*(?:%|[ap]\.?m))"
    r"|(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Satur|Sat|Sun)(?:day)?,? \d{1,2} \w+"
)
# A field of a form before something else in its line.
_GAP = re.compile(r"\S+(?: \S+){0,2}(?: {3,}|\t+ *)\S(?:(?! {3,}|\t).)*$", re.DOTALL)
# What such a sentence announces comes after it, and would be missing.
_ANNOUNCES = re.compile(r"\bthe following\b|\bas follows\b|\bfolgende[nrs]?\b|如下|以下", re.IGNORECASE)
# What somebody says, with whoever says it after it.
_SPEECH = re.compile(
    r"[\"“„«'‘][^\"”“»]{1,300}[,.!?…，。！？-][\"”“»'’]"
    r"|[\"“„«][^\"”“»]{1,300}[\"”“»],?\s+(?:\w+\s+){0,3}(?:said|says|asked|cried|called|answered|replied|shouted)\b"
)
# A question that asks somebody to do something.
_ASKS = re.compile(r"(?:Could|Can|Would|Will) you (?!imagine|believe|remember|guess)", re.IGNORECASE)
# What a sentence says in brackets, when it takes that many words.
_BRACKETS, _LONG_BRACKET = re.compile(r"\s?\(([^()]*)\)"), 9
_QUOTES = {"“": "”", "„": "“", "«": "»", "「": "」", "『": "』"}
_THIRD_PERSON = re.compile(r"\b(?:he|she|they|him|her|his|their|them)\b", re.IGNORECASE)
# What has its subject in the sentence before: "Needed by Monday.", "To be written by Anna."
_SUBJECTLESS = re.compile(
    r"To be [a-z]+(?:ed|en|t)\b|Needed\b|[A-Z][a-z]{3,}ed (?:by|to|with|on|for|at|as)\b[^,]*$"
    r"|(?i:if|when|unless) (?i:it|this|that|they) "
)
# A thing that was named before. "Says it will" and "it is likely" say what "it" is, or need not.
_THING = re.compile(
    r"\b(?:it|that one|this one|the other one)\b"
    r"(?! (?:is|was|has|had|will|would|can|could|may|might|must|should|does|did|seems|appears|took|takes)\b)",
    re.IGNORECASE,
)
# A time that was named before.
_THEN = re.compile(
    r"\b(?:in|at|by|on|during|for|since|until|after|before) that "
    r"(?:time|point|moment|day|night|evening|morning|afternoon|week|weekend|month|period|hour)\b",
    re.IGNORECASE,
)
# Before a pronoun, so many words name somebody: "The miller and his son", "We have twenty-four of them".
_SINGULAR_WORDS, _PLURAL_WORDS, _THING_WORDS = 3, 5, 4
_CIRCUMSTANCE = re.compile(r"(?:When|As|After|Before|While|If|Since|Until|Once|In|At|On|By|From|During|For)\b")
# A name within a sentence, and the words before a name that opens one.
_MIDWAY = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+\b")
_OPENING_NAME = re.compile(r"(?:(?:The|Mr|Mrs|Ms|Miss|Dr|Cllr|Sr|Prof|Old|Young)\.? )*([A-Z][a-z]+)\b")
_HE_OR_SHE = re.compile(r"(?:He|She|His|Her)\b")
_NAME = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][a-z]+")


@dataclass(frozen=True)
class Statement:
    """One sentence of a text.

    `start` and `end` are its characters in the text; `full` is the sentence in one line, without marks of emphasis, and
    `text` as a summary would say it, without connectives and long brackets. `units` are those of `full`.
    `depth` counts the marks of quotation before it, `block` the paragraphs and items, and `heading` names the section,
    `subject` the person it speaks of, where that is known. `dependent` tells whether it needs the sentence before it,
    and `whole` whether it may stand in a summary at all: no fragment, no question, no quotation without its speaker.
    """

    start: int
    end: int
    full: str
    text: str
    units: frozenset[str]
    words: float
    depth: int
    block: int
    item: bool
    heading: str
    subject: str
    dependent: bool
    whole: bool


def read_statements(text: str, language: str) -> list[Statement]:
    """Return the sentences of a text in its order, also those that are not `whole`."""
    result: list[Statement] = []
    people = _People(text)
    for number, block in enumerate(blocks(text)):
        result += _of_block(block, number, language, people)
    return result


class _People:
    """Who the sentences of an English text are about: the person whom each names first, or the last one so named."""

    def __init__(self, text: str) -> None:
        self._names = frozenset(_MIDWAY.findall(text))
        self._last = ""

    def subject(self, sentence: str) -> str:
        """Return whom the next sentence of the text is about, "" when that is unknown."""
        if _HE_OR_SHE.match(sentence):
            return self._last
        opening = _OPENING_NAME.match(sentence)
        name = opening[1] if opening and opening[1] in self._names else ""
        self._last = name
        return name


def _of_block(block: Block, number: int, language: str, people: _People) -> Iterator[Statement]:
    position = 0
    for raw in split_sentences(block.content, language):
        start = position + len(raw) - len(raw.lstrip())
        end = position + len(raw.rstrip())
        position += len(raw)
        if start >= end:
            continue
        plain = join_lines(_plain(block.content[start:end]))
        said = without_connectives(_without_brackets(plain), language)
        complete = ends_with_sentence(said)
        if not start and said[:1].islower():
            # The first sentence after a greeting or a list's mark.
            said = said[:1].upper() + said[1:]
        if block.item and not complete and not said.endswith((":", ";")) and length(said) >= _FEWEST_ITEM_WORDS:
            said, complete = _stopped(said), True
        yield Statement(
            start=block.source(start),
            end=block.source(end - 1) + 1,
            full=plain,
            text=f"{block.speaker}: {said}" if block.speaker else said,
            units=comparable_units(plain, language),
            words=length(said),
            depth=block.depth,
            block=number,
            item=block.item and not block.paragraph,
            heading=block.heading,
            subject=people.subject(said) if base_code(language) == "en" else "",
            dependent=points_back(said, language) or _unnamed(said, language),
            whole=block.prose and complete and reads_whole(said) and not _GAP.match(block.content[start:end]),
        )


def _plain(sentence: str) -> str:
    """Return a sentence without marks of emphasis, code and notes."""
    plain = _EMPHASIS.sub(lambda match: match[2] or match[3], sentence)
    return _NOTE.sub("", _ASTERISK.sub("", plain))


def _without_brackets(sentence: str) -> str:
    """Return a sentence in one line without long brackets; one at its end may hold its full stop."""

    def cut(match: re.Match[str]) -> str:
        return "" if len(match[1].split()) >= _LONG_BRACKET and match.end() < len(sentence) else match[0]

    return _BRACKETS.sub(cut, sentence)


def _stopped(sentence: str) -> str:
    return sentence.rstrip(" ;,–-") + "."


def reads_whole(sentence: str) -> bool:
    """Tell whether a sentence may stand in a summary: no fragment, no question, no quotation without its speaker."""
    if not _FEWEST_WORDS <= length(sentence) <= _MOST_WORDS:
        return False
    if _STATION.match(sentence):
        return False
    if _ANNOUNCES.search(sentence) or _SPEECH.match(sentence):
        return False
    if sentence.rstrip("\"'”’»*_) ").endswith("?") and not _ASKS.match(sentence):
        return False
    if sentence.rstrip("\"'”’»*_) ").endswith((":", "…", "...", "？", "：")):
        return False
    if sentence[:1].islower() or not (sentence[:1].isalnum() or sentence[:1] in "\"“„«「'‘("):
        return False
    return not _quoted(sentence)


def _quoted(sentence: str) -> bool:
    """Tell whether a sentence is mostly a quotation, or opens or closes one that it does not hold."""
    if sentence.count('"') % 2:
        return True
    quoted = sum(len(part) for part in sentence.split('"')[1::2])
    for opening, closing in _QUOTES.items():
        if sentence.count(opening) > sentence.count(closing):
            return True
        quoted += sum(len(part.partition(closing)[0]) for part in sentence.split(opening)[1:])
    if sentence.count("”") > sentence.count("“") + sentence.count("„"):
        return True
    return 2 * quoted > len(sentence)


def _unnamed(sentence: str, language: str) -> bool:
    """Tell whether an English sentence speaks of somebody before it names anybody."""
    if base_code(language) != "en":
        return False
    if _SUBJECTLESS.match(sentence) or _THEN.search(sentence):
        return True
    thing = _THING.search(sentence)
    if thing and len(sentence[: thing.start()].split()) < _THING_WORDS:
        return True
    if not (pronoun := _THIRD_PERSON.search(sentence)):
        return False
    before = sentence[: pronoun.start()]
    if len(before.split()) < (_PLURAL_WORDS if pronoun[0].lower() in ("their", "them", "they") else _SINGULAR_WORDS):
        return True
    # "When dawn came, he" names nobody; "The old man said that he" does, without a name.
    return bool(_CIRCUMSTANCE.match(before)) and not _NAME.search(before)
