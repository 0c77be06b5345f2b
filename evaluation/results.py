"""The figures of an evaluation: the scores of each system, text by text, and the differences between systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from evaluation.bootstrap import Difference, difference
from evaluation.rouge import MEASURES, Rouge
from streaming.messages import Summary

SIGNALS = ("grounding", "supported", "repetition", "copy", "compression")


@dataclass(frozen=True)
class SystemScores:
    """One system: its scores and lengths (in words), by text in their order.

    `scores` are empty for texts without references. `texts` are the summaries without the names and choices of a
    profile's schema. A baseline has no `summaries`, and takes no `seconds` worth counting.
    """

    name: str
    scores: Sequence[Rouge]
    lengths: Sequence[float]
    summaries: Sequence[Summary] = ()
    recipe: str | None = None
    settings: Mapping[str, Any] | None = None
    seconds: float = 0.0
    texts: Sequence[str] = ()

    @property
    def mean(self) -> Rouge:
        """The mean of each measure; raises `StatisticsError` without scores."""
        return Rouge(**{measure: mean(self.of(measure)) for measure in MEASURES})

    def of(self, measure: str) -> list[float]:
        """Return the scores of one measure."""
        return [float(getattr(score, measure)) for score in self.scores]

    def share(self, status: str) -> float:
        """Return the share of texts whose summary has this status; 0 for a baseline."""
        return mean(summary.status == status for summary in self.summaries) if self.summaries else 0.0

    def signal(self, name: str) -> float | None:
        """Return the mean of a signal over the texts that have it."""
        signals = [summary.signals.model_dump(by_alias=True)[name] for summary in self.summaries]
        values = [float(value) for value in signals if value is not None]
        return mean(values) if values else None

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens of all prompts and of all completions."""
        tokens = [summary.tokens for summary in self.summaries]
        return sum(each.prompt for each in tokens), sum(each.completion for each in tokens)


@dataclass(frozen=True)
class EvaluationResults:
    """An evaluation: the systems, the first of which the others are compared with.

    `stories` are the ids of the texts that every system summarized; `failed` names, for each other text, the systems
    that did not summarize it, with the reasons.
    """

    data: str
    stories: Sequence[str]
    systems: Sequence[SystemScores]
    failed: Mapping[str, str]

    @property
    def scored(self) -> bool:
        """Whether the systems have scores: every text has references."""
        return bool(self.systems[0].scores)

    def differences(self) -> list[tuple[SystemScores, dict[str, Difference]]]:
        """Return by how much the first system is above each other one, measure by measure; nothing without scores."""
        first, *others = self.systems if self.scored else self.systems[:1]
        return [
            (other, {measure: difference(first.of(measure), other.of(measure)) for measure in MEASURES})
            for other in others
        ]


def as_json(results: EvaluationResults) -> dict[str, Any]:
    """Return everything for a machine to read; the texts of the summaries are not in it."""
    return {
        "data": results.data,
        "stories": len(results.stories),
        "failed": dict(results.failed),
        "systems": [_system(system) for system in results.systems],
        "differences": [
            {
                "system": results.systems[0].name,
                "minus": other.name,
                **{measure: _rounded(asdict(gap)) for measure, gap in by_measure.items()},
            }
            for other, by_measure in results.differences()
        ],
        "by_story": [
            {
                "id": story,
                "scores": {system.name: _rounded(asdict(system.scores[place])) for system in results.systems},
            }
            for place, story in enumerate(results.stories if results.scored else ())
        ],
    }


def _system(system: SystemScores) -> dict[str, Any]:
    prompt, completion = system.tokens
    return {
        "name": system.name,
        **(_rounded(asdict(system.mean)) if system.scores else {}),
        "words": round(mean(system.lengths), 1),
        "repaired_share": round(system.share("repaired"), 4),
        "fallback_share": round(system.share("extractive_fallback"), 4),
        "signals": _rounded({name: system.signal(name) for name in SIGNALS}),
        "seconds": round(system.seconds, 1),
        "tokens": {"prompt": prompt, "completion": completion},
        "recipe": system.recipe,
        "settings": None if system.settings is None else dict(system.settings),
    }


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in values.items()}
