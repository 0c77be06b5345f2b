"""A summary has words of its language, or it is none, and the result says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fake_engine import FakeEngine
from summaries import DEADLINE, RECIPE

from streaming.summarizer import Faithfulness, PromptProfile, Summarizer, SummaryRequest, SummaryResult
from streaming.summarizer.guards.real_words import lacks_real_words
from streaming.summarizer.prompts.profile import Length

TEXT = (
    "The ferry between Lund and Skerry was cancelled for three days because its engine would not start. Engineers "
    "found sea water in the fuel, and traced it to a filler cap that a storm had torn away. A new cap has been fitted, "
    "and the ferry will sail again on Friday at six in the morning. The harbour master says that nobody was in danger."
)
# The sample model's own, asked for German.
GIBBERISH = (
    "Die ferry der Lund, der Skerry wurde nicht können verbesserten. Wir die engine erhalten: die Filler-Cap zum "
    "Finsel für die Funkkommission der Lagerbühne liest; die Finkle-Bauwörter zu den Fokenszüchter für die Bühn."
)
# About other texts: more of their words are known, or they have fewer words.
MORE_GIBBERISH = [
    "Der Normalbewusst, das BatchNormalization ist eine neue Ausschäftlei für den Trainier und Funktionen. Einige "
    "Erfahrung der BatchNorm liest, die den Trainer und Funktionen von Mini-batchern zu erhalten.",
    "Die großen Foveation ist eine neue Auswirkung der Visionarbeit, die fölken im Kernfleisch aufzubringe.",
]
# Words that no dictionary has, of parts that each has.
COMPOUNDS = (
    "Der Treibstoffdeckel der Skerryfähre fehlte, und die Werkstattleute suchten im Maschinenraumboden nach dem "
    "Salzwasserleck. Die Freitagsfahrt beginnt nach der Sicherheitsprobe am Hafentor."
)
GOOD = {
    "de": "Die Fähre zwischen Lund und Skerry fiel drei Tage lang aus, weil Meerwasser in den Treibstoff gelaufen war. "
    "Ein neuer Deckel ist eingebaut, und am Freitagmorgen fährt sie wieder.",
    "fr": "Le ferry entre Lund et Skerry a été annulé pendant trois jours parce que de l'eau de mer était entrée dans "
    "le carburant. Un nouveau bouchon a été posé, et le bateau repartira vendredi matin.",
    "es": "El transbordador entre Lund y Skerry estuvo parado tres días porque había entrado agua de mar en el "
    "combustible. Se ha montado un tapón nuevo, y el barco volverá a salir el viernes por la mañana.",
    "it": "Il traghetto tra Lund e Skerry è rimasto fermo tre giorni perché era entrata acqua di mare nel carburante. "
    "È stato montato un tappo nuovo, e la nave ripartirà venerdì mattina.",
    "nl": "De veerboot tussen Lund en Skerry voer drie dagen niet, omdat er zeewater in de brandstof was gelopen. Er "
    "is een nieuwe dop geplaatst, en vrijdagochtend vaart het schip weer.",
    "pt": "A balsa entre Lund e Skerry ficou parada três dias porque entrou água do mar no combustível. Uma tampa nova "
    "foi montada, e o barco volta a navegar na sexta-feira de manhã.",
}

GERMAN_TEXT = (
    "Die Fähre zwischen Lund und Skerry fiel drei Tage lang aus, weil ihre Maschine nicht ansprang. Fachleute fanden "
    "Meerwasser im Treibstoff und führten es auf einen Deckel zurück, den ein Sturm abgerissen hatte. Ein neuer Deckel "
    "ist angebracht, und am Freitag fährt das Schiff morgens um sechs. Der Hafenmeister sagt, niemand war in Gefahr."
)


def write(language: str, reply: str, faithfulness: Faithfulness = "off") -> SummaryResult:
    profile = PromptProfile(name="p", system="Summarize.", language=language, length=Length(share=1))
    summarizer = Summarizer(
        FakeEngine(reply), replace(RECIPE, ladder=True, max_tokens=200, chunk_tokens=400, faithfulness=faithfulness)
    )
    return asyncio.run(summarizer.summarize(SummaryRequest(TEXT, profile, "en"), deadline=DEADLINE))


def test_what_only_looks_like_german_is_no_summary() -> None:
    written = write("de", GIBBERISH)
    assert (written.status, written.missing) == ("extractive_fallback", ["language"])
    assert "Funkkommission" not in written.summary


@pytest.mark.parametrize("faithfulness", ["off", "flag"])
@pytest.mark.parametrize("ladder", [True, False])
def test_what_only_looks_like_german_is_no_summary_of_a_german_text(faithfulness: Faithfulness, ladder: bool) -> None:
    recipe = replace(RECIPE, ladder=ladder, max_tokens=200, chunk_tokens=400, faithfulness=faithfulness)
    profile = PromptProfile(name="p", system="Summarize.", length=Length(share=1))
    request = SummaryRequest(GERMAN_TEXT, profile, "de")
    written = asyncio.run(Summarizer(FakeEngine(GIBBERISH), recipe).summarize(request, deadline=DEADLINE))
    assert ("Funkkommission" in written.summary, written.missing) == ((False, []) if ladder else (True, ["language"]))
    good = asyncio.run(Summarizer(FakeEngine(GOOD["de"]), recipe).summarize(request, deadline=DEADLINE))
    assert (good.summary, good.missing) == (GOOD["de"], [])


def test_what_cannot_be_compared_with_its_text_says_so_where_evidence_is_asked_for() -> None:
    assert write("de", GOOD["de"], faithfulness="strict").missing == ["evidence"]
    # Sentences of the text stand on it, whatever their language.
    assert write("de", GIBBERISH, faithfulness="strict").missing == ["language"]
    assert write("en", TEXT, faithfulness="strict").missing == []


@pytest.mark.parametrize("language", GOOD)
def test_a_translation_is_a_summary(language: str) -> None:
    written = write(language, GOOD[language])
    assert (written.summary, written.status, written.missing) == (GOOD[language], "ok", [])


@pytest.mark.parametrize("summary", MORE_GIBBERISH)
def test_words_that_are_not_even_compounds_are_no_german(summary: str) -> None:
    assert lacks_real_words(summary, TEXT, "de")


def test_compounds_that_no_dictionary_has_are_german() -> None:
    assert not lacks_real_words(COMPOUNDS, TEXT, "de")


def test_names_of_the_text_and_a_language_without_a_dictionary_are_no_reason() -> None:
    assert lacks_real_words(GIBBERISH, TEXT, "de")
    assert not lacks_real_words(GIBBERISH, TEXT + GIBBERISH, "de")
    assert not lacks_real_words(GIBBERISH, TEXT, "fi")
    assert not lacks_real_words("Funkkommission der Lagerbühne", TEXT, "de")
