"""Summaries and dead letters as a query would write them, made of the sample texts: for tests of what shows them."""

from __future__ import annotations

import hashlib
import json
import re
import time
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, Literal

from producers.samples import sample_texts
from streaming.messages import (
    DeadLetter,
    Failure,
    ModelInfo,
    PromptInfo,
    Signals,
    Source,
    Summary,
    SummarySentence,
    Tokens,
)

TEAMS = ("harbour", "library", "tenants")
# A sentence of one of the sample texts, which end with a full stop, a question or an exclamation.
_SENTENCE = re.compile(r"[^\s.?!。！？][^.?!。！？]{20,}[.?!。！？]+[”“’\"»]?")
# What a document that wants to be a page would try.
HOSTILE = (
    '{"id": "note-7", "text": "<script>document.title=\'broken\'</script><img src=x onerror=alert(1)>'
    "\\u202e" + '", "prompt": "no such profile"}'
)


@lru_cache
def stories() -> list[tuple[str, str]]:
    """Return title and text of the sample documents that have a few sentences."""
    texts = [text for text in sample_texts() if len(_SENTENCE.findall(text)) > 5]
    return [(text.split("\n", 1)[0].strip(), text) for text in texts]


@lru_cache
def _spans(text: str) -> list[tuple[int, int]]:
    """Return the sentences of a text, without its title."""
    return [match.span() for match in _SENTENCE.finditer(text, text.index("\n"))]


def document(number: int) -> bytes:
    """Return the value of a document's record."""
    title, text = stories()[number % len(stories())]
    value = {"id": f"story-{number}", "title": title, "text": text, "metadata": metadata(number)}
    return json.dumps(value, ensure_ascii=False).encode()


def as_document(text: str) -> bytes:
    """Return the value of a document's record with a text."""
    return json.dumps({"text": text}, ensure_ascii=False).encode()


def digest(text: str) -> str:
    """Return the hash by which a summary names its document's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def metadata(number: int) -> dict[str, str]:
    """Return the labels of a document."""
    return {"team": TEAMS[number % len(TEAMS)], "year": str(1904 + number % 5)}


def summary(
    number: int,
    source: Source,
    *,
    recipe: str = "7c1f0e52",
    prompt: str = "default",
    other_words: bool = False,
    produced_at: float | None = None,
    id: str | None = None,
) -> Summary:
    """Return the summary of `document(number)`: the model's sentence, the text's own, and one on two places."""
    title, text = stories()[number % len(stories())]
    spans = _spans(text)
    first, second, third, fourth = spans[0], spans[2], spans[len(spans) // 2], spans[-1]
    words = " ".join(text[slice(*third)].split()) + " " + " ".join(text[slice(*fourth)].split())
    parts: list[tuple[str, Literal["model", "text"], float, list[tuple[int, int]]]] = [
        (" ".join(text[slice(*first)].split()), "model", 0.86, [first]),
        (" ".join(text[slice(*second)].split()), "text", 1.0, [second]),
        (words, "model", 0.71, [third, fourth]),
    ]
    if other_words:
        parts[0] = (f"Here, {parts[0][0].partition(' ')[2]}", *parts[0][1:])
    status: Literal["ok", "repaired", "extractive_fallback"] = (
        "extractive_fallback" if number % 17 == 0 else "repaired" if number % 3 == 0 else "ok"
    )
    whole, sentences = "", []
    for words, origin, support, places in parts:
        own = status == "extractive_fallback" or (status == "repaired" and origin == "text")
        whole += " " if whole else ""
        sentences.append(
            SummarySentence(
                start=len(whole),
                end=len(whole) + len(words),
                origin="text" if own else "model",
                support=1.0 if own else support,
                stands=True,
                evidence=[list(place) for place in places],
            )
        )
        whole += words
    at = time.time() if produced_at is None else produced_at
    return Summary(
        id=id or f"story-{number}",
        title=title,
        summary=whole,
        status=status,
        sentences=sentences,
        model=ModelInfo(name="SmolLM2-135M-Instruct", sha256="ab" * 32, representation="BF16"),
        prompt=PromptInfo(name=prompt, sha256="cd" * 32),
        recipe=recipe,
        strategy="stuff" if len(text) < 10_000 else "map-reduce",
        chunks=1 if len(text) < 10_000 else 6,
        tokens=Tokens(prompt=640 + 7 * (number % 30), completion=70 + number % 20),
        seconds=1.4 + (number % 11) / 5,
        reused=number % 9 == 0,
        signals=Signals(grounding=0.83, supported=1.0, repetition=0.02, copied=0.31, compression=0.12, finish="stop"),
        document_sha256=digest(text),
        source=source,
        produced_at=datetime.fromtimestamp(at, timezone.utc),
        metadata=metadata(number),
    )


def dead_letter(source: Source, *, value: bytes = HOSTILE.encode(), **error: Any) -> DeadLetter:
    """Return the dead letter of a record; by default of one with a script in it."""
    failure = {
        "stage": "decode",
        "type": "UnknownPrompt",
        "message": "there is no prompt profile 'no such profile'",
        "attempts": 1,
        **error,
    }
    headers = [("team", b"harbour"), ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    return DeadLetter(
        key=f"note-{source.offset}".encode(),
        value=value,
        headers=headers,
        error=Failure.model_validate(failure),
        source=source,
    )
