"""What in a text is addressed to the model that reads it: orders, forged turns, marks of a chat template.

It is text like the rest, and is summarized as such. But a summary must be grounded in the rest, or it may be the
answer to an order; and an extract is taken from the rest, as long as there is one. A list of phrases finds what people
are known to try, in a few languages, and no more.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from streaming.summarizer.sentences import length, split_sentences
from streaming.summarizer.words import content_words

# What chat templates write around turns.
_TOKENS = re.compile(
    r"<\|[^|>\n]{1,40}\|>|<｜[^｜>\n]{1,40}｜>|</?(?:s|bos|eos|think|start_of_turn|end_of_turn)>|\[/?INST\]|<</?SYS>>",
    re.IGNORECASE,
)
MARKS = re.compile(rf"{_TOKENS.pattern}|(?m:^(?:system|user|assistant|human)\s*:)", re.IGNORECASE)
# Where nobody is called so, "User:" is a person in a conversation; "System:" is a field of a form, unless it speaks.
_FORGED = re.compile(
    r"^[ \t]{0,8}(?:assistant[ \t]{0,8}:"
    r"|system[ \t]{0,8}:.{0,200}\b(?:you|your|answer|reply|respond|say|write|text)\b)",
    re.IGNORECASE | re.MULTILINE,
)
# A text that is nothing but turns, most of it, is a conversation between those who are called so.
_TURN = re.compile(r"^[ \t]{0,8}(?:system|user|assistant|human)[ \t]{0,8}:.*", re.IGNORECASE | re.MULTILINE)
_FEWEST_TURNS = 4
# Letters of other alphabets that look like Latin ones, and what nobody sees, hide an order from these expressions, but
# not from a model.
_LOOKS_LIKE = str.maketrans(
    "авекмнорстухіѕјһԁӏԛԝАВЕКМНОРСТУХІЅЈαεικνορτυχ", "abekmhopctyxisjhdlqwABEKMHOPCTYXISJaeiknoptux"
)
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
# Where an order begins: with a sentence, a clause, or behind a gap. "They ignore the rules" is none, wrapped or not.
_BEGINS = r"(?:^(?=(?-i:[A-Z]))|(?<=   )|[.!?:;,(\[>—–-]\s*|\b(?:and|then|please|must|should|now|will|always)\s+)"
_ORDERS = re.compile(
    rf"{_BEGINS}(?:ignore|disregard|forget|override)\b[^.\n]{{0,60}}"
    r"\b(?:above|previous|earlier|instructions?|rules|prompt)\b"
    rf"|{_BEGINS}(?:answer|reply|respond|output|print|repeat|write|say)\b[^.\n]{{0,20}}"
    r"\b(?:only|nothing else|from now on|prompt)\b"
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
# An answer that has been begun for the model; what a report calls its summary has more words than these.
_ANSWER, _BRIEF = re.compile(r"\W*summary\s*:", re.IGNORECASE), 12
# A longer paragraph is looked at sentence by sentence.
_SHORT = 60


@dataclass(frozen=True)
class SeparatedText:
    """A text told apart: the `orders` to a model, what stands `beside` them in their paragraphs, and the `rest`."""

    orders: str
    beside: str
    rest: str

    def obeyed_by(self, summary: str, *, language: str, told: str) -> bool:
        """Tell whether most sentences of `summary` have a word that only the orders have.

        `told` are our own instructions, whose words are nobody's order.
        """
        # The marks have a fault of their own.
        ordered = {*content_words(MARKS.sub(" ", self.orders), language)}
        ordered -= {*content_words(f"{self.beside}\n{self.rest}\n{told}", language)} if ordered else set()
        said = [content_words(sentence, language) for sentence in split_sentences(summary, language)] if ordered else []
        return 2 * sum(not ordered.isdisjoint(sentence) for sentence in said) > len(said)


def separate_orders(text: str, *, language: str) -> SeparatedText:
    """Tell what in `text` is addressed to a model; nothing is, when there is nothing else."""
    marks = MARKS if _forged(text) else _TOKENS

    def addressed(part: str) -> bool:
        part = unicodedata.normalize("NFKC", _INVISIBLE.sub("", part)).translate(_LOOKS_LIKE)
        return bool(marks.search(part) or _ORDERS.search(part) or (_ANSWER.match(part) and _brief(part)))

    orders, beside, others = list[str](), list[str](), list[str]()
    for part in _parts(text, language):
        if not addressed(part):
            others.append(part)
            continue
        # In a paragraph of more than a few words the other sentences may tell something.
        for sentence in [part] if _brief(part) else split_sentences(part, language):
            (orders if addressed(sentence) else beside).append(sentence)
    rest = "".join(others)
    if not any(character.isalnum() for character in rest):
        return SeparatedText("", "", text)
    return SeparatedText("".join(orders), "".join(beside), rest)


def _forged(text: str) -> bool:
    """Tell whether a text has turns that are not its own."""
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
