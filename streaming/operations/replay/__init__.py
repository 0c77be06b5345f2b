"""Replay: a range of the input, summarized again to a topic of its own."""
