"""First person: a summary that says "I" or "you" answers its text or continues it, instead of summarizing it."""

from __future__ import annotations

import regex

from streaming.sentences import split_sentences
from streaming.summarizer.guards.quotations import outward
from streaming.summarizer.languages import base_code
from streaming.summarizer.words import words

# First and second person in the languages that models are mostly trained on, by ISO 639-1, without words that have
# another meaning ("mine", "us" as a country, the German "sie").
_PERSONS = {
    "de": "ich mich mir mein meine wir uns unser unsere du dich dir dein deine",
    "en": "i me my we our you your i'm i've i'll i'd we're we've we'll you're you've you'll",
    "es": "yo mi mis nosotros nuestro nuestra tú usted ustedes tus",
    "fr": "je j'ai me mon ma mes nous notre nos vous votre vos",
    "it": "io mio mia noi nostro nostra voi vostro vostra",
    "nl": "ik mij mijn wij we ons onze jij jouw jullie",
    "pt": "eu meu minha nós nosso nossa você vocês",
    "ru": "я меня мне мой моя мы нас нам наш вы вас вам ваш",
}
_QUOTED = regex.compile(r"[\"“„«「『][^\"“”„«»「」『』]*[\"”“»」』]?")


def has_first_person(summary: str, *, language: str) -> bool:
    """Tell whether most sentences of a summary are in the first or second person, outside of quotations."""
    persons = set(_PERSONS.get(base_code(language), "").split())
    sentences = [set(words(sentence)) for sentence in split_sentences(_QUOTED.sub(" ", outward(summary)), language)]
    sentences = [sentence for sentence in sentences if sentence]
    return 2 * sum(bool(sentence & persons) for sentence in sentences) > len(sentences)
