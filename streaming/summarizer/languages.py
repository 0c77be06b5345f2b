"""Languages: which one a text is in, which one its summary gets, and its name in English. Codes are ISO 639-1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from streaming.sentences import DEFAULT_LANGUAGE

# Characters of a text that decide, from its middle: the beginning may be a licence or a table.
_SAMPLE_CHARACTERS = 4000
# With fewer letters, or less certainty, a text may be in any language. A character of a script without spaces counts as
# three letters.
_FEWEST_LETTERS = 100
_LEAST_CERTAINTY = 0.9
# Languages that the detector cannot distinguish by their letters.
_SIMILAR = (
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
# Of all 140 languages that the detector knows, it would find the rarest ones in lists and logs.
_DETECTED = [
    *("af", "ar", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr"),
    *("ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk", "kn", "ko", "lt", "lv", "mk"),
    *("ml", "mr", "ms", "no", "ne", "nl", "pa", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te"),
    *("th", "tl", "tr", "uk", "ur", "vi", "zh"),
]
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class SummaryLanguages:
    """The languages of a text and of its summary.

    `text` is the text's. `name` is the English name of the summary's language, None when it is unknown. A `translated`
    summary is in another language than its text. `required` is the language that a summary must be in, None when none
    is certain.
    """

    text: str
    name: str | None
    translated: bool
    required: str | None


def summary_languages(text: str, *, declared: str | None, requested: str | None) -> SummaryLanguages:
    """Detect the language of a text and choose its summary's: the `requested` one, or the text's own.

    `declared` is the language that the document names.
    """
    detected = detect_language(text)
    language = declared or detected or DEFAULT_LANGUAGE
    answer = requested or declared or detected
    name = answer and english_name(answer)
    # A document that names one language and is in another may get a summary in either.
    certain = requested or declared is None or (detected and same_or_similar(detected, declared))
    return SummaryLanguages(
        text=language,
        name=name,
        translated=base_code(answer or language) != base_code(language),
        required=answer if name and certain else None,
    )


def is_detectable(language: str) -> bool:
    """Tell whether `detect_language` recognizes this language, or takes it for a similar one."""
    return base_code(language) in _DETECTED or any(base_code(language) in group for group in _SIMILAR)


def detect_language(text: str) -> str | None:
    """Return the language of a text; None when the text is too short or the detector is not certain."""
    start = max(0, (len(text) - _SAMPLE_CHARACTERS) // 2)
    sample = text[start : start + _SAMPLE_CHARACTERS]
    if sum(map(str.isalpha, sample)) + 2 * len(_UNSPACED.findall(sample)) < _FEWEST_LETTERS:
        return None
    language, certainty = _identifier().classify(sample)
    return str(language) if certainty >= _LEAST_CERTAINTY else None


def load_detector() -> None:
    """Load the detector, which takes half a second, before the first text needs it."""
    _identifier()


def same_or_similar(first: str, second: str) -> bool:
    """Tell whether two languages are the same, or too similar for the detector."""
    codes = {base_code(first), base_code(second)}
    return len(codes) == 1 or any(codes <= group for group in _SIMILAR)


def base_code(language: str) -> str:
    """Return a code without its country: "de" for "de-AT"."""
    return language.lower().partition("-")[0].partition("_")[0]


def english_name(language: str) -> str | None:
    """Return the English name of a language; None for an unknown code."""
    if not re.fullmatch(r"[a-z]{2,3}", base_code(language)):
        return None
    return _english().languages.get(base_code(language))


@lru_cache(maxsize=1)
def _english() -> Locale:
    return Locale("en")


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_DETECTED)
    return identifier
