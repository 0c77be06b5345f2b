"""An evaluation: systems write summaries, baselines extract as much, and all are compared with people's summaries."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evaluation.baselines import BASELINES
from evaluation.contenders import COMPARED, Contender
from evaluation.results import EvaluationResults, SystemScores
from evaluation.rouge import Rouge, rouge
from evaluation.stories import Story
from evaluation.summaries import SystemSummaries, summarize_stories
from streaming.engine import open_model
from streaming.errors import NotSummarized
from streaming.machine.cores import usable_cores
from streaming.pipeline.desk import unload
from streaming.planning.engine_choice import choose
from streaming.planning.work import Work, check_prompt, plan_work
from streaming.sentences import length
from streaming.summarizer import free_text
from streaming.terminal.journal import Journal, this_code
from streaming.terminal.progress import ProgressBar
from streaming.wording import counted

# Without a terminal to draw on, this many lines report the progress of a system.
_LINES = 5


def evaluate(
    data: Path,
    stories: Sequence[Story],
    contenders: Sequence[Contender],
    against: Sequence[str],
    progress: ProgressBar,
    on_results: Callable[[EvaluationResults], None],
) -> None:
    """Measure all systems on all texts and call `on_results`. Journals keep the summaries until that has returned.

    Baselines extract, from each text, as many words as the first system wrote of it, or as many as fit. There are no
    scores unless every text has references. Raises
    `NotSummarized` when no text has a summary by every system, `ModelError`, `EngineError`, `MachineError`, and the
    errors of `on_results`.
    """
    works = [_plan(contender) for contender in contenders]
    code = this_code()
    journals = [
        Journal(contender.settings.data_dir / "evaluation", code, _sha256(stories), work.recipe_name)
        for contender, work in zip(contenders, works, strict=True)
    ]
    summaries: list[SystemSummaries] = []
    try:
        for contender, work, journal in zip(contenders, works, journals, strict=True):
            summaries.append(_summarize(contender.name, work, stories, journal, progress))
    finally:
        unload()
    failed = _failed(contenders, summaries)
    common = [story for story in stories if story.id not in failed]
    if not common:
        raise NotSummarized(f"No text has a summary by every system; the first: {next(iter(failed.values()))}")
    systems = [_scores(*system, common) for system in zip(contenders, works, summaries, strict=True)]
    for name in against:
        progress.begin(name, len(common))
        systems.append(_baseline(name, common, systems[0].lengths, progress))
    on_results(EvaluationResults(data.name, [story.id for story in common], systems, failed))
    for journal in journals:
        journal.remove()


def _plan(contender: Contender) -> Work:
    # A stored answer would have no speed.
    settings = contender.settings.model_copy(update={"store": "off"})
    check_prompt(settings)
    original = open_model(settings.model, completion=settings.completion)
    return plan_work(settings, choose(settings, original, cores=usable_cores()), here=True, command="eval")


def _summarize(
    name: str, work: Work, stories: Sequence[Story], journal: Journal, progress: ProgressBar
) -> SystemSummaries:
    progress.begin(name, len(stories))

    def on_progress(share: float) -> None:
        progress.describe(name if share >= 1 else f"{name}: loading the model, {share:.0%}")

    def on_resume(texts: int) -> None:
        if texts:
            progress.note(f"{name}: {texts} of {counted(len(stories), 'text')} summarized before this was interrupted")
            progress.advance(texts)

    count = 0

    def on_story() -> None:
        nonlocal count
        count += 1
        progress.advance()
        if not progress.visible and count % max(1, len(stories) // _LINES) == 0:
            progress.note(f"{name}: {counted(count, 'text')} summarized")

    summaries = summarize_stories(
        work, stories, journal, on_progress=on_progress, on_resume=on_resume, on_story=on_story
    )
    for story, reason in summaries.failed.items():
        progress.note(f"{name}: {story} has no summary: {reason}")
    seconds = sum(timed.seconds for timed in summaries.by_story.values())
    progress.note(f"{name}: {len(summaries.by_story)} of {counted(len(stories), 'text')} summarized, {seconds:,.0f} s")
    return summaries


def _failed(contenders: Sequence[Contender], summaries: Sequence[SystemSummaries]) -> dict[str, str]:
    """Return the stories that some systems could not summarize, with the systems and their reasons."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for contender, system in zip(contenders, summaries, strict=True):
        for story, reason in system.failed.items():
            reasons[story].append(f"{contender.name}: {reason}")
    return {story: "; ".join(texts) for story, texts in reasons.items()}


def _scores(contender: Contender, work: Work, system: SystemSummaries, stories: Sequence[Story]) -> SystemScores:
    timed_summaries = [system.by_story[story.id] for story in stories]
    summaries = [timed.summary for timed in timed_summaries]
    profile = work.profiles[work.default_profile]
    texts = [free_text(summary.summary, profile) for summary in summaries]
    return SystemScores(
        contender.name,
        _rouges(stories, texts),
        [length(text) for text in texts],
        summaries,
        work.recipe_name,
        {name: getattr(contender.settings, name) for name in COMPARED}
        | _resolved(work)
        | profile.sampling.model_dump(exclude_none=True),
        sum(timed.seconds for timed in timed_summaries),
        texts,
    )


def _resolved(work: Work) -> dict[str, Any]:
    """Return what settings may leave to the size of the model."""
    return {name: getattr(work.recipe, name) for name in ("chunk_tokens", "max_tokens", "faithfulness")}


def _baseline(name: str, stories: Sequence[Story], budget: Sequence[float], progress: ProgressBar) -> SystemScores:
    extracts = []
    for story, words in zip(stories, budget, strict=True):
        extracts.append(BASELINES[name](story.text, words=words, language=story.written_in))
        progress.advance()
    lengths = [length(extract) for extract in extracts]
    return SystemScores(name, _rouges(stories, extracts), lengths, texts=extracts)


def _rouges(stories: Sequence[Story], summaries: Sequence[str]) -> list[Rouge]:
    """Return the scores of a system; none of them when a text has no references."""
    if not all(story.references for story in stories):
        return []
    pairs = zip(stories, summaries, strict=True)
    return [rouge(summary, story.references, language=story.written_in) for story, summary in pairs]


def _sha256(stories: Sequence[Story]) -> str:
    """Return a name for these stories: other stories, or fewer, have a journal of their own."""
    return hashlib.sha256(repr([(story.id, story.text, story.language) for story in stories]).encode()).hexdigest()
