"""The sizes of a load's documents, in words: `fixed:200`, `uniform:50,400`, `lognormal:200,1.0` (median, sigma).

People's documents are lognormal: most are short, a few are very long. With a sigma of 1.0 one in 44 is longer than 7
medians, with 0.5 longer than 2.7.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from statistics import NormalDist

from streaming.errors import UsageError

# Room for the sentence that tells a text from all others.
LEAST_WORDS = 8
_FORM = re.compile(r"(fixed|uniform|lognormal):([0-9.]+)(?:,([0-9.]+))?")
_NUMBERS = {"fixed": 1, "uniform": 2, "lognormal": 2}


@dataclass(frozen=True)
class Sizes:
    """A distribution of sizes: its name, and one or two numbers."""

    distribution: str
    numbers: tuple[float, ...]

    @classmethod
    def parse(cls, argument: str) -> Sizes:
        """Read the value of --sizes; raises `UsageError`."""
        form = _FORM.fullmatch(argument.strip())
        try:
            numbers = tuple(float(number) for number in form.groups()[1:] if number) if form else ()
        except ValueError:
            numbers = ()
        if form is None or len(numbers) != _NUMBERS[form[1]]:
            raise UsageError(
                f"--sizes takes fixed:WORDS, uniform:FEWEST,MOST or lognormal:MEDIAN,SIGMA, not '{argument}'."
            )
        if numbers[0] < LEAST_WORDS:
            raise UsageError(f"--sizes begin with {LEAST_WORDS} words; '{argument}' asks for fewer.")
        if form[1] == "uniform" and numbers[1] < numbers[0]:
            raise UsageError(f"--sizes uniform:FEWEST,MOST needs the smaller number first, not '{argument}'.")
        return cls(form[1], numbers)

    def words(self, chance: float, most: int) -> int:
        """Return the words of a document for a chance from 0 to 1, from `LEAST_WORDS` to `most`."""
        first, second = self.numbers[0], self.numbers[-1]
        if self.distribution == "fixed":
            size = first
        elif self.distribution == "uniform":
            size = first + chance * (second - first)
        else:
            # A chance of 0 has no quantile.
            size = first * math.exp(min(second * NormalDist().inv_cdf(max(chance, 1e-12)), 50.0))
        return max(LEAST_WORDS, min(round(size), most))
