"""The work on one document: everything that turns it into a summary, wherever it comes from.

`plan_work` decides on the driver what is to be used, a `Desk` does it where the model is loaded. Here summarizer and
engine meet; neither knows the other.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone

from streaming.bounds import Bounds, checked_bounds
from streaming.choice import Choice
from streaming.decode import NamedDocument
from streaming.engine import LlamaRecipe, grammar_of
from streaming.engine.process.recipe import ProcessRecipe
from streaming.errors import BadInput, DocumentError, DocumentFailed, GistreamError, MachineError, UsageError
from streaming.messages import ModelInfo, PromptInfo, Signals, Source, Summary, Tokens
from streaming.protocol import Engine, EngineRecipe, Sampling
from streaming.settings import MIB, Settings
from streaming.summarizer import PromptProfile, Recipe, Summarizer, Text, Written, known_profile, load_profiles


@dataclass(frozen=True)
class Work:
    """What is needed to summarize documents: small, picklable, made once by the driver.

    `grammars` are of the profiles that answer with JSON, by name. `in_flight` documents are open at once; a document
    may take `deadline` seconds.
    """

    engine: EngineRecipe
    recipe: Recipe
    model: ModelInfo
    profiles: dict[str, PromptProfile]
    grammars: dict[str, str]
    default_profile: str
    in_flight: int
    deadline: float

    @property
    def recipe_name(self) -> str:
        """The `recipe` of documents that name no profile."""
        return self.recipe.hash(self.profiles[self.default_profile])


def plan_work(settings: Settings, choice: Choice, *, here: bool) -> Work:
    """Decide how documents are summarized by what was chosen to compute them, on this machine when `here`.

    Raises `UsageError`, and `MachineError` when this machine has not the memory, or the GPU, for it.
    """
    model = choice.model
    within = checked_bounds(settings, model)
    profiles = load_profiles(settings.prompts_dir)
    known_profile(profiles, settings.prompt)
    return Work(
        engine=_plan_engine(settings, choice, here=here, within=within),
        recipe=Recipe(
            # Of the file as given: what is made of it may differ in a byte from one llama.cpp to the next.
            model_sha256=choice.given.sha256,
            representation=model.representation,
            sampling=Sampling(
                temperature=settings.temperature,
                top_p=settings.top_p,
                min_p=settings.min_p,
                repeat_penalty=settings.repeat_penalty,
                seed=settings.seed,
            ),
            chunk_tokens=within.chunk_tokens,
            max_tokens=within.max_tokens,
            max_chunks=settings.max_chunks,
            style=settings.prompt_style,
            thinking_tokens=within.thinking_tokens,
            strategy=settings.strategy,
            reduce=within.reduce,
            ladder=settings.ladder,
        ),
        model=ModelInfo(name=model.name, sha256=choice.given.sha256, representation=model.representation),
        profiles=profiles,
        grammars=grammars_of(profiles),
        default_profile=settings.prompt,
        # While one document's result is on its way out, the slots it leaves already have the next ones.
        in_flight=2 * choice.setup.slots,
        deadline=settings.document_deadline,
    )


def grammars_of(profiles: Mapping[str, PromptProfile]) -> dict[str, str]:
    """Return the grammars of the profiles that answer with JSON, by name; raises `UsageError` for one without."""
    found = {}
    for name, profile in profiles.items():
        if profile.schema_ is not None:
            try:
                found[name] = grammar_of(profile.schema_)
            except ValueError as error:
                raise UsageError(f"The schema of prompt profile '{name}' cannot be used: {error}.") from error
    return found


def _plan_engine(settings: Settings, choice: Choice, *, here: bool, within: Bounds) -> EngineRecipe:
    limit = settings.engine_memory * MIB if settings.engine_memory else None
    setup = choice.setup
    llama = LlamaRecipe(
        model=choice.model,
        slots=setup.slots,
        lanes=setup.lanes,
        context=within.context,
        threads=setup.threads,
        ubatch=setup.ubatch,
        gpu_layers=settings.gpu_layers,
        memory=limit,
        completion=settings.completion,
        thinking_tokens=within.thinking_tokens,
        given=None if choice.model is choice.given else choice.given,
    )
    if here and (sentence := llama.refusal()):
        raise MachineError(sentence)
    return llama if settings.engine == "in-process" else ProcessRecipe(llama, settings.native_deadline, limit)


# The engine that this process uses. Spark keeps its Python workers across tasks and micro-batches, and so this.
_loaded: dict[EngineRecipe, Engine] = {}


def _engine(recipe: EngineRecipe, tell: Callable[[float], None] | None) -> Engine:
    if recipe not in _loaded:
        # One model at a time: a worker that serves another query now must not hold both.
        unload()
        _loaded[recipe] = recipe.load(tell)
    return _loaded[recipe]


def unload() -> None:
    """Free this process's engine, if it has one."""
    while _loaded:
        _loaded.popitem()[1].close()


class Desk:
    """Where documents are summarized: the work to do, and this process's engine to do it with."""

    def __init__(self, work: Work, tell: Callable[[float], None] | None = None) -> None:
        """Load the engine if this process does not have it yet; `tell` hears how much of it is loaded, from 0 to 1.

        Raises `EngineError`, also when the context is too small for the default profile: every document would fail.
        """
        self._work = work
        self._summarizer = Summarizer(_engine(work.engine, tell), work.recipe)
        self._summarizer.check(work.profiles[work.default_profile])

    async def summarize(self, named: NamedDocument, source: Source | None) -> Summary:
        """Summarize one document; raises `DocumentError` when it has no summary, and the service's errors."""
        document, work = named.document, self._work
        profile = work.profiles.get(document.prompt or work.default_profile)
        if profile is None:
            # Its name is not repeated: it is a stranger's text.
            raise BadInput(
                f"its prompt names no profile; there are: {', '.join(sorted(work.profiles))}", type="UnknownPrompt"
            )
        written = await self._summarizer.summarize(
            Text(document.text, profile, document.language, document.title, work.grammars.get(profile.name)),
            deadline=time.monotonic() + work.deadline,
        )
        return Summary(
            id=named.id,
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
            document_sha256=hashlib.sha256(document.text.encode()).hexdigest(),
            source=source,
            produced_at=datetime.now(timezone.utc),
            metadata=document.metadata,
        )

    async def attempt(self, named: NamedDocument) -> Summary | DocumentError:
        """Summarize a document that did not come from Kafka, or return why it has no summary."""
        try:
            with contained():
                return await self.summarize(named, None)
        except DocumentError as error:
            return error


def _signals(written: Written) -> Signals:
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
