"""Words: the units in which texts are compared, in any script.

Scripts that put no space between words (Han, Kana, Thai, Lao, Burmese, Khmer) are taken character by character.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import regex
import Stemmer
from stop_words import StopWordError, get_stop_words

from streaming.summarizer.languages import base_code

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Myanmar}\p{Khmer}"
# Vowel signs and accents belong to the letter before them.
_LETTERS = rf"(?:[\p{{L}}\p{{N}}--[{_UNSPACED}]]\p{{M}}*)+"
# An apostrophe between two letters belongs to the word: don't, l'été.
_WORD = regex.compile(rf"[[{_UNSPACED}]&&[\p{{L}}\p{{N}}]]\p{{M}}*|{_LETTERS}(?:['’]{_LETTERS})*", regex.V1)
# The scripts without spaces in which two characters are a word, more or less.
_PAIRED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_CHARACTER = regex.compile(rf"[{_UNSPACED}]\p{{M}}*", regex.V1)
# Snowball's algorithms by ISO 639-1. In other languages a word is its own stem.
_STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "nl": "dutch",
    "nb": "norwegian",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
# Languages that have another code in the lists of stop words.
_STOP_WORD_CODES = {"cs": "cz", "nn": "nb", "no": "nb"}
# Languages whose words have no endings, or are compared character by character.
_UNINFLECTED = {"ja", "km", "lo", "my", "th", "vi", "zh"}


def words(text: str) -> list[str]:
    """Return the words of `text` in order, in lower case, without punctuation."""
    return [word.replace("’", "'") for word in _WORD.findall(text.casefold())]


def letters(text: str) -> str:
    """Return the letters and digits alone: what stays of a sentence that is trimmed, wrapped or joined."""
    return "".join(filter(str.isalnum, text))


def units_per_word(units: Sequence[str]) -> int:
    """Return how many items of `words` make a word: two, where most are characters of a script without spaces."""
    return 2 if 2 * sum(_CHARACTER.fullmatch(unit) is not None for unit in units) > len(units) else 1


def content_words(text: str, language: str) -> list[str]:
    """Return the stems of the words that are no stop words and no numbers, in order.

    `language` is an ISO 639-1 code; a country after a hyphen is ignored.
    """
    language = base_code(language)
    common = stop_words(language)
    content = [word for word in words(text) if word not in common and not word.isdigit()]
    if language not in _STEMMERS:
        return content
    # A stemmer has state, and texts are read in several threads: one for each text.
    stemmer = Stemmer.Stemmer(_STEMMERS[language])
    return [str(stem) for stem in stemmer.stemWords([word.removesuffix("'s") for word in content])]


def comparable_units(text: str, language: str) -> frozenset[str]:
    """Return the units by which two sentences are compared: content stems, or pairs of Chinese or Japanese characters.

    Empty in scripts whose words cannot be told apart: a letter of Thai, Lao, Burmese or Khmer says nothing.
    """
    # A book has a word in hundreds of sentences, and each of them would hold a copy.
    content = list(map(sys.intern, content_words(text, language)))
    if not content or units_per_word(content) == 1:
        return frozenset(content)
    if not _PAIRED.search(text):
        return frozenset()
    return frozenset("".join(pair) for pair in pairwise(content)) or frozenset(content)


def has_stems(language: str) -> bool:
    """Tell whether all forms of a word have one stem in this language: by a stemmer, or because there is one form."""
    return base_code(language) in _STEMMERS or base_code(language) in _UNINFLECTED


@lru_cache
def stop_words(language: str) -> frozenset[str]:
    """Return the stop words of a language, an ISO 639-1 code without a country, as `words` writes them."""
    try:
        return frozenset(word.casefold() for word in get_stop_words(_STOP_WORD_CODES.get(language, language)))
    except StopWordError:
        return frozenset()
