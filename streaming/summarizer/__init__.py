"""Text in, summary out: prompts, chunking, strategies. Knows nothing of Kafka, Spark or llama.cpp."""

from streaming.summarizer.prompts import PromptProfile, known_profile, load_profiles
from streaming.summarizer.summarizer import PromptStyle, Recipe, Summarizer, Text, Written

__all__ = ["PromptProfile", "PromptStyle", "Recipe", "Summarizer", "Text", "Written", "known_profile", "load_profiles"]
