"""The request for a summary: what the summarizer is given for one document."""

from __future__ import annotations

from dataclasses import dataclass

from streaming.summarizer.prompts import PromptProfile


@dataclass(frozen=True)
class SummaryRequest:
    """What to summarize: the text, the profile to use, its language as ISO 639-1, its title.

    `grammar` is the profile's JSON Schema as GBNF, when it has one.
    """

    text: str
    profile: PromptProfile
    language: str | None = None
    title: str | None = None
    grammar: str | None = None
