"""Text in, summary out: prompts, chunking, strategies, guards. Knows nothing of Kafka, Spark or llama.cpp."""

from streaming.summarizer.prompts import PromptProfile, get_profile, load_profiles
from streaming.summarizer.recipe import Faithfulness, PromptStyle, Recipe, Reduce, Strategy
from streaming.summarizer.request import SummaryRequest
from streaming.summarizer.structured import free_text
from streaming.summarizer.summarizer import Summarizer, SummaryResult

__all__ = [
    "Faithfulness",
    "PromptProfile",
    "PromptStyle",
    "Recipe",
    "Reduce",
    "Strategy",
    "Summarizer",
    "SummaryRequest",
    "SummaryResult",
    "free_text",
    "get_profile",
    "load_profiles",
]
