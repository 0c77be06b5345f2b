"""Languages: which one a text is in, and what it is called in English. Codes are ISO 639-1."""

from __future__ import annotations

import re
from functools import lru_cache

from babel import Locale
from py3langid.langid import MODEL_FILE, LanguageIdentifier

# Characters of a text that are looked at: its beginning may be a licence or a table, so these come from its middle.
_LOOKED_AT = 4000
# A text of fewer letters, and one of which it is less certain, may be in any language. A character of a script without
# spaces says as much as three letters.
_ENOUGH = 100
_CERTAIN = 0.9
# Languages that cannot be told from each other by their letters.
_ALIKE = (
    {"da", "nb", "nn", "no"},
    {"bs", "hr", "sl", "sr"},
    {"id", "ms"},
    {"be", "bg", "mk", "ru", "uk"},
    {"ca", "es", "gl", "pt"},
    {"cs", "sk"},
    {"af", "nl"},
    {"ar", "fa", "ps", "ur"},
    {"az", "tr"},
    {"fil", "tl"},
    {"hi", "mr", "ne"},
)
# Those that a text may be in: of all 140 that the detector knows, lists and logs would be in the rarest.
_KNOWN = [
    *("af", "ar", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr"),
    *("ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk", "kn", "ko", "lt", "lv", "mk"),
    *("ml", "mr", "ms", "no", "ne", "nl", "pa", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te"),
    *("th", "tl", "tr", "uk", "ur", "vi", "zh"),
]
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def detectable(language: str) -> bool:
    """Tell whether `detect_language` would know a text in this language, or take it for one that is alike."""
    return base(language) in _KNOWN or any(base(language) in some for some in _ALIKE)


def detect_language(text: str) -> str | None:
    """Return the language of a text; None when it is too short, or too little like any one, to tell."""
    start = max(0, (len(text) - _LOOKED_AT) // 2)
    seen = text[start : start + _LOOKED_AT]
    if sum(map(str.isalpha, seen)) + 2 * len(_UNSPACED.findall(seen)) < _ENOUGH:
        return None
    language, share = _identifier().classify(seen)
    return str(language) if share >= _CERTAIN else None


def load_detector() -> None:
    """Load what `detect_language` needs, which takes half a second, before the first text waits for it."""
    _identifier()


def same_or_similar(one: str, other: str) -> bool:
    """Tell whether two languages are the same, or too much alike to be told apart."""
    one, other = base(one), base(other)
    return one == other or any({one, other} <= group for group in _ALIKE)


def base(language: str) -> str:
    """Return a code without its country: "de" for "de-AT"."""
    return language.lower().partition("-")[0].partition("_")[0]


def english_name(language: str) -> str | None:
    """Return what a language is called in English; None for a code that there is not."""
    if not re.fullmatch(r"[a-z]{2,3}", base(language)):
        return None
    return _english().languages.get(base(language))


@lru_cache(maxsize=1)
def _english() -> Locale:
    return Locale("en")


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_KNOWN)
    return identifier
