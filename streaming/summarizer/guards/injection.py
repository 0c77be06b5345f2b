"""Prompt injection: orders to the model in a text, forged turns, and marks of a chat template.

They are text like the rest, and are summarized. But a summary must be grounded in the rest, because otherwise it may be
the answer to an order, and an extract is taken from the rest, if there is one. A list of phrases finds known attacks in
a few languages, and no others.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from streaming.sentences import length, split_sentences
from streaming.summarizer.words import content_words

# Marks that chat templates write around turns.
_TOKENS = re.compile(
    r"<\|[^|>\n]{1,40}\|>|<｜[^｜>\n]{1,40}｜>|</?(?:s|bos|eos|think|start_of_turn|end_of_turn)>|\[/?INST\]|<</?SYS>>",
    re.IGNORECASE,
)
MARKS = re.compile(rf"{_TOKENS.pattern}|(?m:^(?:system|user|assistant|human)\s*:)", re.IGNORECASE)
# "User:" may be a person in a conversation, and "System:" a field of a form, unless it gives an order.
_FORGED = re.compile(
    r"^[ \t]{0,8}(?:assistant[ \t]{0,8}:"
    r"|system[ \t]{0,8}:.{0,200}\b(?:you|your|answer|reply|respond|say|write|text)\b)",
    re.IGNORECASE | re.MULTILINE,
)
# A text that consists mostly of turns is a conversation, and the turns are its own.
_TURN = re.compile(r"^[ \t]{0,8}(?:system|user|assistant|human)[ \t]{0,8}:.*", re.IGNORECASE | re.MULTILINE)
_FEWEST_TURNS = 4
# Letters of other alphabets that look like Latin ones, and invisible characters, hide an order from these expressions,
# but not from a model.
_LOOKS_LIKE = str.maketrans(
    "авекмнорстухіѕјһԁӏԛԝАВЕКМНОРСТУХІЅЈαεικνορτυχ", "abekmhopctyxisjhdlqwABEKMHOPCTYXISJaeiknoptux"
)
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
# An order begins with a sentence or a clause, or after a gap. "They ignore the rules" is no order, wrapped or not.
_BEGINS = r"(?:^(?=(?-i:[A-Z]))|(?<=   )|[.!?:;,(\[>—–-]\s*|\b(?:and|then|please|must|should|now|will|always)\s+)"
_ORDERS = re.compile(
    rf"{_BEGINS}(?:ignore|disregard|forget|override)\b[^.\n]{{0,60}}"
    r"\b(?:above|previous|earlier|instructions?|rules|prompt)\b"
    rf"|{_BEGINS}(?:answer|reply|respond|output|print|repeat|write|say)\b[^.\n]{{0,20}}"
    r"\b(?:only|nothing else|from now on|prompt)\b"
    rf"|{_BEGINS}(?:give|return)\b[^.\n]{{0,20}}\bonly the (?:translation|answer|summary)\b"
    rf"|{_BEGINS}(?:complete|continue|translate)\b[^.\n]{{0,40}}\bwithout (?:any )?comment\b"
    r"|\byour new (?:task|prompt|instructions?)\b|\bnew (?:prompt|instructions?)\s*[:—–-]|\bsystem prompt\b"
    r"|\bnew task\b[\s:—–-]{1,12}\b(?:answer|reply|respond|output|print|repeat|write|say|tell|translate)\b"
    r"|\b(?:stop|don'?t|do not|instead of|without)\b[^.\n]{0,20}\bsummari?[sz]?\w*\b|\bsummari[sz]er\b"
    r"|\bsummary (?:of (?:this|the) (?:text|document|story) )?(?:is ['\"“]|must|should|shall|consists?\b|has to)"
    rf"|{_BEGINS}(?:include|put|add|mention|insert)\b[^.\n]{{0,60}}\bin (?:the|your|its|every) summar"
    r"|\byou are now\b|\b(?:im|start|end)_(?:start|end|turn)\b"
    r"|</?instructions?>|(?<!#)#{2,6} ?(?:instruction|response) ?:"
    r"|\b(?:ignoriere|vergiss)\b[^.\n]{0,60}\b(?:anweisung|befehl)|\bantworte nur\b"
    r"|\b(?:ignore|ignorez|oublie|oubliez)\b[^.\n]{0,60}\binstructions\b|\bréponds seulement\b"
    r"|\b(?:ignora|olvida)\b[^.\n]{0,60}\binstrucciones\b|忽略[^。\n]{0,30}(?:指令|指示)|只(?:回答|输出)",
    re.IGNORECASE | re.MULTILINE,
)
# The beginning of an answer, written for the model. A report's own summary has more words than these.
_ANSWER, _BRIEF = re.compile(r"\W*summary\s*:", re.IGNORECASE), 12
# A paragraph of more words is examined sentence by sentence.
_SHORT = 60


@dataclass(frozen=True)
class SeparatedText:
    """The `orders` to a model in a text, their `neighbours` in the same paragraphs, and the `rest` of the text."""

    orders: str
    neighbours: str
    rest: str

    def obeyed_by(self, summary: str, *, language: str, instructions: str) -> bool:
        """Tell whether most sentences of `summary` have a word that only the orders have.

        Words of our own `instructions` are no order of the text.
        """
        # Marks are a fault of their own.
        only_ordered = {*content_words(MARKS.sub(" ", self.orders), language)}
        if only_ordered:
            only_ordered -= {*content_words(f"{self.neighbours}\n{self.rest}\n{instructions}", language)}
        if not only_ordered:
            return False
        sentences = [content_words(sentence, language) for sentence in split_sentences(summary, language)]
        return 2 * sum(not only_ordered.isdisjoint(sentence) for sentence in sentences) > len(sentences)


def separate_orders(text: str, *, language: str) -> SeparatedText:
    """Separate the orders in `text` from the rest; a text of nothing but orders is all rest."""
    marks = MARKS if _has_forged_turns(text) else _TOKENS

    def is_order(part: str) -> bool:
        part = unicodedata.normalize("NFKC", _INVISIBLE.sub("", part)).translate(_LOOKS_LIKE)
        return bool(marks.search(part) or _ORDERS.search(part) or (_ANSWER.match(part) and _brief(part)))

    orders, neighbours, others = list[str](), list[str](), list[str]()
    for part in _parts(text, language):
        if not is_order(part):
            others.append(part)
            continue
        # In a paragraph of more than a few words, other sentences may belong to the text.
        for sentence in [part] if _brief(part) else split_sentences(part, language):
            (orders if is_order(sentence) else neighbours).append(sentence)
    rest = "".join(others)
    if not any(character.isalnum() for character in rest):
        return SeparatedText("", "", text)
    return SeparatedText("".join(orders), "".join(neighbours), rest)


def _has_forged_turns(text: str) -> bool:
    """Tell whether a text has forged turns."""
    if not _FORGED.search(text):
        return False
    turns = _TURN.findall(text)
    return len(turns) < _FEWEST_TURNS or 2 * sum(map(length, turns)) < length(text)


def _parts(text: str, language: str) -> list[str]:
    parts: list[str] = []
    for paragraph in re.split(r"(?<=\n)\s*\n", text):
        short = length(paragraph) <= _SHORT
        parts += [f"{paragraph}\n"] if short else [*split_sentences(paragraph, language), "\n"]
    return parts


def _brief(part: str) -> bool:
    return length(part) <= _BRIEF
