"""The figures of the rounds: medians, spreads and ratios. Pure functions over recorded runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.contract import Knobs, Run

# Completions that differ by this share are still the same work.
_UNEVEN = 0.01


@dataclass(frozen=True)
class Case:
    """One measurement of every round: a system on a model in some representation.

    `name` is the name of the figure: the system's, and the special conditions. Beside a `busy` process a system has the
    settings that were best without it, as in a service that is set up once, or settings that were `searched` beside it.
    """

    name: str
    system: str
    representation: str
    busy: bool = False
    searched: bool = False
    pipeline_documents: bool = False

    @property
    def description(self) -> str:
        """The case in words."""
        conditions = ", beside a busy process" if self.busy else ""
        conditions += " and set up for it" if self.searched else ""
        conditions += ", the pipeline's documents" if self.pipeline_documents and self.system != "pipeline" else ""
        return f"{self.system.replace('_', '-')}, {self.representation}{conditions}"


@dataclass(frozen=True)
class Figure:
    """The runs of a case, one in each round; `peak_bytes` is the highest resident memory of any round."""

    case: Case
    knobs: Knobs
    runs: tuple[Run, ...]
    peak_bytes: int

    @property
    def rates(self) -> list[float]:
        """Documents a second, by round."""
        return [run.documents / run.seconds for run in self.runs]

    @property
    def documents_per_second(self) -> float:
        """The median of the rounds."""
        return median(self.rates)

    @property
    def spread(self) -> tuple[float, float]:
        """The slowest and the fastest round, in documents a second."""
        return min(self.rates), max(self.rates)

    @property
    def tokens_in_per_second(self) -> float:
        """Tokens of prompts a second: the median of the rounds."""
        return median(run.tokens_in / run.seconds for run in self.runs)

    @property
    def tokens_out_per_second(self) -> float:
        """Tokens of completions a second: the median of the rounds."""
        return median(run.tokens_out / run.seconds for run in self.runs)


@dataclass(frozen=True)
class Ratio:
    """How many times faster one system is than another: the median of the rounds, the lowest and the highest."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Ratios:
    """The ratios by name, and for each `absent` ratio the reason."""

    by_name: dict[str, Ratio]
    absent: dict[str, str]


def rotated(cases: Sequence[Case], number: int, *, rounds: int) -> list[Case]:
    """Return the cases in the order of round `number` of `rounds`: each round begins with another part of them.

    Every other round goes backwards. So a change of the machine, such as getting warmer, does not always fall on the
    same case, nor on the second of two that are compared.
    """
    first = number * len(cases) // rounds
    return [*cases[first::-1], *cases[:first:-1]] if number % 2 else [*cases[first:], *cases[:first]]


def ratios(figures: Sequence[Figure], *, shipped: str, compared: str) -> Ratios:
    """Return the ratios of documents a second: each round's own, because a machine's speed changes between rounds.

    `lanes_vs_recipe` and `lanes_vs_cached` are of the lanes in their fastest representation to the file as `shipped`;
    the others are of two systems in the representation `compared`.
    """
    measured = {(figure.case.name, figure.case.representation): figure for figure in figures}
    best = max(
        (figure for figure in figures if figure.case.name == "lanes"),
        key=lambda figure: figure.documents_per_second,
        default=None,
    )
    lanes = ("lanes", best.case.representation if best else compared)
    pairs = {
        "lanes_vs_recipe": (lanes, ("recipe", shipped)),
        "lanes_vs_cached": (lanes, ("cached", shipped)),
        "lanes_vs_one_at_a_time": (("lanes", compared), ("cached", compared)),
        "lanes_vs_llama_server": (("lanes", compared), ("llama_server", compared)),
        "lanes_vs_llama_server_busy": (("lanes_busy", compared), ("llama_server_busy", compared)),
        "lanes_vs_llama_server_busy_searched": (
            ("lanes_busy_searched", compared),
            ("llama_server_busy_searched", compared),
        ),
        "pipeline_vs_lanes": (("pipeline", compared), ("lanes_pipeline_documents", compared)),
    }
    by_name: dict[str, Ratio] = {}
    absent: dict[str, str] = {}
    for name, (faster, slower) in pairs.items():
        missing = [
            f"{case} in {representation}"
            for case, representation in (faster, slower)
            if (case, representation) not in measured
        ]
        if missing:
            absent[name] = f"not measured: {', '.join(missing)}"
        else:
            rounds = [a / b for a, b in zip(measured[faster].rates, measured[slower].rates, strict=True)]
            by_name[name] = Ratio(median(rounds), min(rounds), max(rounds))
    return Ratios(by_name, absent)


def uneven(figures: Sequence[Figure]) -> list[str]:
    """Return a sentence for each case whose prompts or completions had other numbers of tokens than the lanes'.

    Completions may differ by a hundredth: sums of floating-point numbers depend on the prompts that are computed
    together, and decide between words that are about as likely.
    """
    sentences = []
    for on_pipeline in (False, True):
        same = [figure for figure in figures if figure.case.pipeline_documents == on_pipeline]
        lanes = {
            figure.case.representation: figure
            for figure in same
            if figure.case.name.startswith("lanes") and not figure.case.busy
        }
        for figure in same:
            other = lanes.get(figure.case.representation)
            # Every representation reads the same prompts.
            expected = _prompts(other or next(iter(lanes.values()), figure))
            if _prompts(figure) != expected:
                sentences.append(_compared(figure, "prompts", _prompts(figure), expected))
            if other and abs(_completions(figure) / _completions(other) - 1) > _UNEVEN:
                sentences.append(_compared(figure, "completions", {_completions(figure)}, {_completions(other)}))
    return sentences


def _prompts(figure: Figure) -> set[int]:
    return {run.tokens_in for run in figure.runs}


def _completions(figure: Figure) -> int:
    return round(median(run.tokens_out for run in figure.runs))


def _compared(figure: Figure, kind: str, tokens: Collection[int], expected: Collection[int]) -> str:
    counts, others = (" or ".join(f"{count:,}" for count in sorted(some)) for some in (tokens, expected))
    return f"{figure.case.description}: {counts} tokens of {kind}, and the lanes had {others}: not the same work."


@dataclass(frozen=True)
class Gains:
    """The two factors of the gain over one document at a time on the file as shipped."""

    representation: float
    lanes: float

    @property
    def both(self) -> float:
        """The product."""
        return self.representation * self.lanes


def gains(rates: Mapping[tuple[str, str], float], *, shipped: str, representation: str) -> Gains | None:
    """Separate the gain by `representation` of a cached `Llama` from the gain by lanes in it; None if unmeasured.

    `rates` are documents a second, by system and representation.
    """
    try:
        before, after = rates["cached", shipped], rates["cached", representation]
        return Gains(after / before, rates["lanes", representation] / after)
    except KeyError:
        return None
