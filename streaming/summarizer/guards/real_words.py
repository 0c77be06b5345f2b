"""Real words: whether a summary consists of words of its language, beside those of its text.

A small model that is asked for German writes what looks like German and has no meaning: "die Funkkommission der
Lagerbühne". The detector of languages takes it for German, and a text in another language cannot tell either.
"""

from __future__ import annotations

import regex
from simplemma import is_known

from streaming.summarizer.languages import base_code
from streaming.summarizer.words import stop_words

# Languages whose dictionary has most forms of most words; the others form words that no dictionary has.
_LANGUAGES = frozenset({"de", "en", "es", "fr", "it", "nl", "pt"})
# Short words and stop words are those that such a model knows.
_WORD = regex.compile(r"\p{L}{5,}")
# Fewer words say too little. Of the words, so many are known at least: in German, with its compounds, all of 125 pieces
# of human summaries have 73% and more, and of 442 passages, whose names count as unknown, 98 in 100 have 70% and more
# (measurements.md, real words).
_FEWEST, _LEAST_KNOWN = 6, 0.6
_FEWEST_GERMAN, _LEAST_KNOWN_GERMAN = 4, 0.72
# Shorter parts of a compound are found in anything.
_SHORTEST_PART = 4


def lacks_real_words(summary: str, text: str, language: str) -> bool:
    """Tell whether most long words of a summary are no words of `language`, nor names that `text` has."""
    language = base_code(language)
    if language not in _LANGUAGES:
        return False
    named = stop_words(language).union(word.casefold() for word in _WORD.findall(text))
    words = {word for word in _WORD.findall(summary) if word.casefold() not in named}
    fewest, least = (_FEWEST_GERMAN, _LEAST_KNOWN_GERMAN) if language == "de" else (_FEWEST, _LEAST_KNOWN)
    if len(words) < fewest:
        # Without loading a dictionary: the German one takes a second or more, and 116 MB.
        return False
    known = sum(_is_word(word, language) or (language == "de" and _is_compound(word.lower())) for word in words)
    return known < least * len(words)


def _is_word(word: str, language: str) -> bool:
    return is_known(word, lang=language) or is_known(word.lower(), lang=language)


def _is_compound(word: str) -> bool:
    """Tell whether a German word consists of two others, with or without an s between them."""
    return any(
        _is_part(word[end:]) and (_is_part(word[:end]) or (word[end - 1] == "s" and _is_part(word[: end - 1])))
        for end in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
    )


def _is_part(part: str) -> bool:
    return len(part) >= _SHORTEST_PART and (is_known(part.capitalize(), lang="de") or is_known(part, lang="de"))
