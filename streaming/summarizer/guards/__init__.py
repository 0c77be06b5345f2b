"""Guards: what can be measured about a summary without a reference, and its faults by these measures."""

from streaming.summarizer.guards.injection import separate_orders
from streaming.summarizer.guards.ngrams import without_repeats
from streaming.summarizer.guards.signals import SignalValues, measure
from streaming.summarizer.guards.verdict import Verdict, is_of_another_language, judge

__all__ = [
    "SignalValues",
    "Verdict",
    "is_of_another_language",
    "judge",
    "measure",
    "separate_orders",
    "without_repeats",
]
