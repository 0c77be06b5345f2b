"""An evaluation: every system makes its summaries, baselines extract as much, and people's summaries judge them all."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluation.asked import COMPARED, Contender
from evaluation.baselines import BASELINES
from evaluation.making import Made, make
from evaluation.results import EvaluationResults, Scored
from evaluation.rouge import Rouge, rouge
from evaluation.stories import Story
from streaming.engine import open_model
from streaming.errors import NotSummarized
from streaming.machine.cores import usable_cores
from streaming.pipeline.desk import unload
from streaming.planning.engine_choice import choose
from streaming.planning.work import Work, plan_work
from streaming.summarizer import free_text
from streaming.summarizer.sentences import length
from streaming.terminal.journal import Journal, this_code
from streaming.terminal.progress import ProgressBar

# How many lines tell how far a system is where there is no terminal to draw on.
_LINES = 5


def evaluate(
    data: Path,
    stories: Sequence[Story],
    contenders: Sequence[Contender],
    against: Sequence[str],
    progress: ProgressBar,
    use: Callable[[EvaluationResults], None],
) -> None:
    """Measure all systems on all texts, and hand the results to `use`; until that is done, what was made is kept.

    Baselines extract, from each text, as many words as the first system wrote of it, or as many as fit. Raises
    `NotSummarized` when no text has a summary by every system, `ModelError`, `EngineError`, `MachineError`, and what
    `use` raises.
    """
    works = [_plan(contender) for contender in contenders]
    code = this_code()
    journals = [
        Journal(contender.settings.data_dir / "evaluation", code, _sha256(stories), work.recipe_name)
        for contender, work in zip(contenders, works, strict=True)
    ]
    made: list[Made] = []
    try:
        for contender, work, journal in zip(contenders, works, journals, strict=True):
            made.append(_make(contender.name, work, stories, journal, progress))
    finally:
        unload()
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for contender, one in zip(contenders, made, strict=True):
        for story, why in one.failed.items():
            reasons[story].append(f"{contender.name}: {why}")
    failed = {story: "; ".join(why) for story, why in reasons.items()}
    common = [story for story in stories if story.id not in failed]
    if not common:
        raise NotSummarized(f"No text has a summary by every system; the first: {next(iter(failed.values()))}")
    systems = [
        _scored(contender, work, one, common) for contender, work, one in zip(contenders, works, made, strict=True)
    ]
    for name in against:
        progress.begin(name, len(common))
        systems.append(_baseline(name, common, systems[0].lengths, progress))
    use(EvaluationResults(data.name, [story.id for story in common], systems, failed))
    for journal in journals:
        journal.remove()


def _plan(contender: Contender) -> Work:
    settings = contender.settings
    given = open_model(settings.model, completion=settings.completion)
    return plan_work(settings, choose(settings, given, cores=usable_cores()), here=True)


def _make(name: str, work: Work, stories: Sequence[Story], journal: Journal, progress: ProgressBar) -> Made:
    progress.begin(name, len(stories))

    def loading(share: float) -> None:
        progress.describe(name if share >= 1 else f"{name}: loading the model, {share:.0%}")

    def resumed(texts: int) -> None:
        if texts:
            progress.note(f"{name}: {texts} of {len(stories)} texts were summarized before this was interrupted")
            progress.advance(texts)

    done = 0

    def finished() -> None:
        nonlocal done
        done += 1
        progress.advance()
        if not progress.visible and done % max(1, len(stories) // _LINES) == 0:
            progress.note(f"{name}: {done} texts summarized")

    made = make(work, stories, journal, loading=loading, resumed=resumed, finished=finished)
    for story, why in made.failed.items():
        progress.note(f"{name}: {story} has no summary: {why}")
    seconds = sum(entry.seconds for entry in made.entries.values())
    progress.note(f"{name}: {len(made.entries)} of {len(stories)} texts summarized, {seconds:,.0f} s")
    return made


def _scored(contender: Contender, work: Work, made: Made, stories: Sequence[Story]) -> Scored:
    entries = [made.entries[story.id] for story in stories]
    summaries = [entry.summary for entry in entries]
    profile = work.profiles[work.default_profile]
    said = [free_text(one.summary, profile) for one in summaries]
    return Scored(
        contender.name,
        [_rouge(story, one) for story, one in zip(stories, said, strict=True)],
        [length(one) for one in said],
        summaries,
        work.recipe_name,
        {name: getattr(contender.settings, name) for name in COMPARED}
        | _bounds(work)
        | profile.sampling.model_dump(exclude_none=True),
        sum(entry.seconds for entry in entries),
    )


def _bounds(work: Work) -> dict[str, int]:
    """Return what the settings may leave to the model's size."""
    return {"chunk_tokens": work.recipe.chunk_tokens, "max_tokens": work.recipe.max_tokens}


def _baseline(name: str, stories: Sequence[Story], lengths: Sequence[float], progress: ProgressBar) -> Scored:
    extracts = []
    for story, words in zip(stories, lengths, strict=True):
        extracts.append(BASELINES[name](story.text, words=words, language=story.written_in))
        progress.advance()
    scores = [_rouge(story, extract) for story, extract in zip(stories, extracts, strict=True)]
    return Scored(name, scores, [length(extract) for extract in extracts])


def _rouge(story: Story, summary: str) -> Rouge:
    return rouge(summary, story.references, language=story.written_in)


def _sha256(stories: Sequence[Story]) -> str:
    """Return what names these very stories: others, or fewer of them, have a journal of their own."""
    return hashlib.sha256(repr([(one.id, one.text, one.language) for one in stories]).encode()).hexdigest()
