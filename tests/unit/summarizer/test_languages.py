"""Which language a text is in, when it is long enough to tell."""

from __future__ import annotations

import pytest

from producers.samples import sample_texts
from streaming.summarizer.languages import detect_language, english_name, same_or_similar

TEXTS = {
    "de": "Der alte Mann ging jeden Morgen hinunter an das Meer und kam am Abend mit leeren Händen wieder zurück.",
    "en": "Every morning the old man went down to the sea, and in the evening he came back with nothing in his hands.",
    "es": "Cada mañana el anciano bajaba hasta el mar, y por la tarde volvía a su casa con las manos vacías y cansado.",
    "fr": "Chaque matin, le vieil homme descendait jusqu'à la mer, et le soir il rentrait chez lui les mains vides.",
    "ru": "Каждое утро старик спускался к морю, а вечером возвращался домой с пустыми руками и не говорил ни слова.",
    "zh": "每天早上，老人都要走到海边去，到了晚上，他总是两手空空地回到家里，一句话也不说。村里的人都很担心他。",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_paragraph_tells(language: str) -> None:
    assert detect_language(TEXTS[language] * 2) == language


@pytest.mark.parametrize("text", ["", "Yes.", "12 345 678 " * 50, "?!" * 500, "Der alte Mann."])
def test_what_says_too_little_is_left_open(text: str) -> None:
    assert detect_language(text) is None


def test_the_samples_are_in_the_languages_that_they_are_in() -> None:
    found = [detect_language(text) for text in sample_texts()]
    assert [language for language in found if language != "en"] == ["de", "zh"]


def test_the_middle_of_a_long_text_decides() -> None:
    assert detect_language("LICENCE. " * 300 + TEXTS["de"] * 100) == "de"


def test_languages_have_english_names() -> None:
    assert [english_name(code) for code in ("de", "zh-CN", "pt_BR", "FR")] == [
        "German",
        "Chinese",
        "Portuguese",
        "French",
    ]
    assert [english_name(code) for code in ("", "xq", "tlhx", "../de", "not a language")] == [None] * 5


def test_languages_that_look_alike_are_not_told_apart() -> None:
    assert same_or_similar("de", "de-AT")
    assert same_or_similar("no", "da")
    assert not same_or_similar("de", "nl")
