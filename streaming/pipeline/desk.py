"""Where documents are summarized: the work on one document, in the process that has the model.

Here summarizer and engine meet; neither knows the other. The driver decides in `work` what a desk uses.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from streaming.errors import BadInput, DocumentError, DocumentFailed, GistreamError
from streaming.messages import Document, PromptInfo, Signals, Source, Summary, Tokens
from streaming.planning.work import Work
from streaming.protocol import Engine, EngineRecipe
from streaming.summarizer import Summarizer, SummaryRequest, SummaryResult

# The engine that this process uses. Spark keeps its Python workers across tasks and micro-batches, and so this.
_loaded: dict[EngineRecipe, Engine] = {}


def _engine(recipe: EngineRecipe, on_progress: Callable[[float], None] | None) -> Engine:
    if recipe not in _loaded:
        # One model at a time: a worker that serves another query now must not hold both.
        unload()
        _loaded[recipe] = recipe.load(on_progress)
    return _loaded[recipe]


def unload() -> None:
    """Free this process's engine, if it has one."""
    while _loaded:
        _loaded.popitem()[1].close()


class Desk:
    """Where documents are summarized: the work to do, and this process's engine to do it with."""

    def __init__(self, work: Work, on_progress: Callable[[float], None] | None = None) -> None:
        """Load the engine if this process does not have it yet.

        `on_progress` is called with the share of the model that is loaded, from 0 to 1.

        Raises `EngineError`, also when the context is too small for the default profile: every document would fail.
        """
        self._work = work
        self._summarizer = Summarizer(_engine(work.engine, on_progress), work.recipe)
        self._summarizer.check(work.profiles[work.default_profile])

    async def summarize(self, document: Document, source: Source | None) -> Summary:
        """Summarize one document; one without an id goes by the SHA-256 of its text.

        Raises `DocumentError` when it has no summary, and the service's errors.
        """
        work = self._work
        profile = work.profiles.get(document.prompt or work.default_profile)
        if profile is None:
            # Its name is not repeated: it is a stranger's text.
            raise BadInput(
                f"its prompt names no profile; there are: {', '.join(sorted(work.profiles))}", type="UnknownPrompt"
            )
        written = await self._summarizer.summarize(
            SummaryRequest(document.text, profile, document.language, document.title, work.grammars.get(profile.name)),
            deadline=time.monotonic() + work.deadline,
        )
        document_sha256 = hashlib.sha256(document.text.encode()).hexdigest()
        return Summary(
            id=document.id or document_sha256,
            title=document.title,
            summary=written.summary,
            status=written.status,
            model=work.model,
            prompt=PromptInfo(name=profile.name, sha256=profile.sha256),
            recipe=work.recipe.hash(profile),
            strategy=written.strategy,
            chunks=written.chunks,
            tokens=Tokens(prompt=written.prompt_tokens, completion=written.completion_tokens),
            seconds=round(written.seconds, 3),
            signals=_signals(written),
            document_sha256=document_sha256,
            source=source,
            produced_at=datetime.now(timezone.utc),
            metadata=document.metadata,
        )

    async def attempt(self, document: Document) -> Summary | DocumentError:
        """Summarize a document that did not come from Kafka, or return why it has no summary."""
        try:
            with contained():
                return await self.summarize(document, None)
        except DocumentError as error:
            return error


def _signals(written: SummaryResult) -> Signals:
    signals = written.signals
    return Signals(
        grounding=_rounded(signals.grounding),
        repetition=_rounded(signals.repetition),
        copy=_rounded(signals.copied),
        compression=_rounded(signals.compression),
        finish=written.finish,
    )


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


@contextmanager
def contained() -> Iterator[None]:
    """Make whatever a library breaks on cost this document: raise it as `DocumentFailed` (Unexpected).

    It would else stop the query, for ever: the document comes again with every replay.
    """
    try:
        yield
    except (DocumentError, GistreamError, asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a Rust panic, for one, is no Exception
        # Its words may hold the text; its kind and its place do not.
        kind = type(error).__name__
        sys.stderr.write(f"gistream: unexpected {kind}:\n{''.join(traceback.format_tb(error.__traceback__))}")
        raise DocumentFailed(f"an unexpected {kind}", type="Unexpected") from None
