"""Which topics documents are read from: those that are named, or those that a pattern matches."""

from __future__ import annotations

from streaming.settings import Settings


def test_documents_are_read_from_the_input_topics_of_the_settings() -> None:
    named, matched = Settings(input_topic="a,b").is_input, Settings(input_pattern="(a|__).*").is_input
    assert [topic for topic in ("a", "b", "c", "summaries", "") if named(topic)] == ["a", "b"]
    assert [topic for topic in ("a", "ab", "b", "__consumer_offsets", "") if matched(topic)] == ["a", "ab"]
