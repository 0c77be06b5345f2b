"""What can be measured about a summary without a reference, and what is wrong with it by these measures."""

from streaming.summarizer.guards.injection import apart
from streaming.summarizer.guards.ngrams import said_once
from streaming.summarizer.guards.signals import Signals, measure
from streaming.summarizer.guards.verdict import Verdict, judge

__all__ = ["Signals", "Verdict", "apart", "judge", "measure", "said_once"]
