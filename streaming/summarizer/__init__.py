"""Text in, summary out: prompts, chunking, strategies, guards. Knows nothing of Kafka, Spark or llama.cpp."""

from streaming.summarizer.job import Text
from streaming.summarizer.prompts import PromptProfile, known_profile, load_profiles
from streaming.summarizer.recipe import PromptStyle, Recipe, Reduce, Strategy
from streaming.summarizer.structured import words_of
from streaming.summarizer.summarizer import Summarizer, Written

__all__ = [
    "PromptProfile",
    "PromptStyle",
    "Recipe",
    "Reduce",
    "Strategy",
    "Summarizer",
    "Text",
    "Written",
    "known_profile",
    "load_profiles",
    "words_of",
]
