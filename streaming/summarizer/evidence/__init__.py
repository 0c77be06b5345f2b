"""Evidence: what each sentence of a summary stands on, and what takes the place of one that stands on nothing."""

from streaming.summarizer.evidence.describe import Origin, Span, SummarySentence, describe
from streaming.summarizer.evidence.repair import Repairer
from streaming.summarizer.evidence.source_text import SourceText

__all__ = ["Origin", "Repairer", "SourceText", "Span", "SummarySentence", "describe"]
