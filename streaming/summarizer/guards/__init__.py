"""What can be measured about a summary without a reference."""

from streaming.summarizer.guards.signals import Signals, measure

__all__ = ["Signals", "measure"]
