"""What people's ratings say about systems: means over the texts, differences, preferences; as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import mean
from typing import Any

from evaluation.bootstrap import Difference, difference
from evaluation.ratings import Ratings, SummaryRating
from evaluation.thresholds import Threshold, thresholds

# Shares from 0 to 1, then scales from 1 to 5.
SHARES = ("supported", "usable")
SCALES = ("main", "reads")
MEASURES = (*SHARES, *SCALES)


@dataclass(frozen=True)
class SystemRatings:
    """One system: by measure, the score of each text that has one, a mean over its raters.

    `supported`, `partly` and `unsupported` are shares of a summary's sentences, `usable` the share of raters, `main`
    and `reads` are from 1 to 5. `usable` is how many of `usable_of` judgements said that a summary is usable.
    """

    name: str
    texts: int
    scores: Mapping[str, Mapping[str, float]]
    usable: int
    usable_of: int

    def mean(self, measure: str) -> float | None:
        """Return the mean over the texts that were rated; None when none was."""
        scores = self.scores[measure]
        return mean(scores.values()) if scores else None

    def minus(self, other: SystemRatings, measure: str) -> Difference | None:
        """Return by how much it is above another one, on the texts where both were rated; None without such a text."""
        mine, theirs = self.scores[measure], other.scores[measure]
        common = [text for text in mine if text in theirs]
        return difference([mine[text] for text in common], [theirs[text] for text in common]) if common else None


@dataclass(frozen=True)
class Preference:
    """How often one system was preferred to another; `net` is the mean over the texts of 1, 0 for a tie, or -1."""

    system: str
    other: str
    preferred: int
    reverse: int
    ties: int
    net: Difference


@dataclass(frozen=True)
class RatingResults:
    """The figures of a sheet. `texts` were judged by at least one rater; `incomplete` judgements lack some ratings."""

    data: str
    sheet: str
    raters: int
    texts: int
    judgements: int
    incomplete: int
    systems: tuple[SystemRatings, ...]
    preferences: tuple[Preference, ...]
    thresholds: tuple[Threshold, ...]

    def differences(self) -> list[tuple[SystemRatings, dict[str, Difference | None]]]:
        """Return by how much the first system is above each other one, measure by measure."""
        first, *others = self.systems
        return [(other, {measure: first.minus(other, measure) for measure in MEASURES}) for other in others]


def rating_results(ratings: Ratings) -> RatingResults:
    """Return the figures of all raters together."""
    rated = list(ratings.rated)
    return RatingResults(
        ratings.data,
        ratings.sheet,
        raters=len(ratings.by_rater),
        texts=len({each.text for each in rated}),
        judgements=len(rated),
        incomplete=sum(not each.complete for each in rated),
        systems=tuple(_system(ratings, name) for name in ratings.systems),
        preferences=tuple(_preferences(ratings)),
        thresholds=tuple(thresholds(ratings)),
    )


def _system(ratings: Ratings, name: str) -> SystemRatings:
    by_measure: dict[str, defaultdict[str, list[float]]] = {
        measure: defaultdict(list) for measure in (*MEASURES, "partly", "unsupported")
    }
    for rated in ratings.rated:
        rating, _ = rated.of(name)
        for measure, score in _scores(rating).items():
            if score is not None:
                by_measure[measure][rated.text].append(score)
    usable = [score for scores in by_measure["usable"].values() for score in scores]
    return SystemRatings(
        name,
        texts=len({text for scores in by_measure.values() for text in scores}),
        scores={
            measure: {text: mean(scores) for text, scores in by_text.items()} for measure, by_text in by_measure.items()
        },
        usable=int(sum(usable)),
        usable_of=len(usable),
    )


def _scores(rating: SummaryRating) -> dict[str, float | None]:
    return {
        "supported": rating.share("supported"),
        "partly": rating.share("partly"),
        "unsupported": rating.share("unsupported"),
        "usable": None if rating.usable is None else float(rating.usable),
        "main": rating.main,
        "reads": rating.reads,
    }


def _preferences(ratings: Ratings) -> Iterator[Preference]:
    for system, other in combinations(ratings.systems, 2):
        by_text: defaultdict[str, list[int]] = defaultdict(list)
        for rated in ratings.rated:
            if (preference := rated.preference(system, other)) is not None:
                by_text[rated.text].append(preference)
        if by_text:
            counts = [preference for preferences in by_text.values() for preference in preferences]
            net = difference([mean(preferences) for preferences in by_text.values()], [0.0] * len(by_text))
            yield Preference(system, other, counts.count(1), counts.count(-1), counts.count(0), net)


def as_json(results: RatingResults) -> dict[str, Any]:
    """Return everything for a machine to read."""
    first = results.systems[0].name
    return {
        "data": results.data,
        "sheet": results.sheet,
        "raters": results.raters,
        "texts": results.texts,
        "judgements": results.judgements,
        "incomplete": results.incomplete,
        "systems": [
            {
                "name": system.name,
                "texts": system.texts,
                **{measure: _rounded(system.mean(measure)) for measure in system.scores if measure != "usable"},
                "usable": {"yes": system.usable, "of": system.usable_of},
            }
            for system in results.systems
        ],
        "differences": [
            {"system": first, "minus": other.name} | {measure: _gap(gap) for measure, gap in by_measure.items()}
            for other, by_measure in results.differences()
        ],
        "preferences": [asdict(each) | {"net": _gap(each.net)} for each in results.preferences],
        "least_support": [asdict(each) for each in results.thresholds],
        "by_text": [
            {"system": system.name, "measure": measure, "text": text, "score": _rounded(score)}
            for system in results.systems
            for measure, scores in system.scores.items()
            for text, score in scores.items()
        ],
    }


def _gap(gap: Difference | None) -> dict[str, float | None] | None:
    return None if gap is None else {name: _rounded(value) for name, value in asdict(gap).items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
