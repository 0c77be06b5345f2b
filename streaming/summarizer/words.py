"""Words: the units in which texts are compared, in any script.

Scripts that put no space between words (Han, Kana, Thai, Lao, Burmese, Khmer) are taken character by character.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import regex
import Stemmer
from stop_words import StopWordError, get_stop_words

from streaming.summarizer.languages import base_code

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Myanmar}\p{Khmer}"
# Vowel signs and accents that follow their letter belong to it.
_LETTERS = rf"(?:[\p{{L}}\p{{N}}--[{_UNSPACED}]]\p{{M}}*)+"
# So does an apostrophe between two letters: don't, l'été.
_WORD = regex.compile(rf"[[{_UNSPACED}]&&[\p{{L}}\p{{N}}]]\p{{M}}*|{_LETTERS}(?:['’]{_LETTERS})*", regex.V1)
_CHARACTER = regex.compile(rf"[{_UNSPACED}]\p{{M}}*", regex.V1)
# Snowball's algorithms by ISO 639-1; in other languages a word is its own stem.
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
# What the lists of stop words call a language otherwise.
_LISTED_AS = {"cs": "cz", "nn": "nb", "no": "nb"}
# Compared character by character, or without endings.
_UNINFLECTED = {"ja", "km", "lo", "my", "th", "vi", "zh"}


def words(text: str) -> list[str]:
    """Return the words of `text` in order, in lower case, without punctuation."""
    return [word.replace("’", "'") for word in _WORD.findall(text.casefold())]


def units_per_word(found: Sequence[str]) -> int:
    """Return how many of what `words` found make a word: two, where most are characters of a script without spaces."""
    return 2 if 2 * sum(_CHARACTER.fullmatch(word) is not None for word in found) > len(found) else 1


def content_words(text: str, language: str) -> list[str]:
    """Return the stems of the words that carry the meaning, in order; `language` is an ISO 639-1 code.

    What is behind a hyphen in it, such as a country, does not count.
    """
    language = base_code(language)
    common = _common(language)
    found = [word for word in words(text) if word not in common and not word.isdigit()]
    if language not in _STEMMERS:
        return found
    # One for each text: it keeps the word that it is at, and texts are read in several threads.
    stemmer = Stemmer.Stemmer(_STEMMERS[language])
    return [str(stem) for stem in stemmer.stemWords([word.removesuffix("'s") for word in found])]


def has_stems(language: str) -> bool:
    """Tell whether the forms of a word are one in this language: by its stemmer, or because it has no forms."""
    return base_code(language) in _STEMMERS or base_code(language) in _UNINFLECTED


@lru_cache
def _common(language: str) -> frozenset[str]:
    try:
        # As `words` writes them.
        return frozenset(word.casefold() for word in get_stop_words(_LISTED_AS.get(language, language)))
    except StopWordError:
        return frozenset()
