"""The dry run of a replay: what is in its range, what is in the store, and what generating the rest takes.

Nothing is generated, created or committed. The documents are read, cut and counted as a query would, with the model's
own tokenizer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise

from streaming.engine import ModelFile, open_model
from streaming.errors import DocumentError, MachineError, TopicError
from streaming.kafka.records import Ranges, read_ranges, topic_ranges
from streaming.messages import Document, Record, Summary, read_result
from streaming.operations.replay.filter import ReplayFilter
from streaming.pipeline.decode import Decoded, Tombstone, record_format
from streaming.pipeline.desk import contained, request_about
from streaming.pipeline.referenced import ReferencedTexts, ReferencePlan
from streaming.planning.engine_choice import foresee
from streaming.planning.layout import plan_layout
from streaming.planning.tuning import kept_tuning
from streaming.planning.work import Work, plan_counter, plan_work
from streaming.settings import Settings
from streaming.spark.checkpoint.checkpoint import Checkpoint, pinned
from streaming.storage import Folder
from streaming.store import Store, summary_key
from streaming.summarizer import Summarizer

# Results that show the present pace.
_RECENT = 500
# Fewer show none.
_FEWEST = 8
# Tokens of all tries for each one of the first tries: stories took 381,000 instead of 194,000 (quality.md).
_MOST_TRIES = 2.0


@dataclass(frozen=True)
class Pace:
    """A measured speed: tokens of prompts a second, tokens of answers for each of them, and where it was measured."""

    prompt_tokens_per_second: float
    answer_share: float
    measured: str


@dataclass
class Estimate:
    """What a replay would do. `documents` are those that it would summarize, `stored` of them without the model.

    `answer_tokens` is the limit of one answer. `unreadable` records would be dead letters. `prompts` and
    `prompt_tokens` are those of the first try of each part of the documents that are not in the store, exactly. `pace`
    is None when nothing was measured.
    """

    recipe: str
    answer_tokens: int
    documents: int = 0
    deletions: int = 0
    unreadable: int = 0
    skipped: int = 0
    stored: int = 0
    prompts: int = 0
    prompt_tokens: int = 0
    pace: Pace | None = field(default=None)

    @property
    def completion_tokens(self) -> tuple[int, int]:
        """The least and the most tokens of all answers; without a pace, what their limit allows."""
        if self.pace is None:
            return 0, round(_MOST_TRIES * self.prompts * self.answer_tokens)
        least = self.prompt_tokens * self.pace.answer_share
        return round(least), round(_MOST_TRIES * least)

    @property
    def seconds(self) -> tuple[float, float] | None:
        """The least and the most seconds of generating; None without a pace."""
        if self.pace is None:
            return None
        least = self.prompt_tokens / self.pace.prompt_tokens_per_second
        return least, _MOST_TRIES * least


def estimate(settings: Settings, ranges: Ranges, filters: Sequence[str], on_record: Callable[[], None]) -> Estimate:
    """Read a range and estimate its replay; `on_record` is called for each record.

    Raises `UsageError`, `ModelError`, `BrokerError`, `TopicError` and `EngineError`.
    """
    layout = plan_layout(settings)
    model = open_model(settings.model, completion=settings.completion)
    pin = pinned(Checkpoint(settings.checkpoint_location), model.sha256)
    choice = foresee(settings, model, cores=layout.cores, pinned=pin)
    work = plan_work(settings, choice, here=False)
    replay_filter = ReplayFilter(filters, record_format(settings))
    result = Estimate(work.recipe_name, work.recipe.max_tokens)
    engine = plan_counter(settings, choice).load_counter()
    try:
        counter = _Counter(work, Summarizer(engine, work.recipe), result)
        asyncio.run(counter.count(settings, ranges, replay_filter, on_record))
    finally:
        engine.close()
    result.pace = _recent_pace(settings, work) or _tuned_pace(settings, choice.original, layout.cores, work)
    return result


class _Counter:
    """Counts the documents of a range into an estimate."""

    def __init__(self, work: Work, summarizer: Summarizer, result: Estimate) -> None:
        self._work, self._summarizer, self._result = work, summarizer, result
        self._store = Store(Folder(work.store.url)) if work.store is not None else None
        self._keys: set[str] = set()

    async def count(
        self, settings: Settings, ranges: Ranges, replay_filter: ReplayFilter, on_record: Callable[[], None]
    ) -> None:
        texts = ReferencedTexts(ReferencePlan(settings.uri_roots, settings.max_referenced_bytes))
        with closing(texts):
            await self._count_records(read_ranges(settings, ranges), texts, replay_filter, on_record)

    async def _count_records(
        self,
        records: Iterable[Record],
        texts: ReferencedTexts,
        replay_filter: ReplayFilter,
        on_record: Callable[[], None],
    ) -> None:
        result = self._result
        for record in records:
            on_record()
            if not replay_filter.takes(record):
                result.skipped += 1
                continue
            decoded = replay_filter.read(record)
            if isinstance(decoded, Tombstone):
                result.deletions += 1
            elif isinstance(decoded, Decoded):
                try:
                    with contained():
                        async with texts.document(decoded.document) as (document, _):
                            await self._count_document(document)
                except DocumentError:
                    result.unreadable += 1
            else:
                result.unreadable += 1

    async def _count_document(self, document: Document) -> None:
        work, result = self._work, self._result
        request = request_about(document, work)
        if work.store is not None and self._store is not None:
            key = summary_key(work.store.model, work.store.code, work.recipe, request)
            # What the range has twice is generated once.
            if key in self._keys or await self._store.get("summaries", key, None) is not None:
                result.documents += 1
                result.stored += 1
                return
            self._keys.add(key)
        prompts = self._summarizer.first_prompts(request)
        result.documents += 1
        result.prompts += len(prompts)
        result.prompt_tokens += sum(prompts)


def _recent_pace(settings: Settings, work: Work) -> Pace | None:
    """Return the pace of the last summaries that this model made for the settings' output topic; None without enough.

    A result's share of the time is what lies between the result before and it, and no more than it took itself: then
    the query had nothing to do.
    """
    try:
        ends = topic_ranges(settings, [settings.output_topic], None, None)
    except TopicError:
        return None
    last = {name: (max(start, end - _RECENT), end) for name, (start, end) in ends.items()}
    results = (
        read_result(record.key, record.value, record.headers, dead_letter=False)
        for record in read_ranges(settings, last)
    )
    made = sorted(
        (
            result
            for result in results
            if isinstance(result, Summary) and not result.reused and result.model == work.model
        ),
        key=lambda summary: summary.produced_at,
    )
    if len(made) < _FEWEST:
        return None
    seconds = sum(
        min((later.produced_at - earlier.produced_at).total_seconds(), later.seconds)
        for earlier, later in pairwise(made)
    )
    prompt = sum(summary.tokens.prompt for summary in made[1:])
    completion = sum(summary.tokens.completion for summary in made[1:])
    if not prompt or not seconds:
        return None
    return Pace(prompt / seconds, completion / prompt, f"the last {len(made)} summaries in {settings.output_topic}")


def _tuned_pace(settings: Settings, model: ModelFile, cores: int, work: Work) -> Pace | None:
    """Return the pace that `gistream tune` measured for what the replay computes; None when it did not."""
    try:
        tuning = kept_tuning(settings, model, cores=cores)
    except MachineError:
        # A tuning only serves to tell more.
        return None
    for speed in tuning.speeds if tuning is not None and not settings.gpu_layers else ():
        if speed.representation == work.model.representation:
            return Pace(
                speed.documents_per_second * speed.prompt_tokens,
                speed.completion_tokens / speed.prompt_tokens,
                "`gistream tune`",
            )
    return None
