"""The documents as every system gets them: cut and rendered once, by gistream's own summarizer and chat template."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.contract import Document
from benchmarks.texts import NamedText
from streaming.sentences import DEFAULT_LANGUAGE
from streaming.settings import Settings
from streaming.summarizer import get_profile, load_profiles
from streaming.summarizer.chunking import split_chunks

# llama.cpp rounds the tokens of a sequence up to this.
_CONTEXT_STEP = 256


def render(texts: Sequence[NamedText], model: Path, settings: Settings, *, chunk_tokens: int) -> list[Document]:
    """Return `texts` with their chunks of at most `chunk_tokens` and the tokens of each chunk's prompt.

    Raises `EngineError` when the model cannot be loaded.
    """
    # Imported here, because it loads llama.cpp.
    from streaming.engine.lanes.llama import Weights

    profile = get_profile(load_profiles(), settings.prompt)
    # Without reasoning, because the other systems cannot leave it out of the answer.
    weights = Weights(model, thinking=False)
    try:

        def prompt(text: str) -> tuple[int, ...]:
            return tuple(weights.render(profile.messages(text)))

        overhead = len(prompt(""))

        def count(text: str) -> int:
            return len(prompt(text)) - overhead

        documents = []
        for text in texts:
            chunks = split_chunks(
                text.text,
                count=count,
                limit=chunk_tokens,
                max_chunks=settings.max_chunks,
                language=DEFAULT_LANGUAGE,
            )
            documents.append(Document(text.name, text.text, tuple(chunks), tuple(prompt(chunk) for chunk in chunks)))
        return documents
    finally:
        weights.close()


def context_for(documents: Sequence[Document], max_tokens: int) -> int:
    """Return the tokens of a sequence that holds every prompt and its completion."""
    longest = max(len(prompt) for document in documents for prompt in document.prompts)
    return -(-(longest + max_tokens) // _CONTEXT_STEP) * _CONTEXT_STEP
