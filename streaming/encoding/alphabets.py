"""The letters beside a to z of the languages in Latin letters, and the signs that texts of all languages have."""

from __future__ import annotations

# By the names that charset-normalizer has for languages; those that it does not know leave doubt.
_SMALL_LETTERS = {
    # Words and names of all its neighbours.
    "English": "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿßœ",
    "German": "äöüßé",
    "French": "àâæçéèêëîïôœùûüÿ",
    "Italian": "àèéìíîòóùú",
    "Spanish": "áéíóúüñªº",
    "Portuguese": "áâãàçéêíóôõúüªº",
    "Dutch": "éèëïöüáóíê",
    "Swedish": "åäöéà",
    "Danish": "æøåéöäü",
    "Norwegian": "æøåéòôêó",
    "Finnish": "äöåšž",
    "Polish": "ąćęłńóśźż",
    "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Hungarian": "áéíóöőúüű",
    "Romanian": "ăâîșşțţ",
    "Croatian": "čćđšž",
    "Slovene": "čšžćđ",
    "Turkish": "âçğıİîöşüû",
    "Estonian": "äõöüšž",
    "Lithuanian": "ąčęėįšųūž",
}
LETTERS = {language: frozenset(letters + letters.upper()) for language, letters in _SMALL_LETTERS.items()}
# Signs that stand between two letters of one word, or of two: it’s, 1914–1918, well…and.
INSIDE_WORDS = frozenset("’‘–—…\N{SOFT HYPHEN}\N{NO-BREAK SPACE}")
SIGNS = frozenset("‘’‚‛“”„‟«»‹›–—…•·¿¡§©®™°€£¥¢±½¼¾²³´`¨ˆ˜†‡‰№\N{NO-BREAK SPACE}\N{SOFT HYPHEN}")
