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
# Fewer words say too little.
_FEWEST = 6
# Passages of German articles have 64% and more in 98 of 100 cases, their unknown names counted (measurements.md, real
# words).
_LEAST_KNOWN = 0.6


def lacks_real_words(summary: str, text: str, language: str) -> bool:
    """Tell whether most long words of a summary are no words of `language`, nor names that `text` has."""
    language = base_code(language)
    if language not in _LANGUAGES:
        return False
    named = stop_words(language).union(word.casefold() for word in _WORD.findall(text))
    words = {word for word in _WORD.findall(summary) if word.casefold() not in named}
    if len(words) < _FEWEST:
        # Without loading a dictionary: the German one takes a second or more, and 116 MB.
        return False
    known = sum(is_known(word, lang=language) or is_known(word.lower(), lang=language) for word in words)
    return known < _LEAST_KNOWN * len(words)
