"""The desk: the work on one document, in the process that has the model.

Summarizer and engine meet here; neither knows the other. The driver's decisions come in a `Work`.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from streaming.errors import BadInput, DocumentError, DocumentFailed, GistreamError
from streaming.messages import Document, LeftOut, PromptInfo, Signals, Source, Summary, SummarySentence, Tokens
from streaming.planning.work import Work
from streaming.protocol import Engine, EngineRecipe
from streaming.storage import Folder
from streaming.store import Labels, Store, StoredEngine, hash_of_id, summary_key, working_on
from streaming.summarizer import Summarizer, SummaryRequest, SummaryResult
from streaming.summarizer.evidence import SummarySentence as MeasuredSentence

# This process's stores, by folder or URL.
_stores: dict[str, Store | None] = {}
# This process's engine. Spark keeps its Python workers across tasks and micro-batches, so the engine stays, too.
_loaded: dict[EngineRecipe, Engine] = {}


def _engine(recipe: EngineRecipe, on_progress: Callable[[float], None] | None) -> Engine:
    if recipe not in _loaded:
        # One model at a time: a worker that now serves another query must not hold two.
        unload()
        _loaded[recipe] = recipe.load(on_progress)
    return _loaded[recipe]


def _store(url: str) -> Store | None:
    """Return this process's store in a folder; None when it cannot be opened, which is said once."""
    if url not in _stores:
        try:
            _stores[url] = Store(Folder(url))
        except GistreamError as error:
            _stores[url] = None
            sys.stderr.write(f"gistream: {error} Summaries are made without the store.\n")
    return _stores[url]


def unload() -> None:
    """Free this process's engine, if it has one."""
    while _loaded:
        _loaded.popitem()[1].close()


class Desk:
    """Summarizes documents by a `Work`, with this process's engine."""

    def __init__(self, work: Work, on_progress: Callable[[float], None] | None = None) -> None:
        """Load the engine if this process does not have it yet.

        `on_progress` is called with the share of the model that is loaded, from 0 to 1.

        Raises `EngineError`, also when the context is too small for the default profile: every document would fail.
        """
        self._work = work
        engine = _engine(work.engine, on_progress)
        self._store = _store(work.store.url) if work.store is not None else None
        if work.store is not None and self._store is not None:
            engine = StoredEngine(engine, self._store, work.store.model)
        self._summarizer = Summarizer(engine, work.recipe)
        self._summarizer.check(work.profiles[work.default_profile])
        # Hashed once, not for each document.
        profiles = work.profiles.values()
        self._recipes = {profile.name: work.recipe.hash(profile) for profile in profiles}
        self._prompts = {profile.name: PromptInfo(name=profile.name, sha256=profile.sha256) for profile in profiles}

    async def summarize(self, document: Document, source: Source | None) -> Summary:
        """Summarize one document; one without an id goes by the SHA-256 of its text.

        Raises `DocumentError` when it has no summary, and the service's errors.
        """
        work, started = self._work, time.monotonic()
        request = request_about(document, work)
        profile = request.profile
        document_sha256 = hashlib.sha256(document.text.encode()).hexdigest()
        of_document: dict[str, Any] = {
            "id": document.id or document_sha256,
            "title": document.title,
            "source": source,
            "metadata": document.metadata,
        }
        recipe = self._recipes[profile.name]
        labels = Labels(document_sha256, recipe, time.time(), hash_of_id(of_document["id"]))
        key = None
        if work.store is not None and self._store is not None:
            key = summary_key(work.store.model, work.store.code, work.recipe, request)
            if (value := await self._store.get("summaries", key, labels.id_sha256)) is not None:
                return _reused(value, of_document, seconds=time.monotonic() - started)
        with working_on(labels):
            outcome = await self._summarizer.summarize(request, deadline=started + work.deadline)
        summary = Summary(
            **of_document,
            summary=outcome.summary,
            answer=outcome.answer,
            status=outcome.status,
            sentences=[_sentence(sentence) for sentence in outcome.sentences],
            left_out=[LeftOut(kind=kind, characters=amount) for kind, amount in outcome.left_out.items()],
            model=work.model,
            prompt=self._prompts[profile.name],
            recipe=recipe,
            strategy=outcome.strategy,
            chunks=outcome.chunks,
            tokens=Tokens(prompt=outcome.prompt_tokens, completion=outcome.completion_tokens),
            seconds=round(outcome.seconds, 3),
            signals=_signals(outcome),
            document_sha256=document_sha256,
            produced_at=datetime.now(timezone.utc),
        )
        if key is not None and self._store is not None:
            value = summary.model_dump(mode="json", exclude=set(of_document))
            await self._store.put("summaries", key, replace(labels, made_at=time.time()), value)
        return summary

    async def attempt(self, document: Document) -> Summary | DocumentError:
        """Summarize a document that did not come from Kafka, or return why it has no summary."""
        try:
            with contained():
                return await self.summarize(document, None)
        except DocumentError as error:
            return error


def request_about(document: Document, work: Work) -> SummaryRequest:
    """Return what the summarizer is asked about a document; raises `BadInput` when its prompt names no profile."""
    profile = work.profiles.get(document.prompt or work.default_profile)
    if profile is None:
        # The message does not repeat the name: it is a stranger's text.
        raise BadInput(
            f"its prompt names no profile; there are: {', '.join(sorted(work.profiles))}", type="UnknownPrompt"
        )
    return SummaryRequest(document.text, profile, document.language, document.title, work.grammars.get(profile.name))


def _reused(value: dict[str, Any], of_document: dict[str, Any], *, seconds: float) -> Summary:
    """Return a stored summary as that of this document: nothing was generated for it."""
    made = {"produced_at": datetime.now(timezone.utc), "seconds": round(seconds, 3), "tokens": Tokens.none()}
    return Summary.model_validate({**value, **of_document, **made, "reused": True})


def _signals(outcome: SummaryResult) -> Signals:
    signals = outcome.signals
    return Signals(
        grounding=_rounded(signals.grounding),
        supported=_rounded(outcome.supported),
        repetition=_rounded(signals.repetition),
        copy=_rounded(signals.copied),
        compression=_rounded(signals.compression),
        finish=outcome.finish,
        missing=list(outcome.missing),
    )


def _sentence(sentence: MeasuredSentence) -> SummarySentence:
    return SummarySentence(
        start=sentence.start,
        end=sentence.end,
        origin=sentence.origin,
        support=_rounded(sentence.support),
        stands=sentence.stands if sentence.support is not None else None,
        evidence=[list(span) for span in sentence.evidence],
    )


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


@contextmanager
def contained() -> Iterator[None]:
    """Contain an unexpected exception to this document: raise it as `DocumentFailed` (Unexpected).

    Otherwise it would stop the query for ever, because the document comes again with every replay.
    """
    try:
        yield
    except (DocumentError, GistreamError, asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a Rust panic, for example, is no Exception
        # The message may hold the document's text; the type and the traceback do not.
        kind = type(error).__name__
        sys.stderr.write(f"gistream: unexpected {kind}:\n{''.join(traceback.format_tb(error.__traceback__))}")
        raise DocumentFailed(f"an unexpected {kind}", type="Unexpected") from None
