"""Texts of generated sentences in three languages, written as documents write them: wrapped, decomposed, with marks."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from textwrap import wrap

from hypothesis import strategies as st

# Letters with accents become two characters each when they are decomposed.
_ENGLISH = product(
    ("The café owner José", "A miller from Évora", "The council of Zürich", "Anna Pávlova", "Every farmer in the town"),
    ("repaired the old stone bridge", "sold forty baskets of apples", "closed the narrow mountain road"),
    ("before the first snow of November.", "after the flood had ruined the harbour.", "with money from a rich widow."),
)
_GERMAN = product(
    ("Der Müller aus Köln", "Die Bürgermeisterin von Jülich", "Ein Händler namens Björn", "Das Gericht in Göttingen"),
    ("verkaufte vierzig Körbe voller Äpfel", "sperrte die schmale Straße über den Paß", "prüfte die Brücke aus Stein"),
    ("vor dem ersten Schnee im Dezember.", "nach der Überschwemmung des Hafens.", "mit dem Geld einer reichen Witwe."),
)
_CHINESE = product(
    ("山村里的老木匠", "城里来的女医生", "河边的年轻渔夫", "学校的王老师"),
    ("修好了那座古老的石桥", "卖掉了四十筐红苹果", "画了一张详细的地图"),
    ("因为冬天的大雪就要来了。", "洪水之后大家都很高兴。", "村民们为此感谢了很久。"),
)
SENTENCES: dict[str, Sequence[str]] = {
    "en": [" ".join(parts) for parts in _ENGLISH],
    "de": [" ".join(parts) for parts in _GERMAN],
    "zh": ["".join(parts) for parts in _CHINESE],
}
# What a sentence may lose at its beginning when a summary takes it.
CONNECTIVES = {"en": "However, ", "de": "Außerdem, ", "zh": "但是，"}
_WIDTHS = {"en": 60, "de": 60, "zh": 24}


@dataclass(frozen=True)
class GeneratedText:
    """A document and its language."""

    text: str
    language: str


def _softened(text: str) -> str:
    """Put a soft hyphen into each long word, as a web page does."""
    words = text.split(" ")
    return " ".join(f"{word[:3]}\u00ad{word[3:]}" if len(word) > 5 and word.isalpha() else word for word in words)


def _controlled(text: str) -> str:
    """Put a control character or one that nobody sees beside each blank and stop, and before the text."""
    return "\ufeff\x07" + text.replace(" ", " \x07").replace("。", "。\u200b")


def _wrapped(paragraph: str, width: int) -> str:
    if " " not in paragraph:
        return "\n".join(paragraph[at : at + width] for at in range(0, len(paragraph), width))
    return "\n".join(wrap(paragraph, width, break_long_words=False, break_on_hyphens=False))


_CHANGES: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "soft hyphens": _softened,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "control characters": _controlled,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "all of these": lambda text: _controlled(unicodedata.normalize("NFD", _softened(text))).replace("\n", "\r\n"),
}


@st.composite
def generated_texts(draw: st.DrawFn, fewest: int = 4, most: int = 24) -> GeneratedText:
    """Draw a document of different sentences in paragraphs, some of which are lists."""
    language = draw(st.sampled_from(list(SENTENCES)))
    sentences = draw(st.lists(st.sampled_from(SENTENCES[language]), min_size=fewest, max_size=most, unique=True))
    wrapped = draw(st.booleans())
    paragraphs: list[str] = []
    while sentences:
        size = draw(st.integers(1, 6))
        paragraph, sentences = sentences[:size], sentences[size:]
        if draw(st.integers(0, 3)) == 0:
            paragraph[-1] = CONNECTIVES[language] + paragraph[-1]
        if draw(st.integers(0, 3)) == 0:
            paragraph[0] = f"**{paragraph[0]}**"
        if draw(st.integers(0, 4)) == 0:
            paragraphs.append("\n".join(f"- {sentence}" for sentence in paragraph))
            continue
        prose = ("" if language == "zh" else " ").join(paragraph)
        paragraphs.append(_wrapped(prose, _WIDTHS[language]) if wrapped else prose)
    return GeneratedText(_CHANGES[draw(st.sampled_from(list(_CHANGES)))]("\n\n".join(paragraphs)), language)
